package llm

import (
	"time"

	"github.com/concluder/concluder/stages/expr"
)

// An Answer is what a model said, read.
type Answer struct {
	TypeOfEquation string    // linear, polynomial, exponential or unknown
	UpperBound     string    // the formula as the model wrote it
	Bound          expr.Expr // the formula, read, in the question's variable; zero only where TypeOfEquation is unknown and no formula was given
	Complexity     string
	Reasoning      string
	Confidence     *float64 // in [0, 1]; nil when none was usable
	Repairs        []string // what was mended to read it, for people
}

// A Judge says whether an answer that reads is acceptable: it verifies the
// bound against the data. The zero Verdict or Accepted accepts; else the
// verdict, and for people and for the model what is wrong. It is also called
// on recorded answers, may be called again for the same answer, and must give
// the same verdict for it.
type Judge func(Answer) (Verdict, string)

// A Usage counts tokens. Output includes reasoning tokens, which some servers
// count only in the total.
type Usage struct {
	Input, Output int
	Estimated     bool // the server did not say; counted from above
}

// An Attempt is one answer of the model to a question, with its reading.
type Attempt struct {
	ID          int64  // row in the journal
	Step        int    // 0 for the first answer to the question
	Kind        string // why it was asked for: "first", "larger_cap", "re_ask", "reworded"
	Sent        time.Time
	Request     []byte // the request's body as sent
	Body        []byte // the response's body as it came, secrets redacted
	Text        string // the model's text in it
	Rungs       []Rung
	Verdict     Verdict
	Detail      string // what is wrong, in words
	Model       string // as the server named it
	Fingerprint string
	Finish      string // why the model ended, in OpenAI's words; "" where the server did not say
	Usage       Usage
	Cost        float64 // in the price's currency
}

// A Rung is one step of the reading of an answer.
type Rung struct {
	Name string // "envelope", "json", "bound"
	OK   bool
	Note string // what was found or mended
}

// A Reply is what became of a question.
type Reply struct {
	Answer  Answer // of the last attempt; meaningful when Verdict is Accepted
	Verdict Verdict
	Detail  string

	Attempts    []Attempt // every answer of the model, in order; the last one decided
	FromJournal bool      // nothing was sent
	Model       string    // as the server named it
	Fingerprint string
	Usage       Usage   // of all attempts
	Cost        float64 // of all attempts, in the price's currency
	Sent        int     // requests that this call sent, retries included
}

// AskOptions tell how a question is asked.
type AskOptions struct {
	Judge Judge // nil accepts whatever reads
	Anew  bool  // do not use answers that were recorded before this Client was made

	// Stop, once closed, keeps anything new from being sent: no first request,
	// no retry, no re-ask. A request that is at the server is still received,
	// recorded, and returned where it is accepted; otherwise Ask returns an
	// error that wraps ErrStopped. Cancelling the context gives it up instead.
	Stop <-chan struct{}
}
