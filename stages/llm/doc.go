// Package llm asks language models in bulk: no paid answer is lost, no rate
// limit wasted, no nonsense accepted.
package llm
