package pipeline

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// viaJSON is what encoding/json makes of an event, without the event's own
// methods.
func viaJSON(e Event) ([]byte, error) {
	type plain Event
	return json.Marshal(plain(e))
}

func checkLine(t *testing.T, e Event) {
	t.Helper()
	want, werr := viaJSON(e)
	const before = "before"
	got, err := e.appendPlain([]byte(before))
	if (err == nil) != (werr == nil) {
		t.Fatalf("%+v: %v, encoding/json: %v", e, err, werr)
	}
	if err == nil && string(got) != before+string(want) {
		t.Fatalf("got  %s\nwant %s%s", got, before, want)
	}
}

func TestEventLine(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"", "a", "load.points", "\"", "\\", "\x00", "\n", "\x1f", "\x7f", "<b>&", "é", "\u2028", "\u2029", "\xff", "\xc3", "日本", "😀", "\ufffd", " "}
	text := func() (s string) {
		for range rng.IntN(4) {
			s += pieces[rng.IntN(len(pieces))]
		}
		return s
	}
	numbers := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e-6, 9.99e-7, 1e-9, -1e-12, 1e20, 1e21, 1e22, math.MaxFloat64, math.SmallestNonzeroFloat64, 1.0 / 3, math.NaN(), math.Inf(1), math.Inf(-1)}
	zones := []*time.Location{time.UTC, time.Local, time.FixedZone("", 3600), time.FixedZone("", -5*3600-1800), time.FixedZone("", 25*3600), time.FixedZone("", 59)}
	for range 20_000 {
		e := Event{Event: text(), Run: text(), Pipeline: text(), Stage: text(), Instance: text(), State: text(), Status: text(),
			Reason: text(), Error: text(), Message: text(), Total: rng.IntN(5) - 2}
		if e.Seconds = numbers[rng.IntN(len(numbers))]; rng.IntN(2) == 0 {
			e.Seconds = rng.NormFloat64() * math.Pow(10, float64(rng.IntN(60)-30))
		}
		switch rng.IntN(4) {
		case 0: // the zero time
		case 1:
			e.Time = time.Unix(rng.Int64N(1<<50)-1<<49, rng.Int64N(1e9)).In(zones[rng.IntN(len(zones))])
		default:
			e.Time = time.Unix(rng.Int64N(1<<32), rng.Int64N(1e9)).In(zones[rng.IntN(len(zones))])
		}
		checkLine(t, e)
	}
	checkLine(t, Event{Event: EventNodeStarted, Time: time.Now()})
}

func FuzzEventLine(f *testing.F) {
	f.Add("node_finished", "a\xffb", 0.25, 3, int64(1e18))
	f.Add("<", "\u2028", 1e-7, -1, int64(-1))
	f.Fuzz(func(t *testing.T, name, text string, seconds float64, total int, at int64) {
		checkLine(t, Event{Event: name, Error: text, Message: name + text, Seconds: seconds, Total: total, Time: time.Unix(at, int64(total)).UTC()})
	})
}
