package llm

import (
	"errors"
	"fmt"
	"time"
)

// A PauseKind says why a provider cannot be asked for now.
type PauseKind string

const (
	DailyQuota        PauseKind = "daily_quota"        // so many requests a day, and they are used up
	InsufficientQuota PauseKind = "insufficient_quota" // the account has no credit: 402, insufficient_quota
	LongWait          PauseKind = "long_wait"          // the server asks for a longer wait than Config.MaxWait
	BudgetSpent       PauseKind = "budget"             // the next request could exceed Config.Budget
	Unreachable       PauseKind = "unreachable"        // retries or the breaker gave up
	NoRecord          PauseKind = "not_recorded"       // replaying, and the recording has no answer
)

// A PauseError says that the question can be answered later but not now.
// Nothing is lost: what was answered is in the journal.
type PauseError struct {
	Kind     PauseKind
	Provider string
	Until    time.Time // when the server says to come back; zero when it does not
	Freed    time.Time // when Limits.RequestsPerDay allows a request again; zero where that is not what is used up. Not in Error, which is published
	Beyond   bool      // of BudgetSpent: one request may cost more than the whole budget
	Err      error
}

func (e *PauseError) Error() string {
	s := fmt.Sprintf("provider %q: %v", e.Provider, e.Err)
	if !e.Until.IsZero() {
		s += fmt.Sprintf(" (not before %s)", e.Until.UTC().Format(time.RFC3339))
	}
	return s
}

func (e *PauseError) Unwrap() error { return e.Err }

// ErrStopped says that AskOptions.Stop was closed before the question had an
// acceptable answer. It can be asked later.
var ErrStopped = errors.New("stopped before the question was answered")

// A StopError says that every question would fail alike: the key is refused,
// the model is unknown, a parameter is not supported.
type StopError struct {
	Provider string
	Status   int // HTTP status; 0 when there was none
	Err      error
}

func (e *StopError) Error() string { return fmt.Sprintf("provider %q: %v", e.Provider, e.Err) }
func (e *StopError) Unwrap() error { return e.Err }

// A RejectedError says that the model answered, was asked again where that
// could help, and gave nothing acceptable. The answers are in the journal; the
// question is not asked again.
type RejectedError struct {
	Provider string
	Reply    Reply // the last answer with its verdict
}

func (e *RejectedError) Error() string {
	s := fmt.Sprintf("provider %q: no acceptable answer: %s", e.Provider, e.Reply.Verdict)
	if e.Reply.Detail != "" {
		s += ": " + e.Reply.Detail
	}
	if n := len(e.Reply.Attempts); n > 1 {
		s += fmt.Sprintf(" (last of %d answers)", n)
	}
	return s
}

// A JournalError says that the record of paid answers cannot be written or
// read: disk full, no permission, a damaged file. Going on would lose what is
// paid for, so nothing more is sent.
type JournalError struct {
	Path string
	Op   string
	Err  error
}

func (e *JournalError) Error() string {
	return fmt.Sprintf("journal %s: cannot %s: %v", e.Path, e.Op, e.Err)
}
func (e *JournalError) Unwrap() error { return e.Err }
