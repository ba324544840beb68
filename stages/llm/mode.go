package llm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// An outputMode says how the server is told to answer in JSON. Servers differ
// in what they take; the best is tried first and each 400 about it steps down
// by one, once for the server, remembered in the journal.
type outputMode string

const (
	modeSchema      outputMode = "json_schema"       // with strict: true
	modeSchemaLoose outputMode = "json_schema_loose" // without strict
	modeObject      outputMode = "json_object"
	modeText        outputMode = "text" // the prompt alone
)

func (m outputMode) below() outputMode {
	switch m {
	case modeSchema:
		return modeSchemaLoose
	case modeSchemaLoose:
		return modeObject
	}
	return modeText
}

func (m outputMode) valid() bool {
	switch m {
	case modeSchema, modeSchemaLoose, modeObject, modeText:
		return true
	}
	return false
}

// answerSchema is tiny on purpose: the more a schema says, the fewer servers
// take it. Strict mode wants every field required and no others.
const answerSchema = `{"type":"object","properties":{` +
	`"reasoning":{"type":"string"},` +
	`"type_of_equation":{"type":"string","enum":["linear","polynomial","exponential","unknown"]},` +
	`"upper_bound":{"type":"string"},` +
	`"complexity":{"type":"string"},` +
	`"confidence":{"type":"number"}},` +
	`"required":["reasoning","type_of_equation","upper_bound","complexity","confidence"],"additionalProperties":false}`

// responseFormat returns the request's response_format, nil for none.
func (m outputMode) responseFormat() json.RawMessage {
	switch m {
	case modeSchema:
		return json.RawMessage(`{"type":"json_schema","json_schema":{"name":"conclusion","strict":true,"schema":` + answerSchema + `}}`)
	case modeSchemaLoose:
		return json.RawMessage(`{"type":"json_schema","json_schema":{"name":"conclusion","schema":` + answerSchema + `}}`)
	case modeObject:
		return json.RawMessage(`{"type":"json_object"}`)
	}
	return nil
}

// Names of the parameter that caps an answer's tokens: the first is understood
// everywhere but by OpenAI's reasoning models, which want the second.
const (
	capMaxTokens           = "max_tokens"
	capMaxCompletionTokens = "max_completion_tokens"
)

// serverKey names a server and model in the journal.
func (c Config) serverKey() string {
	h := framed{sha256.New()}
	h.str("base_url", c.BaseURL)
	h.str("model", c.Model)
	return hex.EncodeToString(h.Sum(nil))
}
