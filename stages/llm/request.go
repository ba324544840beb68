package llm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
)

// requestVersion is part of every request key.
const requestVersion = "concluder request 1"

// A request is one call of the chat API, ready to be sent.
type request struct {
	body []byte // canonical JSON: keys sorted, no spaces
	key  string // hex SHA-256 of what it asks for
	mode outputMode
	cap  int    // tokens
	name string // of the cap's parameter

	promptBytes int // of messages and schema: no tokenizer makes more tokens than bytes
}

// request builds the body itself, because the library leaves out a temperature
// of 0, and its JSON changes between versions.
func (c Config) request(m []message, mode outputMode, capName string, maxTokens int) (request, error) {
	body := map[string]any{"model": c.Model, "messages": m, capName: maxTokens}
	if c.Temperature != nil {
		body["temperature"] = *c.Temperature
	}
	if c.Seed != nil {
		body["seed"] = *c.Seed
	}
	r := request{mode: mode, cap: maxTokens, name: capName}
	if f := mode.responseFormat(); f != nil {
		body["response_format"] = f
		r.promptBytes += len(f)
	}
	// Without HTML escapes, so that an equation stands verbatim in the bytes too.
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return request{}, fmt.Errorf("building a request: %w", err)
	}
	r.body = bytes.TrimRight(b.Bytes(), "\n")
	for _, x := range m {
		r.promptBytes += len(x.Content) + 16 // 16: more than any template adds to a message
	}
	h := framed{sha256.New()}
	h.str("version", requestVersion)
	h.str("provider", c.Name)
	h.str("revision", c.Revision)
	h.bytes("body", r.body)
	r.key = hex.EncodeToString(h.Sum(nil))
	return r, nil
}

// worst is the most that a request can cost: a token for every byte of the
// prompt, and the whole cap.
func (c Config) worst(r request) money { return c.Price.cost(r.promptBytes, r.cap) }

// likely estimates a prompt's tokens: English and JSON run at about 3.5 bytes a
// token with the tokenizers in use, digits below that.
func (r request) likely() int { return r.promptBytes/3 + 1 }

// capName is the parameter that a model's server most likely wants.
func capName(model string) string {
	for _, p := range []string{"o1", "o3", "o4", "gpt-5"} {
		if len(model) >= len(p) && model[:len(p)] == p {
			return capMaxCompletionTokens
		}
	}
	return capMaxTokens
}

func hostOf(base string) string {
	if u, err := url.Parse(base); err == nil {
		return u.Host
	}
	return "the server"
}
