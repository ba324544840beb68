package llm

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// A class says what to do about what came back for one request.
type class string

const (
	classAnswer       class = "answer"        // read it
	classNotSent      class = "not_sent"      // given up before sending
	classNoConnection class = "no_connection" // dial, TLS, DNS: free, tried again
	classServerError  class = "server_error"  // 408, 409, 5xx, 529, 200 with an error: backoff
	classLost         class = "lost"          // sent, and the answer did not arrive whole: may have cost
	classCanceled     class = "canceled"      // as lost, by the caller's will
	classRateLimited  class = "rate_limited"  // 429: wait
	classBusy         class = "busy"          // 503 while loading, a full queue: wait
	classPause        class = "pause"         // quota, credit
	classStop         class = "stop"          // every request would fail alike
	classMode         class = "output_mode"   // the server does not take this response_format
	classCap          class = "cap_parameter" // the server wants the token cap under its other name
	classQuestion     class = "question"      // this question cannot be asked
)

// A finding is a response, classed.
type finding struct {
	class   class
	wait    time.Duration // rate_limited, busy: what the server asks for
	hinted  bool          // … and whether it did
	pause   PauseKind
	verdict Verdict // question
	cap     bool    // stop: the token cap is what is refused
	err     error   // for people, redacted
}

var (
	perDay     = regexp.MustCompile(`(?i)per[ _-]?day|daily|requests_per_day|\bRPD\b|\bTPD\b`)
	perMinute  = regexp.MustCompile(`(?i)per[ _-]?minute|\bRPM\b|\bTPM\b`)
	noCredit   = regexp.MustCompile(`(?i)insufficient[ _](?:quota|balance|funds|credits?)|billing_hard_limit|billing hard limit|credit balance is too low|exceeded your current quota`)
	loading    = regexp.MustCompile(`(?i)loading|warming up|starting|is currently busy|server busy|overloaded|queue is full|maximum pending requests`)
	contextLen = regexp.MustCompile(`(?i)context_length|context length|context window|maximum context|too many tokens|prompt is too long|exceeds the (?:available )?context|input length`)
	content    = regexp.MustCompile(`(?i)content_filter|content_policy|content management policy|safety|responsible ?ai|moderation`)
	format     = regexp.MustCompile(`(?i)response_format|json_schema|json_object|json schema|structured output|guided_json|grammar`)
	capParam   = regexp.MustCompile(`(?i)max_tokens.{0,80}max_completion_tokens|max_completion_tokens.{0,80}max_tokens`)
	tooLarge   = regexp.MustCompile(`(?i)too (?:large|big|high|long)|at most|above max|maximum|exceed|less than|out of range|<=`)
	capAny     = regexp.MustCompile(`(?i)max_(?:completion_|output_)?tokens`)
	heat       = regexp.MustCompile(`(?i)\btemperature\b`)
	parameter  = regexp.MustCompile(`(?i)unsupported (?:parameter|value)|unknown (?:parameter|argument|field|name)|unrecognized|not support|unsupported_(?:parameter|value)|unknown_parameter|invalid value|extra inputs|\bseed\b`)
)

// classify judges a complete response that is not a 2xx, or a 2xx that holds an
// error. mode says whether the request asked for an output format.
func classify(status int, h http.Header, body []byte, mode outputMode, now time.Time) finding {
	e, _ := errorIn(body)
	all := e.message + " " + e.code + " " + e.kind + " " + e.param
	if e.message == "" {
		all += clip(string(body), 4096)
	}
	wait, hinted := retryAfter(h, body, now)
	f := finding{wait: wait, hinted: hinted, err: fmt.Errorf("%s", describe(status, e, body))}

	// A quota may come under any status.
	quota := status == http.StatusTooManyRequests || status == http.StatusPaymentRequired || status == http.StatusForbidden || status == http.StatusOK
	switch {
	case status == http.StatusPaymentRequired, quota && e.code == "insufficient_quota", quota && e.kind == "insufficient_quota":
		f.class, f.pause = classPause, InsufficientQuota
		return f
	case status == http.StatusTooManyRequests:
		return rateLimit(f, string(body), all)
	}
	switch {
	case status == http.StatusOK: // with an error inside
		if e.code == "429" || strings.Contains(e.kind, "RESOURCE_EXHAUSTED") || strings.Contains(e.kind, "rate_limit") {
			return rateLimit(f, string(body), all)
		}
		f.class = classServerError
	case status >= 300 && status < 400:
		f.class = classStop
		f.err = fmt.Errorf("the server redirects (%d) to %q: set base_url to the address that answers", status, clip(h.Get("Location"), 200))
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		f.class = classStop
		f.err = fmt.Errorf("the server refuses the API key: %w: check the variable that api_key_env names, and what the key may be used for", f.err)
	case status == http.StatusNotFound, status == http.StatusGone:
		f.class = classStop
		f.err = fmt.Errorf("the server does not know the model or the address: %w: check model and base_url", f.err)
	case status == http.StatusServiceUnavailable && (hinted || loading.MatchString(all)):
		f.class = classBusy
	case status == http.StatusRequestTimeout, status == http.StatusConflict, status == http.StatusTooEarly, status >= 500:
		f.class = classServerError
	case status == http.StatusRequestEntityTooLarge:
		f.class, f.verdict = classQuestion, ContextLength
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		badRequest(&f, all, mode)
	default:
		f.class = classStop
	}
	return f
}

// rateLimit tells a limit that passes from one that does not. Gemini says "You
// exceeded your current quota" for both, and asks to retry in seconds also
// where the quota is for a day: what counts is the quota's name.
func rateLimit(f finding, body, all string) finding {
	switch {
	case perDay.MatchString(body):
		f.class, f.pause = classPause, DailyQuota
	case perMinute.MatchString(body):
		f.class = classRateLimited
	case noCredit.MatchString(all) && !f.hinted:
		f.class, f.pause = classPause, InsufficientQuota
	default:
		f.class = classRateLimited
	}
	return f
}

func badRequest(f *finding, all string, mode outputMode) {
	switch {
	case mode != modeText && format.MatchString(all):
		f.class = classMode
	case capParam.MatchString(all) && !tooLarge.MatchString(all):
		f.class = classCap
	case contextLen.MatchString(all):
		f.class, f.verdict = classQuestion, ContextLength
	case capAny.MatchString(all):
		f.class, f.cap = classStop, true
		f.err = fmt.Errorf("the server does not take the token cap: %w: change max_tokens in the provider block", f.err)
	case heat.MatchString(all):
		f.class = classStop
		f.err = fmt.Errorf("the server does not take the temperature: %w: set send_temperature = false in the provider block", f.err)
	case content.MatchString(all):
		f.class, f.verdict = classQuestion, ContentFilter
	case strings.Contains(all, "API key"), strings.Contains(all, "API_KEY_INVALID"):
		f.class = classStop // Gemini answers a wrong key with 400
		f.err = fmt.Errorf("the server refuses the API key: %w: check the variable that api_key_env names", f.err)
	case parameter.MatchString(all):
		f.class = classStop
		f.err = fmt.Errorf("the server does not take a parameter: %w", f.err)
	default:
		f.class, f.verdict = classQuestion, BadRequest
	}
}

// describe says in one line what a server said.
func describe(status int, e apiError, body []byte) string {
	msg := e.message
	if msg == "" {
		msg = strings.Join(strings.Fields(clip(string(body), 300)), " ")
	}
	msg = strings.Join(strings.Fields(msg), " ")
	s := fmt.Sprintf("HTTP %d %s", status, http.StatusText(status))
	if msg != "" {
		s += ": " + clip(msg, 500)
	}
	return strings.TrimSpace(s)
}

// clip shortens s to at most n bytes, at a character's boundary.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
