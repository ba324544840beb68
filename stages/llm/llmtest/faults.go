package llmtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Fault is one way in which a server misbehaves, by the number it has in the
// list of known faults. Numbers that are missing are no server's doing (a full
// disk, a killed client) or a setting of the server (Capacity, HTTP2).
type Fault int

const (
	None Fault = 0

	RetryAfterSeconds  Fault = 1
	RetryAfterDate     Fault = 2
	RetryAfterMs       Fault = 3
	NoHint             Fault = 4
	LongWait           Fault = 5 // 114 hours
	InsufficientQuota  Fault = 6
	GeminiRetryInfo    Fault = 7
	DailyQuota         Fault = 8
	RetryAfterOnOK     Fault = 10
	InternalError      Fault = 11
	BadGatewayHTML     Fault = 12
	Loading            Fault = 13
	Busy               Fault = 14 // Ollama's full queue
	Overloaded         Fault = 15 // 529
	KeyEchoed          Fault = 16 // 401 that quotes the key
	UnknownModel       Fault = 17
	NoJSONSchema       Fault = 18 // 400 while the request asks for json_schema
	NoJSONObject       Fault = 19 // 400 while it asks for any response_format
	NoTemperature      Fault = 20
	ContextLength      Fault = 21
	ErrorInOK          Fault = 22
	ChoicesNull        Fault = 23
	OnlyReasoning      Fault = 24
	TruncatedBody      Fault = 25 // shorter than its Content-Length
	ResetBeforeHeaders Fault = 26
	ResetInBody        Fault = 27
	Hang               Fault = 28
	SlowDrip           Fault = 29
	GoAway             Fault = 30 // HTTP/2; the response is whole and the connection ends
	CorruptGzip        Fault = 31
	HugeBody           Fault = 32 // 50 MB
	LengthMidString    Fault = 33
	WhitespaceLoop     Fault = 34
	PhraseLoop         Fault = 35
	FilteredContent    Fault = 36
	Refusal            Fault = 37
	FencedJSON         Fault = 38
	ThinkPrefix        Fault = 39
	TwoObjects         Fault = 40
	LaTeXFraction      Fault = 41
	DuplicateKeys      Fault = 42
	UnknownVariable    Fault = 43
	TrivialBound       Fault = 44
	NoUsage            Fault = 45
	LowPromptTokens    Fault = 46
	OtherModel         Fault = 47
	BadRateHeaders     Fault = 48

	Redirect Fault = 1001 // 307 to another address
)

var faultNames = map[Fault]string{
	None: "none", RetryAfterSeconds: "429 with Retry-After in seconds", RetryAfterDate: "429 with Retry-After as a date",
	RetryAfterMs: "429 with retry-after-ms", NoHint: "429 without a hint", LongWait: "429 with a wait of 114 hours",
	InsufficientQuota: "429 insufficient_quota", GeminiRetryInfo: "429 as Gemini's list with RetryInfo", DailyQuota: "429 for a quota per day",
	RetryAfterOnOK: "Retry-After on a 200", InternalError: "500", BadGatewayHTML: "502 with HTML", Loading: "503 while loading",
	Busy: "503 with a full queue", Overloaded: "529", KeyEchoed: "401 that echoes the key", UnknownModel: "404 for the model",
	NoJSONSchema: "400 for json_schema", NoJSONObject: "400 for any response_format", NoTemperature: "400 for temperature",
	ContextLength: "400 for the context length", ErrorInOK: "200 with an error", ChoicesNull: "choices null",
	OnlyReasoning: "empty content with reasoning", TruncatedBody: "truncated body", ResetBeforeHeaders: "reset before headers",
	ResetInBody: "reset inside the body", Hang: "hang before headers", SlowDrip: "slow drip", GoAway: "GOAWAY", CorruptGzip: "corrupt gzip",
	HugeBody: "50 MB body", LengthMidString: "cut at the token cap inside a string", WhitespaceLoop: "loop of white space",
	PhraseLoop: "loop of a phrase", FilteredContent: "content filter", Refusal: "refusal", FencedJSON: "fenced JSON",
	ThinkPrefix: "think prefix", TwoObjects: "two JSON objects", LaTeXFraction: `\frac`, DuplicateKeys: "duplicate keys",
	UnknownVariable: "unknown variable", TrivialBound: "trivial bound", NoUsage: "no usage", LowPromptTokens: "low prompt_tokens",
	OtherModel: "another model", BadRateHeaders: "malformed rate headers", Redirect: "redirect",
}

// Known reports whether the server has the fault.
func (f Fault) Known() bool { return faultNames[f] != "" }

func (f Fault) String() string {
	if n, ok := faultNames[f]; ok {
		return n
	}
	return fmt.Sprintf("fault %d", int(f))
}

// misbehave does what a fault says and reports whether that was the whole
// response; else the completion, which it may have changed, is still to be
// written.
func (s *Server) misbehave(f Fault, w http.ResponseWriter, r *http.Request, req Request, chat chatRequest, c *completion) bool {
	switch {
	case f <= DailyQuota:
		tooMany(f, w)
	case f >= RetryAfterOnOK && f <= ContextLength:
		return refuse(f, w, r, chat, c)
	case f >= TruncatedBody && f <= HugeBody:
		return s.breakOff(f, w, r, c)
	case f == Redirect:
		http.Redirect(w, r, "http://127.0.0.2:1/v1/chat/completions", http.StatusTemporaryRedirect)
	case f == ErrorInOK:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"error": errorBody{Message: "upstream failed", Type: "server_error", Code: "502"}})
	default:
		spoil(f, c, req)
		return false
	}
	return true
}

func tooMany(f Fault, w http.ResponseWriter) {
	e := errorBody{Message: "Rate limit reached", Type: "requests", Code: "rate_limit_exceeded"}
	h := w.Header()
	switch f {
	case RetryAfterSeconds:
		h.Set("Retry-After", "2")
	case RetryAfterDate:
		// The server's clock is an hour off: what counts is the difference.
		now := time.Now().Add(time.Hour)
		h.Set("Date", now.UTC().Format(http.TimeFormat))
		h.Set("Retry-After", now.Add(3*time.Second).UTC().Format(http.TimeFormat))
	case RetryAfterMs:
		h.Set("Retry-After-Ms", "1500")
	case LongWait:
		h.Set("Retry-After", strconv.Itoa(114*3600))
	case InsufficientQuota:
		e = errorBody{Message: "You exceeded your current quota, please check your plan and billing details.", Type: "insufficient_quota", Code: "insufficient_quota"}
	case GeminiRetryInfo, DailyQuota:
		id, name := "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "generate_content_free_tier_requests"
		if f == DailyQuota {
			id = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
		}
		h.Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprintf(w, `[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.\nPlease retry in 4.5s.","status":"RESOURCE_EXHAUSTED","details":[`+
			`{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"%s","quotaId":"%s","quotaValue":"10"}]},`+
			`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"4.5s"}]}}]`, name, id)
		return
	}
	writeError(w, http.StatusTooManyRequests, e)
}

func refuse(f Fault, w http.ResponseWriter, r *http.Request, chat chatRequest, c *completion) bool {
	e := errorBody{Type: "invalid_request_error"}
	switch f {
	case RetryAfterOnOK:
		c.header = http.Header{"Retry-After": {"30"}, "X-Ratelimit-Remaining-Requests": {"0"}}
		return false
	case InternalError:
		writeError(w, 500, errorBody{Message: "The server had an error while processing your request", Type: "server_error"})
	case BadGatewayHTML:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>")
	case Loading:
		writeError(w, 503, errorBody{Message: "Loading model", Type: "unavailable_error"})
	case Busy:
		writeError(w, 503, errorBody{Message: "server busy, please try again.  maximum pending requests exceeded", Type: "api_error"})
	case Overloaded:
		writeError(w, 529, errorBody{Message: "Overloaded", Type: "overloaded_error"})
	case KeyEchoed:
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		e.Message, e.Code = fmt.Sprintf("Incorrect API key provided: %s. Header was: Authorization: Bearer %s. You can also pass ?key=%s", key, key, key), "invalid_api_key"
		w.Header().Set("X-Request-Id", key)
		writeError(w, 401, e)
	case UnknownModel:
		e.Message, e.Code = fmt.Sprintf("The model %q does not exist or you do not have access to it.", chat.Model), "model_not_found"
		writeError(w, 404, e)
	case NoJSONSchema:
		if !bytes.Contains(chat.ResponseFormat, []byte("json_schema")) {
			return false
		}
		e.Message, e.Param = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", "response_format"
		writeError(w, 400, e)
	case NoJSONObject:
		if len(chat.ResponseFormat) == 0 {
			return false
		}
		e.Message, e.Param = "Unsupported parameter: response_format", "response_format"
		writeError(w, 400, e)
	case NoTemperature:
		if chat.Temperature == nil {
			return false
		}
		e.Message, e.Param, e.Code = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.", "temperature", "unsupported_value"
		writeError(w, 400, e)
	case ContextLength:
		e.Message, e.Param, e.Code = "This model's maximum context length is 256 tokens. However, your messages resulted in 900 tokens.", "messages", "context_length_exceeded"
		writeError(w, 400, e)
	}
	return true
}

// breakOff ends a response in the wrong place. It reports whether anything was
// left to write.
func (s *Server) breakOff(f Fault, w http.ResponseWriter, r *http.Request, c *completion) bool {
	b := c.encode()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	switch f {
	case TruncatedBody:
		h.Set("Content-Length", strconv.Itoa(len(b)))
		w.Write(b[:len(b)/2])
		http.NewResponseController(w).Flush()
		hangUp(w, false)
	case ResetBeforeHeaders:
		hangUp(w, true)
	case ResetInBody:
		h.Set("Content-Length", strconv.Itoa(len(b)))
		w.Write(b[:len(b)/2])
		http.NewResponseController(w).Flush()
		hangUp(w, true)
	case Hang:
		s.wait(r, time.Hour)
	case SlowDrip:
		h.Set("Content-Length", strconv.Itoa(len(b)))
		for i := range b {
			w.Write(b[i : i+1])
			http.NewResponseController(w).Flush()
			if !s.wait(r, 200*time.Millisecond) {
				return true
			}
		}
	case GoAway:
		c.header = http.Header{"Connection": {"close"}}
		return false
	case CorruptGzip:
		var z bytes.Buffer
		zw := gzip.NewWriter(&z)
		zw.Write(b)
		zw.Close()
		out := z.Bytes()
		out[len(out)/2] ^= 0xff
		h.Set("Content-Encoding", "gzip")
		w.Write(out)
	case HugeBody:
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 50 {
			if _, err := w.Write(chunk); err != nil {
				return true
			}
		}
		w.Write(b)
	}
	return true
}

// wait returns false where the client left or the server is closing.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-s.closing:
	}
	return false
}

// hangUp ends the connection, with a TCP reset where that is asked for and can
// be had.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the stream is reset
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// spoil makes a completion that arrives whole one that should not be taken as
// it stands.
func spoil(f Fault, c *completion, req Request) {
	fields := func(bound string) string {
		return `{"reasoning":"The points say so.","type_of_equation":"polynomial","upper_bound":"` + bound + `","complexity":"O(x0^2)","confidence":0.9}`
	}
	switch f {
	case ChoicesNull:
		c.noChoices = true
	case OnlyReasoning:
		c.text, c.reasoning = "", "Let me think about the points."
	case LengthMidString:
		c.text, c.finish = c.text[:len(c.text)/3], "length"
	case WhitespaceLoop:
		c.text, c.finish = `{"reasoning":`+strings.Repeat(" \n\t ", 2000), "length"
	case PhraseLoop:
		c.text, c.finish = `{"reasoning":"`+strings.Repeat("The growth is polynomial because ", 400), "length"
	case FilteredContent:
		c.text, c.finish = "", "content_filter"
	case Refusal:
		c.refusal = "I'm sorry, but I can't help with that."
	case FencedJSON:
		c.text = "```json\n" + c.text + "\n```"
	case ThinkPrefix:
		c.text = "<think>\nPerhaps {\"type_of_equation\": \"unknown\"}? No.\n</think>\n\n" + c.text
	case TwoObjects:
		c.text = fields("x0^2") + "\n" + fields("x0^3")
	case LaTeXFraction:
		c.text = fields(`\frac{x0^2}{3}`)
	case DuplicateKeys:
		c.text = `{"reasoning":"r","type_of_equation":"polynomial","upper_bound":"x0^2","upper_bound":"x0^3","complexity":"O(x0^2)","confidence":0.9}`
	case UnknownVariable:
		c.text = fields("x0^K")
	case TrivialBound:
		c.text = fields("5.24")
	case NoUsage:
		c.noUsage = true
	case LowPromptTokens:
		c.prompt = 3
	case OtherModel:
		c.model = "some-other-model"
	case BadRateHeaders:
		c.header = http.Header{
			"Retry-After": {"soon"}, "Retry-After-Ms": {"NaN"}, "X-Ratelimit-Remaining-Requests": {"many"},
			"X-Ratelimit-Reset-Requests": {"-5s"}, "X-Ratelimit-Limit-Requests": {"0x10"},
		}
	}
	c.out = len(c.text)/4 + 1
}

// Sequence gives the first requests one fault each, in order, and the others
// none.
func Sequence(faults ...Fault) func(Request) Fault {
	return func(r Request) Fault {
		if r.N < len(faults) {
			return faults[r.N]
		}
		return None
	}
}

// Always gives every request the same fault.
func Always(f Fault) func(Request) Fault { return func(Request) Fault { return f } }
