package stages

import (
	"github.com/concluder/concluder/stages/growth"
)

// A Result is what became of one instance: an entry of the summary, and of the
// map that Run returns.
type Result struct {
	InstanceName string      `json:"instance_name"`
	Status       Status      `json:"status"`
	Error        *string     `json:"error"`
	Timestamp    *string     `json:"timestamp,omitempty"` // in the summary only: RFC 3339, UTC
	Conclusion   *Conclusion `json:"conclusion"`
	PlotError    *string     `json:"plot_error,omitempty"`

	// Rejected is the model's last answer where nothing was concluded.
	Rejected *ProviderAnswer `json:"provider_answer,omitempty"`

	Stale       bool `json:"stale,omitempty"`       // in the summary only: an earlier run's, made from other inputs
	Provisional bool `json:"provisional,omitempty"` // the fallback's, until the provider can be asked again
}

// A Conclusion is the growth class of an instance and a least upper bound,
// with the evidence. A field whose check did not apply is null.
type Conclusion struct {
	InstanceName     string  `json:"instance_name"`
	OriginalEquation *string `json:"original_equation"` // verbatim
	LeadingTerm      *string `json:"leading_term"`      // recomputed
	EquationUsed     *bool   `json:"equation_used"`     // evidence and target; false with the reason in verification.equation

	TypeOfEquation    growth.Class  `json:"type_of_equation"`   // the practical class concluded
	ClassSource       string        `json:"class_source"`       // "data", "provider" or "both"
	ProviderType      *growth.Class `json:"provider_type"`      // what the provider said
	DataType          growth.Class  `json:"data_type"`          // what the points say
	EquationClass     *string       `json:"equation_class"`     // of the equation's own order: "polynomial, degree 1.94"
	ExtrapolatedClass *string       `json:"extrapolated_class"` // on [xmax, 1000·xmax]

	Extrapolation *Extrapolation `json:"extrapolation"` // null where too few points could be held out

	LLMUpperBound *string `json:"llm_upper_bound"` // the provider's formula, normalised
	UpperBound    string  `json:"upper_bound"`     // A·g + B, on or above every measured point
	UpperBound95  *string `json:"upper_bound_95"`  // the same with one point in 20 left out: below 20 points it is UpperBound
	LLMComplexity *string `json:"llm_complexity"`  // O(…)

	Reasoning       string   `json:"reasoning"`
	LLMConfidence   *float64 `json:"llm_confidence"` // as claimed
	Confidence      float64  `json:"confidence"`     // calibrated probability that the class is what a careful person says
	ConfidenceBasis string   `json:"confidence_basis"`

	ConcludedBy    string          `json:"concluded_by"` // "openai:gemini-2.5-flash", "analytic:builtin"
	ProviderAnswer *ProviderAnswer `json:"provider_answer"`
	FallbackReason *string         `json:"fallback_reason"`
	RejectedAnswer *ProviderAnswer `json:"rejected_answer,omitempty"` // the first provider's, where a model is the fallback and concluded

	Verification growth.Verification `json:"verification"`
}

// An Extrapolation says how the best family predicted points beyond those it
// was fitted to, beside the best family of another class.
type Extrapolation struct {
	Family           string   `json:"family"`
	MedianError      float64  `json:"median_error"` // of |log(predicted/measured)|
	P90Error         float64  `json:"p90_error"`
	RunnerUp         *string  `json:"runner_up"`
	RunnerUpMedian   *float64 `json:"runner_up_median_error"`
	RunnerUpP90      *float64 `json:"runner_up_p90_error"`
	CrossoverBeyond  *float64 `json:"crossover"` // x beyond which the two differ by more than a factor of 2
	ExtrapolatedTill float64  `json:"until"`     // 1000·xmax, to which extrapolated_class applies
}

// A ProviderAnswer is a model's last answer, kept also when it was rejected.
type ProviderAnswer struct {
	TypeOfEquation string   `json:"type_of_equation"`
	UpperBound     string   `json:"upper_bound"` // as the model wrote it
	Complexity     string   `json:"complexity"`
	Reasoning      string   `json:"reasoning"`
	Confidence     *float64 `json:"confidence"`
	Model          string   `json:"model"` // as the server named it
	Fingerprint    string   `json:"fingerprint"`
	Repairs        []string `json:"repairs"`
	Verdict        string   `json:"verdict"`
	Objection      *string  `json:"objection"`
	Asked          int      `json:"asked"` // answers it took, re-asks included
	InputTokens    int      `json:"input_tokens"`
	OutputTokens   int      `json:"output_tokens"` // of all answers, reasoning included
}
