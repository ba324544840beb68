package llm

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	r := newRedactor("my/secret+key&value")
	for _, c := range []struct{ in, want string }{
		{"key my/secret+key&value here", "key [redacted] here"},
		{`{"k":"my\/secret+key&value"}`, `{"k":"[redacted]"}`},
		{`{"k":"my/secret+key\u0026value"}`, `{"k":"[redacted]"}`},
		{"https://x/?a=my%2Fsecret%2Bkey%26value", "https://x/?a=[redacted]"},
		{"Authorization: Bearer abcdefgh1234", "Authorization: Bearer [redacted]"},
		{"use sk-abcdefghijklmnopqrstuvwx now", "use [redacted] now"},
		{"AIzaSyA1234567890abcdefghijk", "[redacted]"},
		{"https://host/v1?key=whatever&x=1", "https://host/v1?key=[redacted]&x=1"},
		// Not secrets.
		{"a risk-averse task-oriented-approach-to-the-thing", "a risk-averse task-oriented-approach-to-the-thing"},
		{"the bearer of news", "the bearer of news"},
		{"monkey=banana", "monkey=banana"},
		{`"upper_bound": "x0^2"`, `"upper_bound": "x0^2"`},
	} {
		if got := r.string(c.in); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.want)
		}
	}
	// A placeholder is no secret, and cutting it out would damage answers.
	if got := newRedactor("ollama").string("ollama runs"); got != "ollama runs" {
		t.Errorf("got %q", got)
	}
	if strings.Contains(newRedactor("short").string("Bearer shortshort"), "shortshort") {
		t.Error("a bearer token of any kind is a secret")
	}
}
