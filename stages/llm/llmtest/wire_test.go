package llmtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const key = "sk-wire/0123456789"

// ask is a request with everything that a fault may object to.
const ask = `{"model":"m","temperature":0,"max_tokens":100,` +
	`"messages":[{"role":"system","content":"You judge."},{"role":"user","content":"Points:\n1 1\n2 4\n3 9\n4 16\n\nThe fitted equation for y:\nx0**2\n"}],` +
	`"response_format":{"type":"json_schema","json_schema":{"name":"c","schema":{}}}}`

// A wire is what came over it: the bytes of a response as the transport gives
// them, nothing unpacked, and how the body ended.
type wire struct {
	status int
	header http.Header
	body   []byte
	err    error // of sending, or of reading the body
	inBody bool  // err came after the headers
}

// completion reads the body as one, and fails where it is none.
func (w wire) completion(t *testing.T) (c struct {
	Model   string
	Choices []struct {
		FinishReason string `json:"finish_reason"`
		Message      struct {
			Content          *string
			Refusal          string
			ReasoningContent string `json:"reasoning_content"`
		}
	}
	Usage *struct {
		Prompt int `json:"prompt_tokens"`
	}
}) {
	t.Helper()
	if w.err != nil || w.status != 200 {
		t.Fatalf("status %d, error %v: want a completion\n%s", w.status, w.err, w.body)
	}
	if err := json.Unmarshal(w.body, &c); err != nil {
		t.Fatalf("%v\n%.200s", err, w.body)
	}
	return c
}

// text is the content of the one message, and why it ended.
func (w wire) text(t *testing.T) (content, finish string) {
	t.Helper()
	c := w.completion(t)
	if len(c.Choices) != 1 {
		t.Fatalf("%d choices", len(c.Choices))
	}
	if s := c.Choices[0].Message.Content; s != nil {
		content = *s
	}
	return content, c.Choices[0].FinishReason
}

// openAIError is what OpenAI's servers put under "error".
func (w wire) openAIError(t *testing.T) (e struct{ Message, Type, Param, Code string }) {
	t.Helper()
	var outer struct{ Error json.RawMessage }
	if err := json.Unmarshal(w.body, &outer); err != nil || json.Unmarshal(outer.Error, &e) != nil || e.Message == "" {
		t.Fatalf("the body is no error of OpenAI's kind: %s", w.body)
	}
	return e
}

func post(client *http.Client, url, body string) wire {
	req, err := http.NewRequest(http.MethodPost, url+"/chat/completions", strings.NewReader(body))
	if err != nil {
		return wire{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return wire{err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return wire{status: resp.StatusCode, header: resp.Header, body: b, err: err, inBody: err != nil}
}

// plain is a client that changes nothing and follows nothing.
func plain(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// without leaves a field out of a request.
func without(body, field string) string {
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		panic(err)
	}
	delete(m, field)
	b, _ := json.Marshal(m)
	return string(b)
}

func status(t *testing.T, w wire, want int) {
	t.Helper()
	if w.err != nil || w.status != want {
		t.Fatalf("status %d, %v; want %d", w.status, w.err, want)
	}
}

func hint(t *testing.T, w wire, header, want string) {
	t.Helper()
	if got := w.header.Get(header); got != want {
		t.Errorf("%s is %q, want %q", header, got, want)
	}
}

func badParam(t *testing.T, w wire, param string) {
	t.Helper()
	status(t, w, 400)
	if e := w.openAIError(t); e.Param != param || e.Type != "invalid_request_error" {
		t.Errorf("%+v, want param %s", e, param)
	}
}

func gemini(t *testing.T, w wire, window string) {
	t.Helper()
	status(t, w, 429)
	var list []struct {
		Error struct {
			Code    int
			Status  string
			Details []struct {
				Type       string `json:"@type"`
				RetryDelay string
				Violations []struct{ QuotaID string }
			}
		}
	}
	if err := json.Unmarshal(w.body, &list); err != nil || len(list) != 1 || list[0].Error.Code != 429 || list[0].Error.Status != "RESOURCE_EXHAUSTED" {
		t.Fatalf("%v: %s", err, w.body)
	}
	d := list[0].Error.Details
	if len(d) != 2 || !strings.Contains(d[0].Violations[0].QuotaID, window) || d[1].RetryDelay != "4.5s" || !strings.HasSuffix(d[1].Type, "RetryInfo") {
		t.Errorf("details %+v", d)
	}
}

func bound(t *testing.T, w wire, want string) {
	t.Helper()
	s, _ := w.text(t)
	var a struct {
		Bound string `json:"upper_bound"`
	}
	if err := json.Unmarshal([]byte(s), &a); err != nil || a.Bound != want {
		t.Errorf("%v: upper_bound %q, want %q", err, a.Bound, want)
	}
}
