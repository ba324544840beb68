package llm

// A Verdict says how the reading of one answer ended. Every answer gets exactly
// one: the first rung of the ladder that it fails, or Accepted. The strings are
// stable: they stand in journals, summaries and reports.
type Verdict string

const (
	Accepted Verdict = "accepted"

	// The envelope.
	BadContentType Verdict = "content_type" // not JSON by its content type and content: a proxy's page
	BadEnvelope    Verdict = "envelope"     // the body is not a chat completion
	NoChoices      Verdict = "no_choices"   // choices are null or empty
	PromptCut      Verdict = "prompt_cut"   // the server counted far fewer prompt tokens than were sent
	ContextLength  Verdict = "context_length"
	BadRequest     Verdict = "bad_request" // the server refused this question, and this question only

	// How the model ended.
	Truncated     Verdict = "truncated"      // cut at the token cap
	ContentFilter Verdict = "content_filter" // withheld by the server
	Refusal       Verdict = "refusal"
	Empty         Verdict = "empty" // no text at all
	Degenerate    Verdict = "degenerate"
	Echo          Verdict = "echo" // gives back the prompt

	// The JSON.
	NotJSON       Verdict = "not_json"
	TwoObjects    Verdict = "two_objects"    // several different objects, and no telling which is meant
	DuplicateKeys Verdict = "duplicate_keys" // a field given twice with different values
	BadSchema     Verdict = "schema"         // a field is missing or of the wrong type

	// The bound.
	ControlCharacter Verdict = "control_character" // \f of \frac and the like: the formula is damaged
	UnparsableBound  Verdict = "unparsable_bound"
	TwoVariables     Verdict = "two_variables"
	WrongVariable    Verdict = "wrong_variable"
	Trivial          Verdict = "trivial" // constant, infinite

	// What the caller's Judge says.
	WrongClass    Verdict = "wrong_class"    // not the class of its own formula
	BoundRejected Verdict = "bound_rejected" // does not hold, or is not least

	// NotRecorded: a replay file holds no answer to the question.
	NotRecorded Verdict = "not_recorded"
)

// Verdicts is every verdict, in the order of the ladder.
func Verdicts() []Verdict {
	return []Verdict{
		BadContentType, BadEnvelope, NoChoices, PromptCut, ContextLength, BadRequest,
		ContentFilter, Refusal, Empty, Degenerate, Echo, Truncated,
		NotJSON, TwoObjects, DuplicateKeys, BadSchema,
		ControlCharacter, UnparsableBound, TwoVariables, WrongVariable, Trivial,
		WrongClass, BoundRejected, NotRecorded, Accepted,
	}
}
