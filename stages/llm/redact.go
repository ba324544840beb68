package llm

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
)

const redacted = "[redacted]"

// secretPatterns find keys whose value is not known: those of another provider
// that a server's error quotes. Every pattern keeps its first group.
var secretPatterns = []*regexp.Regexp{
	regexp.MustCompile(`(\b[Bb]earer\s+)[A-Za-z0-9._~+/=-]{8,}`),
	regexp.MustCompile(`(\b)sk-[A-Za-z0-9_-]{16,}`),
	regexp.MustCompile(`(\b)AIza[A-Za-z0-9_-]{16,}`),
	regexp.MustCompile(`(?i)([?&](?:api[_-]?)?key=)[^\s&"'\\<>]+`),
}

// secretHints stand in whatever the patterns match.
var secretHints = [][]byte{[]byte("earer"), []byte("sk-"), []byte("AIza"), []byte("=")}

// A redactor takes secrets out of everything that is kept or shown: the key
// itself in each form a server may echo it in, and whatever looks like a key.
type redactor struct{ key atomic.Pointer[[][]byte] }

// minSecret is the length under which a key is taken for a placeholder, such as
// "ollama": cutting that out of answers would damage them.
const minSecret = 8

func newRedactor(key string) *redactor {
	r := &redactor{}
	r.learn(key)
	return r
}

// learn makes key the one that is taken out.
func (r *redactor) learn(key string) {
	if len(key) < minSecret {
		return
	}
	var forms [][]byte
	seen := map[string]bool{}
	add := func(s string) {
		if len(s) >= minSecret && !seen[s] {
			seen[s] = true
			forms = append(forms, []byte(s))
		}
	}
	add(key)
	if b, err := json.Marshal(key); err == nil {
		add(string(b[1 : len(b)-1]))
	}
	add(strings.ReplaceAll(key, "/", `\/`))
	add(url.QueryEscape(key))
	add(url.PathEscape(key))
	add(base64.StdEncoding.EncodeToString([]byte(key)))
	add(base64.RawURLEncoding.EncodeToString([]byte(key)))
	r.key.Store(&forms)
}

// bytes returns b without secrets. The result may share b's memory.
func (r *redactor) bytes(b []byte) []byte {
	if forms := r.key.Load(); forms != nil {
		for _, k := range *forms {
			if bytes.Contains(b, k) {
				b = bytes.ReplaceAll(b, k, []byte(redacted))
			}
		}
	}
	for i, p := range secretPatterns {
		// The literal part first: expressions over every answer cost time.
		if bytes.Contains(b, secretHints[i]) {
			b = p.ReplaceAll(b, []byte("${1}"+redacted))
		}
	}
	return b
}

func (r *redactor) string(s string) string { return string(r.bytes([]byte(s))) }

// keptHeaders are the response headers that are recorded. The list is closed:
// a header that is not on it may be private.
var keptHeaders = []string{
	"Content-Type", "Date", "Retry-After", "Retry-After-Ms",
	"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests",
	"X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens",
	"X-Ratelimit-Reset", "Ratelimit-Reset", "Openai-Processing-Ms", "Openai-Model", "X-Request-Id",
}

func (r *redactor) header(h http.Header) http.Header {
	kept := http.Header{}
	for _, name := range keptHeaders {
		for _, v := range h.Values(name) {
			if len(v) > 200 {
				v = v[:200]
			}
			kept.Add(name, r.string(v))
		}
	}
	return kept
}
