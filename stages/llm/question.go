package llm

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
)

// A Question is what a model is asked about one dataset. The instance's name
// is not part of it: two instances with the same points and equation are one
// question and are paid for once.
type Question struct {
	Equation string // as given, quoted verbatim in the prompt; "" when none was fitted
	Variable string // the one name of the variable in the prompt and the answer; "" means "x0"

	X, Y         []float64 // the points, of equal length, sorted by X
	XName, YName string    // what was measured: "size_of_cnf", "solving_time"

	// Analysis is what the built-in analysis found, shown to the model when the
	// stage is not blind; "" keeps the model's view its own. Its wording is not
	// part of the question's key, only whether there is one.
	Analysis string
}

func (q Question) variable() string {
	if q.Variable == "" {
		return "x0"
	}
	return q.Variable
}

// questionVersion changes when the same question must be asked again. Nothing
// about the wording of the prompt belongs here.
const questionVersion = "concluder question 1"

// QuestionKey identifies a question to one provider, whatever the wording of
// the prompt, the output mode and the token cap were: hex SHA-256 over framed
// components. It holds provider name, model, revision, sampling settings,
// points and equation as given; not the address of the server, the key, limits
// or prices.
func (c Config) QuestionKey(q Question) string {
	h := framed{sha256.New()}
	h.str("version", questionVersion)
	h.str("provider", c.Name)
	h.str("model", c.Model)
	h.str("revision", c.Revision)
	h.optFloat("temperature", c.Temperature)
	h.optInt("seed", c.Seed)
	h.str("equation", q.Equation)
	h.str("variable", q.variable())
	h.floats("x", q.X)
	h.floats("y", q.Y)
	h.str("xname", q.XName)
	h.str("yname", q.YName)
	h.str("yunit", "") // a component of recorded keys: without it they would all be asked again
	if q.Analysis != "" {
		h.str("analysis", "shown")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// framed hashes (tag, length, bytes), so that no two different lists of
// components run together to the same bytes.
type framed struct{ hash.Hash }

func (h framed) bytes(tag string, b []byte) {
	var n [16]byte
	binary.LittleEndian.PutUint64(n[:8], uint64(len(tag)))
	binary.LittleEndian.PutUint64(n[8:], uint64(len(b)))
	h.Write(n[:])
	h.Write([]byte(tag))
	h.Write(b)
}

func (h framed) str(tag, s string) { h.bytes(tag, []byte(s)) }

func (h framed) int(tag string, n int64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	h.bytes(tag, b[:])
}

func (h framed) floats(tag string, v []float64) {
	b := make([]byte, 8*len(v))
	for i, f := range v {
		binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(f))
	}
	h.bytes(tag, b)
}

// optFloat and optInt tell null from 0.
func (h framed) optFloat(tag string, v *float64) {
	if v == nil {
		h.bytes(tag, nil)
		return
	}
	h.floats(tag, []float64{*v})
}

func (h framed) optInt(tag string, v *int) {
	if v == nil {
		h.bytes(tag, nil)
		return
	}
	h.int(tag, int64(*v))
}
