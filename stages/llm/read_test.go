package llm

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// body wraps a model's text in a response.
func body(text, finish string) []byte {
	b, err := json.Marshal(map[string]any{
		"model": "m", "choices": []any{map[string]any{"finish_reason": finish, "message": map[string]any{"role": "assistant", "content": text}}},
		"usage": map[string]any{"prompt_tokens": 500, "completion_tokens": 50},
	})
	if err != nil {
		panic(err)
	}
	return b
}

const good = `{"reasoning":"r","type_of_equation":"polynomial","upper_bound":"x0^2","complexity":"O(x0^2)","confidence":0.9}`

var readCases = []struct {
	name   string
	text   string
	finish string
	want   Verdict
	bound  string // as read, for accepted answers
}{
	{"plain", good, "stop", Accepted, "x0**2"},
	{"byte order mark", "\ufeff" + good, "stop", Accepted, "x0**2"},
	{"fence", "```json\n" + good + "\n```", "stop", Accepted, "x0**2"},
	{"fence without a language", "```\n" + good + "```", "stop", Accepted, "x0**2"},
	{"prose around", "Here is the answer:\n" + good + "\nI hope it helps.", "stop", Accepted, "x0**2"},
	{"thinking", "<think>{ \"a\": 1 }</think>" + good, "stop", Accepted, "x0**2"},
	{"thinking whose opening tag the template swallowed", "hm\n</think>\n" + good, "stop", Accepted, "x0**2"},
	{"complete at the cap", good, "length", Accepted, "x0**2"},
	{"complete, then blanks up to the cap", good + strings.Repeat("\n", 5000), "length", Accepted, "x0**2"},
	{"no finish reason", good, "", Accepted, "x0**2"},
	{"earlier names of the fields", `{"thinking":"t","reasoning":"r","type_of_equation":"linear","llm_upper_bound":"2.4e - 5 * x0","confidence":1,"complexity":"O(x0)"}`, "stop", Accepted, "2.4e-5*x0"},
	{"bare quotes in a string", `{"reasoning":"the "least" bound, that is","type_of_equation":"linear","upper_bound":"x0"}`, "stop", Accepted, "x0"},
	{"bare line breaks in a string", "{\"reasoning\":\"a\n\tb\",\"type_of_equation\":\"linear\",\"upper_bound\":\"x0\"}", "stop", Accepted, "x0"},
	{"LaTeX in the reasoning", `{"reasoning":"$x \in \{0, 1\}$","type_of_equation":"linear","upper_bound":"x0"}`, "stop", Accepted, "x0"},
	{"comma missing before a field", "{\"reasoning\":\"r\"\n\"type_of_equation\":\"linear\",\"upper_bound\":\"x0\"}", "stop", Accepted, "x0"},
	{"two objects, one without an answer", `{"thinking":"t"} ` + good, "stop", Accepted, "x0**2"},
	{"the same object twice", good + "\n" + good, "stop", Accepted, "x0**2"},
	{"the same key twice, alike", strings.Replace(good, `"upper_bound":"x0^2"`, `"upper_bound":"x0^2","upper_bound":"x0^2"`, 1), "stop", Accepted, "x0**2"},
	{"another name of the variable", strings.Replace(good, "x0^2", "n^2", 1), "stop", Accepted, "x0**2"},
	{"an order as the bound", strings.Replace(good, `"x0^2"`, `"O(x0^2)"`, 1), "stop", Accepted, "x0**2"},
	{"a word for the class", strings.Replace(good, "polynomial", "Polynomial (degree 2)", 1), "stop", Accepted, "x0**2"},
	{"confidence in percent", strings.Replace(good, "0.9", `"90%"`, 1), "stop", Accepted, "x0**2"},
	{"confidence in words", strings.Replace(good, "0.9", `"high"`, 1), "stop", Accepted, "x0**2"},
	{"unknown without a bound", `{"type_of_equation":"unknown","upper_bound":null}`, "stop", Accepted, ""},
	{"unknown with a constant", `{"type_of_equation":"unknown","upper_bound":"0.5"}`, "stop", Accepted, "0.5"},
	{"number as the bound of unknown", `{"type_of_equation":"unknown","upper_bound":0.5}`, "stop", Accepted, "0.5"},

	{"cut in a string", good[:60], "length", Truncated, ""},
	{"cut after a field", good[:strings.Index(good, `,"complexity"`)], "length", Truncated, ""},
	{"cut where a mended formula would be valid and wrong", good[:strings.Index(good, `^2","comp`)], "length", Truncated, ""},
	{"cut by a server that says stop", good[:60], "stop", NotJSON, ""},
	{"string not closed, brace there", `{"type_of_equation":"linear","upper_bound":"x0}`, "stop", NotJSON, ""},
	{"prose alone", "The bound is x0 squared.", "stop", NotJSON, ""},
	{"a list", `[1, 2]`, "stop", NotJSON, ""},
	{"refusal in prose", "I’m sorry, but I cannot help with that.", "stop", Refusal, ""},
	{"the prompt given back", system, "stop", Echo, ""},
	{"empty", "  \n", "stop", Empty, ""},
	{"empty at the cap", "", "length", Truncated, ""},
	{"filtered", "", "content_filter", ContentFilter, ""},
	{"zeros", strings.Repeat("0", 2600), "length", Degenerate, ""},
	{"zeros, by itself", strings.Repeat("0", 2600), "stop", Degenerate, ""},
	{"blanks", "{" + strings.Repeat(" ", 3000), "length", Degenerate, ""},
	{"a phrase again and again", strings.Repeat("and so on, ", 100), "length", Degenerate, ""},
	{"a loop inside an answer that ends", strings.Replace(good, `"r"`, `"`+strings.Repeat("it grows; ", 60)+`"`, 1), "stop", Degenerate, ""},
	{"endless digits", strings.Replace(good, "x0^2", "0."+strings.Repeat("12345", 12)+"*x0", 1), "stop", Degenerate, ""},
	{"two objects", good + strings.Replace(good, "x0^2", "x0^3", 1), "stop", TwoObjects, ""},
	{"a key twice", strings.Replace(good, `"upper_bound":"x0^2"`, `"upper_bound":"x0^2","upper_bound":"x0^3"`, 1), "stop", DuplicateKeys, ""},
	{"no class", `{"upper_bound":"x0^2"}`, "stop", BadSchema, ""},
	{"no bound", `{"type_of_equation":"linear"}`, "stop", BadSchema, ""},
	{"empty bound", `{"type_of_equation":"linear","upper_bound":""}`, "stop", BadSchema, ""},
	{"a class that is none", strings.Replace(good, "polynomial", "logarithmic", 1), "stop", BadSchema, ""},
	{"a bound that is an object", `{"type_of_equation":"linear","upper_bound":{"f":"x0"}}`, "stop", BadSchema, ""},
	{"form feed of frac", strings.Replace(good, "x0^2", `\frac{x0^2}{3}`, 1), "stop", ControlCharacter, ""},
	{"tab of times", strings.Replace(good, "x0^2", `3\times x0`, 1), "stop", ControlCharacter, ""},
	{"form feed in a mended string", "{\"reasoning\":\"a\nb\",\"type_of_equation\":\"linear\",\"upper_bound\":\"\\frac{x0}{2}\"}", "stop", ControlCharacter, ""},
	{"words for a formula", strings.Replace(good, "x0^2", "quadratic in the size", 1), "stop", UnparsableBound, ""},
	{"a power of another variable", strings.Replace(good, "x0^2", "x0^K", 1), "stop", TwoVariables, ""},
	{"constant", strings.Replace(good, "x0^2", "5.24", 1), "stop", Trivial, ""},
	{"constant that mentions the variable", strings.Replace(good, "x0^2", "5.24*x0^0", 1), "stop", Trivial, ""},
}

// readCase takes a response to a prompt of 3,000 bytes through the ladder.
func readCase(h http.Header, b []byte) reading {
	o := openBody(h, b)
	return read(&o, 3000, "x0")
}

func TestRead(t *testing.T) {
	for _, c := range readCases {
		t.Run(c.name, func(t *testing.T) {
			r := readCase(nil, body(c.text, c.finish))
			if r.verdict != c.want {
				t.Fatalf("%s (%s), want %s", r.verdict, r.detail, c.want)
			}
			if r.verdict == Accepted && r.answer.Bound.String() != c.bound {
				t.Errorf("the bound reads as %q, want %q", r.answer.Bound.String(), c.bound)
			}
			if (r.verdict == Accepted) != (r.detail == "") {
				t.Errorf("verdict %s with detail %q", r.verdict, r.detail)
			}
			last := r.rungs[len(r.rungs)-1]
			if last.OK != (r.verdict == Accepted) {
				t.Errorf("the last rung is %+v", last)
			}
		})
	}
}

// What an answer is given in does not depend on the mode of the request.
func TestReadEnvelopes(t *testing.T) {
	for _, c := range []struct {
		name, body, contentType string
		want                    Verdict
	}{
		{"a page of a proxy", "<html>Please log in</html>", "text/html", BadContentType},
		{"half a body", `{"choices":[{"mess`, "application/json", BadEnvelope},
		{"a list", `[]`, "application/json", BadEnvelope},
		{"null choices", `{"choices":null}`, "application/json", NoChoices},
		{"no choices", `{"choices":[]}`, "application/json", NoChoices},
		{"choices of the wrong type", `{"choices":"none"}`, "application/json", BadEnvelope},
		{"no message", `{"choices":[{"finish_reason":"stop"}]}`, "application/json", BadEnvelope},
		{"content in parts", `{"choices":[{"message":{"content":[{"type":"text","text":"{\"type_of_equation\":\"linear\","},{"type":"text","text":"\"upper_bound\":\"x0\"}"}]}}]}`, "application/json", Accepted},
		{"null content and reasoning", `{"choices":[{"message":{"content":null,"reasoning_content":"hm"}}]}`, "application/json", Empty},
		{"a refusal", `{"choices":[{"message":{"content":null,"refusal":"No."}}]}`, "application/json", Refusal},
		{"numbers as floats", `{"choices":[{"message":{"content":"{\"type_of_equation\":\"linear\",\"upper_bound\":\"x0\"}"}}],"usage":{"prompt_tokens":1e3,"completion_tokens":5.0}}`, "application/json", Accepted},
		{"usage that is none", `{"choices":[{"message":{"content":"{\"type_of_equation\":\"linear\",\"upper_bound\":\"x0\"}"}}],"usage":"unknown"}`, "application/json", Accepted},
		{"JSON under another content type", string(body(good, "stop")), "text/plain", Accepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{"Content-Type": {c.contentType}}
			if r := readCase(h, []byte(c.body)); r.verdict != c.want {
				t.Errorf("%s (%s), want %s", r.verdict, r.detail, c.want)
			}
		})
	}
}

// Hidden reasoning is counted as output, as it is billed.
func TestUsage(t *testing.T) {
	for _, c := range []struct {
		raw     string
		in, out int
		ok      bool
	}{
		{`{"prompt_tokens":205,"completion_tokens":975,"total_tokens":4757}`, 205, 4552, true},
		{`{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}`, 10, 5, true},
		{`{"prompt_tokens":10,"completion_tokens":5}`, 10, 5, true},
		{`{"prompt_tokens":-1,"completion_tokens":1e300}`, 0, 0, true},
		{`{}`, 0, 0, false},
		{`null`, 0, 0, false},
	} {
		u, ok := readUsage(json.RawMessage(c.raw))
		if u.Input != c.in || u.Output != c.out || ok != c.ok {
			t.Errorf("%s: %+v, %t", c.raw, u, ok)
		}
	}
}

// Ollama ends an answer that repeats a token too often by itself: finish_reason
// is null and every count of the usage 0. That is no free answer, and no end
// that the model chose.
func TestReadBrokenOff(t *testing.T) {
	r := readCase(nil, []byte(`{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{\"reasoning\":\"3OOOOOOOO"},"finish_reason":null}],`+
		`"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}`))
	if u := usageOf(r.envelope, 3000); !u.Estimated || u.Input == 0 || u.Output == 0 {
		t.Errorf("the usage is %+v, want an estimate", u)
	}
	if r.verdict != NotJSON || !strings.Contains(r.detail, "gave no finish reason") {
		t.Errorf("%s: %s", r.verdict, r.detail)
	}
	if r.finish != "" {
		t.Errorf("the finish reason is %q, want none", r.finish)
	}
	// What was withheld before the model saw it may well be free.
	if u := usageOf(readCase(nil, []byte(`{"choices":[{"message":{"content":""},"finish_reason":"content_filter"}],"usage":{"prompt_tokens":0,"completion_tokens":0}}`)).envelope, 3000); u.Estimated {
		t.Error("the usage of a withheld answer is estimated")
	}
}

// Whatever a model says: no panic, a verdict, and what is accepted is complete.
func FuzzRead(f *testing.F) {
	for _, c := range readCases {
		f.Add(c.text, c.finish)
	}
	f.Fuzz(func(t *testing.T, text, finish string) {
		r := readCase(nil, body(text, finish))
		switch {
		case r.verdict == "":
			t.Fatal("no verdict")
		case r.verdict != Accepted && r.detail == "":
			t.Fatalf("%s without a word", r.verdict)
		case r.verdict == Accepted && r.answer.TypeOfEquation != "unknown" && (r.answer.Bound.IsZero() || !r.answer.Bound.HasVar()):
			t.Fatalf("accepted with the bound %q", r.answer.Bound.String())
		case r.verdict == Accepted && finish == "length" && strings.Contains(strings.Join(r.answer.Repairs, ";"), "mended"):
			t.Fatal("an answer that was cut is mended")
		}
		// A server's body, not only a model's text.
		readCase(http.Header{"Content-Type": {"text/html"}}, []byte(text))
		errorIn([]byte(text))
		retryInfo([]byte(text))
	})
}
