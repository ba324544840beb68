package pipeline

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// deepest is how deep expressions may nest. The parser and the evaluation call
// themselves for every level, and a stack that overflows ends the program.
const deepest = 1000

// tooDeep returns an error where an expression nests too deep. Brackets,
// templates and operators count, because a chain of operators is a deep tree.
func tooDeep(src []byte, name string) *hcl.Diagnostic {
	n := 0
	for _, c := range []byte("([{!-?+*/%<>=&|$") {
		n += bytes.Count(src, []byte{c})
	}
	if n < deepest {
		return nil
	}
	// What the lexer finds wrong the parser will report.
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	levels := []int{0} // operators since the last separator, for each open bracket
	depth := 0
	for _, t := range tokens {
		top := len(levels) - 1
		switch t.Type {
		case hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenOBrace, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			levels = append(levels, 0)
			depth++
		case hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenCBrace, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc,
			hclsyntax.TokenTemplateSeqEnd:
			depth -= levels[top]
			if top > 0 {
				levels = levels[:top]
				depth--
				// An index or a call is a level of what it is applied to.
				if t.Type != hclsyntax.TokenCQuote {
					levels[top-1]++
					depth++
				}
			} else {
				levels[0] = 0
			}
		case hclsyntax.TokenComma, hclsyntax.TokenNewline:
			depth -= levels[top]
			levels[top] = 0
		case hclsyntax.TokenIdent, hclsyntax.TokenNumberLit, hclsyntax.TokenStringLit, hclsyntax.TokenQuotedLit, hclsyntax.TokenComment:
		default:
			levels[top]++
			depth++
		}
		if depth > deepest {
			return &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  fmt.Sprintf("this expression nests more than %d deep", deepest),
				Subject:  &t.Range,
			}
		}
	}
	return nil
}
