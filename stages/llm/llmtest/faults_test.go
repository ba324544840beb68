package llmtest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm/llmtest"
)

// onWire says of each fault what must come over the wire.
var onWire = map[llmtest.Fault]func(t *testing.T, w wire){
	llmtest.RetryAfterSeconds: func(t *testing.T, w wire) {
		status(t, w, 429)
		if n, err := strconv.Atoi(w.header.Get("Retry-After")); err != nil || n < 1 {
			t.Errorf("Retry-After is %q, want seconds", w.header.Get("Retry-After"))
		}
	},
	llmtest.RetryAfterDate: func(t *testing.T, w wire) {
		status(t, w, 429)
		at, err := http.ParseTime(w.header.Get("Retry-After"))
		now, err2 := http.ParseTime(w.header.Get("Date"))
		if err != nil || err2 != nil || at.Sub(now) != 3*time.Second {
			t.Errorf("Retry-After %q and Date %q, want 3 s apart", w.header.Get("Retry-After"), w.header.Get("Date"))
		}
		if d := time.Until(now); d < 50*time.Minute {
			t.Errorf("the server's clock is %s ahead, want an hour", d)
		}
	},
	llmtest.RetryAfterMs: func(t *testing.T, w wire) {
		status(t, w, 429)
		hint(t, w, "Retry-After-Ms", "1500")
		hint(t, w, "Retry-After", "")
	},
	llmtest.NoHint: func(t *testing.T, w wire) {
		status(t, w, 429)
		hint(t, w, "Retry-After", "")
		hint(t, w, "Retry-After-Ms", "")
		if bytes.Contains(w.body, []byte("retry")) {
			t.Errorf("the body holds a hint: %s", w.body)
		}
	},
	llmtest.LongWait: func(t *testing.T, w wire) {
		status(t, w, 429)
		hint(t, w, "Retry-After", "410400")
	},
	llmtest.InsufficientQuota: func(t *testing.T, w wire) {
		status(t, w, 429)
		if e := w.openAIError(t); e.Code != "insufficient_quota" {
			t.Errorf("code %q", e.Code)
		}
	},
	llmtest.GeminiRetryInfo: func(t *testing.T, w wire) { gemini(t, w, "PerMinute") },
	llmtest.DailyQuota:      func(t *testing.T, w wire) { gemini(t, w, "PerDay") },
	llmtest.RetryAfterOnOK: func(t *testing.T, w wire) {
		if s, _ := w.text(t); s == "" {
			t.Error("no text")
		}
		hint(t, w, "Retry-After", "30")
	},
	llmtest.InternalError: func(t *testing.T, w wire) { status(t, w, 500); w.openAIError(t) },
	llmtest.BadGatewayHTML: func(t *testing.T, w wire) {
		status(t, w, 502)
		hint(t, w, "Content-Type", "text/html")
		if !bytes.HasPrefix(w.body, []byte("<html>")) {
			t.Errorf("the body is %.40s", w.body)
		}
	},
	llmtest.Loading: func(t *testing.T, w wire) {
		status(t, w, 503)
		if e := w.openAIError(t); !strings.Contains(e.Message, "Loading model") {
			t.Errorf("message %q", e.Message)
		}
	},
	llmtest.Busy: func(t *testing.T, w wire) {
		status(t, w, 503)
		if e := w.openAIError(t); !strings.Contains(e.Message, "maximum pending requests exceeded") {
			t.Errorf("message %q", e.Message)
		}
	},
	llmtest.Overloaded: func(t *testing.T, w wire) { status(t, w, 529); w.openAIError(t) },
	llmtest.KeyEchoed: func(t *testing.T, w wire) {
		status(t, w, 401)
		if e := w.openAIError(t); !strings.Contains(e.Message, "Bearer "+key) || !strings.Contains(e.Message, "?key="+key) {
			t.Errorf("message %q, want the key in it", e.Message)
		}
		hint(t, w, "X-Request-Id", key)
	},
	llmtest.UnknownModel: func(t *testing.T, w wire) {
		status(t, w, 404)
		if e := w.openAIError(t); e.Code != "model_not_found" || !strings.Contains(e.Message, `"m"`) {
			t.Errorf("%+v", e)
		}
	},
	llmtest.NoJSONSchema:  func(t *testing.T, w wire) { badParam(t, w, "response_format") },
	llmtest.NoJSONObject:  func(t *testing.T, w wire) { badParam(t, w, "response_format") },
	llmtest.NoTemperature: func(t *testing.T, w wire) { badParam(t, w, "temperature") },
	llmtest.ContextLength: func(t *testing.T, w wire) {
		badParam(t, w, "messages")
		if e := w.openAIError(t); e.Code != "context_length_exceeded" {
			t.Errorf("code %q", e.Code)
		}
	},
	llmtest.ErrorInOK: func(t *testing.T, w wire) { status(t, w, 200); w.openAIError(t) },
	llmtest.ChoicesNull: func(t *testing.T, w wire) {
		if w.completion(t).Choices != nil || !bytes.Contains(w.body, []byte(`"choices":null`)) {
			t.Errorf("%s", w.body)
		}
	},
	llmtest.OnlyReasoning: func(t *testing.T, w wire) {
		if s, _ := w.text(t); s != "" || w.completion(t).Choices[0].Message.ReasoningContent == "" {
			t.Errorf("%s", w.body)
		}
	},
	llmtest.TruncatedBody: func(t *testing.T, w wire) {
		if !errors.Is(w.err, io.ErrUnexpectedEOF) || w.status != 200 || len(w.body) == 0 {
			t.Errorf("status %d, %d bytes, %v: want a body that is too short", w.status, len(w.body), w.err)
		}
		if n, _ := strconv.Atoi(w.header.Get("Content-Length")); n <= len(w.body) {
			t.Errorf("Content-Length is %d for %d bytes", n, len(w.body))
		}
	},
	llmtest.ResetBeforeHeaders: func(t *testing.T, w wire) {
		if !errors.Is(w.err, syscall.ECONNRESET) || w.inBody {
			t.Errorf("status %d, %v: want a reset before the headers", w.status, w.err)
		}
	},
	llmtest.ResetInBody: func(t *testing.T, w wire) {
		if !errors.Is(w.err, syscall.ECONNRESET) || !w.inBody || w.status != 200 {
			t.Errorf("status %d, %v: want a reset inside the body", w.status, w.err)
		}
	},
	llmtest.Hang: func(t *testing.T, w wire) {
		var timeout net.Error
		if !errors.As(w.err, &timeout) || !timeout.Timeout() || w.inBody {
			t.Errorf("status %d, %v: want a timeout before the headers", w.status, w.err)
		}
	},
	llmtest.SlowDrip: func(t *testing.T, w wire) {
		var timeout net.Error
		if !errors.As(w.err, &timeout) || !timeout.Timeout() || !w.inBody || len(w.body) < 1 || len(w.body) > 20 {
			t.Errorf("status %d, %d bytes, %v: want a timeout after a few bytes", w.status, len(w.body), w.err)
		}
	},
	llmtest.GoAway: func(t *testing.T, w wire) {
		if s, _ := w.text(t); s == "" {
			t.Error("no text")
		}
	},
	llmtest.CorruptGzip: func(t *testing.T, w wire) {
		status(t, w, 200)
		hint(t, w, "Content-Encoding", "gzip")
		z, err := gzip.NewReader(bytes.NewReader(w.body))
		if err == nil {
			_, err = io.Copy(io.Discard, z)
		}
		if err == nil {
			t.Error("it unpacks")
		}
	},
	llmtest.HugeBody: func(t *testing.T, w wire) {
		if w.err != nil || len(w.body) < 50<<20 {
			t.Errorf("%d bytes, %v: want 50 MB", len(w.body), w.err)
		}
	},
	llmtest.LengthMidString: func(t *testing.T, w wire) {
		if s, finish := w.text(t); finish != "length" || !strings.HasPrefix(s, "{") || strings.Count(s, `"`)%2 == 0 {
			t.Errorf("finish %q: %s", finish, s)
		}
	},
	llmtest.WhitespaceLoop: func(t *testing.T, w wire) {
		if s, finish := w.text(t); finish != "length" || len(s)-len(strings.TrimSpace(s)) < 1000 {
			t.Errorf("finish %q: %.60q", finish, s)
		}
	},
	llmtest.PhraseLoop: func(t *testing.T, w wire) {
		if s, finish := w.text(t); finish != "length" || strings.Count(s, s[20:50]) < 100 {
			t.Errorf("finish %q: %.60q", finish, s)
		}
	},
	llmtest.FilteredContent: func(t *testing.T, w wire) {
		if s, finish := w.text(t); finish != "content_filter" || s != "" {
			t.Errorf("finish %q: %q", finish, s)
		}
	},
	llmtest.Refusal: func(t *testing.T, w wire) {
		if m := w.completion(t).Choices[0].Message; m.Content != nil || m.Refusal == "" {
			t.Errorf("%s", w.body)
		}
	},
	llmtest.FencedJSON: func(t *testing.T, w wire) {
		if s, _ := w.text(t); !strings.HasPrefix(s, "```json\n{") || !strings.HasSuffix(s, "}\n```") {
			t.Errorf("%q", s)
		}
	},
	llmtest.ThinkPrefix: func(t *testing.T, w wire) {
		s, _ := w.text(t)
		if _, rest, ok := strings.Cut(s, "</think>"); !ok || !strings.HasPrefix(s, "<think>") || !json.Valid([]byte(rest)) {
			t.Errorf("%q", s)
		}
	},
	llmtest.TwoObjects: func(t *testing.T, w wire) {
		s, _ := w.text(t)
		a, b, ok := strings.Cut(s, "\n")
		if !ok || !json.Valid([]byte(a)) || !json.Valid([]byte(b)) || a == b {
			t.Errorf("%q", s)
		}
	},
	llmtest.LaTeXFraction: func(t *testing.T, w wire) {
		if s, _ := w.text(t); !strings.Contains(s, `"\frac{`) {
			t.Errorf("%q", s)
		}
	},
	llmtest.DuplicateKeys: func(t *testing.T, w wire) {
		if s, _ := w.text(t); strings.Count(s, `"upper_bound"`) != 2 {
			t.Errorf("%q", s)
		}
	},
	llmtest.UnknownVariable: func(t *testing.T, w wire) { bound(t, w, "x0^K") },
	llmtest.TrivialBound:    func(t *testing.T, w wire) { bound(t, w, "5.24") },
	llmtest.NoUsage: func(t *testing.T, w wire) {
		if w.completion(t).Usage != nil {
			t.Errorf("%s", w.body)
		}
	},
	llmtest.LowPromptTokens: func(t *testing.T, w wire) {
		if u := w.completion(t).Usage; u == nil || u.Prompt != 3 {
			t.Errorf("%s", w.body)
		}
	},
	llmtest.OtherModel: func(t *testing.T, w wire) {
		if m := w.completion(t).Model; m == "m" || m == "" {
			t.Errorf("model %q", m)
		}
	},
	llmtest.BadRateHeaders: func(t *testing.T, w wire) {
		w.text(t)
		for _, h := range []string{"Retry-After", "Retry-After-Ms", "X-Ratelimit-Remaining-Requests"} {
			if n, err := strconv.Atoi(w.header.Get(h)); err == nil || w.header.Get(h) == "" {
				t.Errorf("%s is %q (%d), want nonsense", h, w.header.Get(h), n)
			}
		}
	},
	llmtest.Redirect: func(t *testing.T, w wire) {
		status(t, w, 307)
		if loc := w.header.Get("Location"); !strings.HasPrefix(loc, "http://127.0.0.2:") {
			t.Errorf("Location is %q", loc)
		}
	},
}

// Each fault does on the wire what it says, and the server's log names it.
func TestFaultsOnTheWire(t *testing.T) {
	faults := []llmtest.Fault{llmtest.Redirect}
	for f := llmtest.RetryAfterSeconds; f <= llmtest.BadRateHeaders; f++ {
		if f != 9 { // fifty refusals at once: any of them, often
			faults = append(faults, f)
		}
	}
	if llmtest.Fault(9).Known() || llmtest.Fault(49).Known() {
		t.Error("the server claims a fault that is none of a response")
	}
	for _, f := range faults {
		t.Run(fmt.Sprintf("%d %s", int(f), f), func(t *testing.T) {
			check := onWire[f]
			if check == nil || !f.Known() {
				t.Fatal("nothing says what it should look like, or the server does not have it")
			}
			timeout := 30 * time.Second
			if f == llmtest.Hang || f == llmtest.SlowDrip {
				timeout = 500 * time.Millisecond
			}
			s := llmtest.New(llmtest.Config{Script: llmtest.Sequence(f)})
			defer s.Close()
			client := plain(timeout)
			check(t, post(client, s.URL, ask))
			client.Timeout = 30 * time.Second
			w := post(client, s.URL, ask)
			text, finish := w.text(t)
			if finish != "stop" || !json.Valid([]byte(text)) {
				t.Errorf("the next request is answered by %q", text)
			}
			s.Close()
			log := s.Log()
			what := f.String()
			if spoils := f > llmtest.HugeBody || f == llmtest.RetryAfterOnOK || f == llmtest.GoAway ||
				f == llmtest.ChoicesNull || f == llmtest.OnlyReasoning; spoils && f != llmtest.Redirect {
				what = "answer" // of the model, if a bad one: whole, and paid for
			}
			if len(log) != 2 || log[0].Sent != what || log[1].Sent != "answer" {
				t.Errorf("the log is %q, %q; want %q, answer", log[0].Sent, log[1].Sent, what)
			}
		})
	}
}

// Refusals of a parameter end once the request does without it.
func TestFaultsOfParameters(t *testing.T) {
	loose := strings.Replace(ask, "json_schema", "json_object", 1)
	for _, c := range []struct {
		fault   llmtest.Fault
		refused []string
		taken   []string
	}{
		{llmtest.NoJSONSchema, []string{ask}, []string{without(ask, "response_format")}},
		{llmtest.NoJSONObject, []string{ask, loose}, []string{without(ask, "response_format")}},
		{llmtest.NoTemperature, []string{ask}, []string{without(ask, "temperature")}},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			s := llmtest.New(llmtest.Config{Script: llmtest.Always(c.fault)})
			defer s.Close()
			for _, body := range c.refused {
				status(t, post(plain(30*time.Second), s.URL, body), 400)
			}
			for _, body := range c.taken {
				post(plain(30*time.Second), s.URL, body).text(t)
			}
		})
	}
}
