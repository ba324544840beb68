package llm_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// A value that the server refuses for every question stops the run with the
// setting to change, instead of rejecting one question after another.
func TestRefusedParametersNameTheSetting(t *testing.T) {
	for _, c := range []struct{ name, body, says string }{
		{"cap too large", `{"error":{"message":"max_tokens is too large: 99999. This model supports at most 4096 completion tokens, whereas you provided 99999.","type":"invalid_request_error","param":"max_tokens","code":"invalid_value"}}`, "max_tokens"},
		{"cap above a maximum", `{"error":{"message":"Invalid value: integer above maximum value. Expected a value <= 16384, but got 99999 instead.","param":"max_completion_tokens","code":"integer_above_max_value"}}`, "max_tokens"},
		{"cap under both names", `{"object":"error","message":"max_tokens or max_completion_tokens is too large: 99999, expected at most 4096","code":400}`, "max_tokens"},
		{"temperature's value", `{"error":{"message":"Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.","param":"temperature","code":"unsupported_value"}}`, "send_temperature = false"},
		{"temperature by name alone", `{"error":{"message":"Only the default value is possible.","param":"temperature"}}`, "send_temperature = false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var requests atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				io.WriteString(w, c.body)
			}))
			defer s.Close()
			b := newBench(t, llmtest.Config{}, func(cfg *llm.Config) { cfg.BaseURL = s.URL + "/v1" })
			for i := range 3 {
				_, err := b.ask(question(i), llm.AskOptions{})
				var stop *llm.StopError
				if !errors.As(err, &stop) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "provider block") {
					t.Errorf("question %d: got %v, want a StopError that names %s in the provider block", i, err, c.says)
				}
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("%d requests, want one", n)
			}
		})
	}
}

// The larger cap that a cut answer is given may be more than the model takes
// where the configured one is not: that is lowered, and stops nothing.
func TestLargerCapIsLowered(t *testing.T) {
	const most = 16384 // twice the default cap
	inner := llmtest.New(llmtest.Config{Script: llmtest.Sequence(llmtest.LengthMidString)})
	defer inner.Close()
	var refused atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var req struct {
			MaxTokens int `json:"max_tokens"`
		}
		if err == nil {
			err = json.Unmarshal(body, &req)
		}
		if err != nil || req.MaxTokens > most {
			refused.Add(1)
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":{"message":"max_tokens is too large","param":"max_tokens"}}`)
			return
		}
		resp, err := http.Post(inner.URL+"/chat/completions", "application/json", strings.NewReader(string(body)))
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	}))
	defer front.Close()
	b := newBench(t, llmtest.Config{}, func(cfg *llm.Config) { cfg.BaseURL = front.URL + "/v1" })
	rep, err := b.ask(question(0), llm.AskOptions{})
	if err != nil || rep.Verdict != llm.Accepted || refused.Load() != 1 {
		t.Errorf("%d refused, then %s, %v", refused.Load(), rep.Verdict, err)
	}
}
