package pipeline

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format lays a pipeline file out in the canonical style: two spaces, aligned
// equals signs. Comments stay. The error of a text that does not parse is
// hcl.Diagnostics, whose ranges carry the file name "".
func Format(src []byte) ([]byte, error) {
	if d := tooDeep(src, ""); d != nil {
		return nil, hcl.Diagnostics{d}
	}
	if _, diags := hclsyntax.ParseConfig(src, "", hcl.InitialPos); diags.HasErrors() {
		diags = plainAll(diags)
		sortDiagnostics(diags)
		return nil, diags
	}
	return hclwrite.Format(src), nil
}
