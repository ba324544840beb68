package llm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// retryAfter returns how long a server asks to wait, the longest of what its
// headers and body say; false when it says nothing that makes sense. now is the
// local time. An HTTP date is measured against the server's own Date header, so
// that a wrong clock on either side does not matter.
func retryAfter(h http.Header, body []byte, now time.Time) (time.Duration, bool) {
	var longest time.Duration
	found := false
	take := func(d time.Duration, ok bool) {
		if ok && d >= 0 {
			found = true
			longest = max(longest, d)
		}
	}
	if v := strings.TrimSpace(h.Get("Retry-After")); v != "" {
		if s, err := strconv.ParseFloat(v, 64); err == nil {
			take(seconds(s))
		} else if t, err := http.ParseTime(v); err == nil {
			if d, err := http.ParseTime(h.Get("Date")); err == nil {
				now = d
			}
			take(t.Sub(now), true)
		}
	}
	if ms, err := strconv.ParseFloat(strings.TrimSpace(h.Get("Retry-After-Ms")), 64); err == nil {
		take(seconds(ms / 1000))
	}
	take(retryInfo(body))
	if found {
		return longest, true
	}
	// Reset headers say when a whole window ends; they count only where
	// nothing says more, and only for the limit that is used up.
	for _, kind := range []string{"Requests", "Tokens"} {
		if h.Get("X-Ratelimit-Remaining-"+kind) == "0" {
			take(goDuration(h.Get("X-Ratelimit-Reset-" + kind)))
		}
	}
	return longest, found
}

// seconds refuses what is not a sensible wait, such as NaN or a Unix time.
func seconds(s float64) (time.Duration, bool) {
	const year = 366 * 24 * 3600
	if !(s >= 0 && s < year) {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}

// goDuration reads "1s", "6m0s", "120ms" or plain seconds.
func goDuration(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, false
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return seconds(f)
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d >= 0
}

var (
	retryDelayJSON = regexp.MustCompile(`"retryDelay"\s*:\s*"([0-9.]+)s"`)
	retryInProse   = regexp.MustCompile(`(?i)\b(?:try again|retry) (?:in|after) ([0-9.]+)\s?(ms|s|m|h|seconds?|minutes?|hours?)\b`)
)

// retryInfo reads google.rpc.RetryInfo, and the sentence "Please retry in 2.18s".
func retryInfo(body []byte) (time.Duration, bool) {
	if m := retryDelayJSON.FindSubmatch(body); m != nil {
		return goDuration(string(m[1]) + "s")
	}
	if m := retryInProse.FindSubmatch(body); m != nil {
		unit := string(m[2])
		if unit != "ms" {
			unit = strings.ToLower(unit[:1])
		}
		return goDuration(string(m[1]) + unit)
	}
	return 0, false
}

// An apiError is what a server says went wrong, from any of the shapes in use.
type apiError struct {
	message string
	code    string // "insufficient_quota", "429"
	kind    string // "type" or "status": "RESOURCE_EXHAUSTED"
	param   string
}

// errorIn reads the error in a body: {"error":{…}}, Gemini's [{"error":{…}}],
// {"error":"text"}, {"object":"error","message":…}. False when there is none.
func errorIn(body []byte) (apiError, bool) {
	var doc json.RawMessage
	if json.Unmarshal(body, &doc) != nil {
		return apiError{}, false
	}
	var list []json.RawMessage
	if json.Unmarshal(doc, &list) == nil {
		if len(list) == 0 {
			return apiError{}, false
		}
		doc = list[0]
	}
	var outer map[string]json.RawMessage
	if json.Unmarshal(doc, &outer) != nil {
		return apiError{}, false
	}
	raw, ok := outer["error"]
	if !ok || string(raw) == "null" {
		if text(outer["object"]) == "error" || (outer["choices"] == nil && text(outer["message"]) != "") {
			return apiError{text(outer["message"]), text(outer["code"]), text(outer["type"]), text(outer["param"])}, true
		}
		if detail := text(outer["detail"]); detail != "" && outer["choices"] == nil {
			return apiError{message: detail}, true
		}
		return apiError{}, false
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(raw, &inner) != nil {
		s := text(raw)
		return apiError{message: s}, s != ""
	}
	e := apiError{text(inner["message"]), text(inner["code"]), text(inner["type"]), text(inner["param"])}
	if e.kind == "" {
		e.kind = text(inner["status"])
	}
	return e, true
}

// text returns a JSON string's value, or a number's digits.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}
