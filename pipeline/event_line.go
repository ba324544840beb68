package pipeline

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// Every node has two events or more, which are encoded by the scheduler's
// goroutine. Those that consist of words and numbers alone are encoded here, to
// the same bytes as by encoding/json, which takes several times as long.

// appendPlain appends the JSON form of an event without Resources that is none
// of progress and none of an Outcome.
func (e *Event) appendPlain(b []byte) ([]byte, error) {
	b = appendText(append(b, `{"event":`...), e.Event)
	b = append(b, `,"time":`...)
	b, err := appendTime(b, e.Time)
	if err != nil {
		return nil, err
	}
	b = appendMember(b, `,"run":`, e.Run)
	b = appendMember(b, `,"pipeline":`, e.Pipeline)
	b = appendMember(b, `,"stage":`, e.Stage)
	b = appendMember(b, `,"instance":`, e.Instance)
	b = appendMember(b, `,"state":`, e.State)
	b = appendMember(b, `,"status":`, e.Status)
	b = appendMember(b, `,"reason":`, e.Reason)
	b = appendMember(b, `,"error":`, e.Error)
	b = appendMember(b, `,"message":`, e.Message)
	if e.Seconds != 0 {
		if b, err = appendNumber(append(b, `,"seconds":`...), e.Seconds); err != nil {
			return nil, err
		}
	}
	if e.Total != 0 {
		b = strconv.AppendInt(append(b, `,"total":`...), int64(e.Total), 10)
	}
	return append(b, '}'), nil
}

// appendMember appends a member of an object that is left out where it is "".
func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendText(append(b, name...), value)
}

// isPlain says of each byte whether it stands for itself in a JSON string, as
// encoding/json writes it.
var isPlain = func() (plain [256]bool) {
	for c := ' '; c <= '~'; c++ {
		plain[c] = !strings.ContainsRune(`"\<>&`, c)
	}
	return plain
}()

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if !isPlain[s[i]] {
			quoted, _ := json.Marshal(s) // a string has no error
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendNumber appends a JSON number. Numbers so small or large that they need
// an exponent, and those that are none, are left to encoding/json.
func appendNumber(b []byte, f float64) ([]byte, error) {
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64), nil
	}
	number, err := json.Marshal(f)
	return append(b, number...), err
}

// appendTime appends a JSON string. A time in a zone that JSON cannot say, or a
// year of five digits, is an error as with encoding/json.
func appendTime(b []byte, t time.Time) ([]byte, error) {
	b = append(b, '"')
	b, err := t.AppendText(b)
	return append(b, '"'), err
}
