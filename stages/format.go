package stages

import (
	"errors"

	"github.com/concluder/concluder/pipeline"
	"github.com/hashicorp/hcl/v2"
)

// Format lays the text of a pipeline file out in the canonical style; the
// file's name is for messages. A text that does not parse is a *FileError.
func Format(file string, text []byte) ([]byte, error) {
	out, err := pipeline.Format(text)
	var diags hcl.Diagnostics
	if !errors.As(err, &diags) {
		return out, err
	}
	for _, d := range diags {
		for _, r := range []*hcl.Range{d.Subject, d.Context} {
			if r != nil {
				r.Filename = file
			}
		}
	}
	return nil, &FileError{Diagnostics: diags, sources: pipeline.Sources{file: text}}
}
