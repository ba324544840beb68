package stages

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/concluder/concluder/pipeline"
	"github.com/hashicorp/hcl/v2"
)

// Recording returns the file that a provider answers from instead of a server,
// and whether there is one.
func Recording(p *pipeline.Provider) (path string, ok bool) {
	path = settings(p.Settings).text("replay")
	return path, path != ""
}

// Ready looks for what a run needs beside a pipeline file without mistakes: the
// recordings that providers answer from. What is missing is a *FileError. Run
// begins with it; a session can do without for all that asks no provider, such
// as an export to the very file.
func (s *Session) Ready() error {
	var missing hcl.Diagnostics
	for _, p := range s.Plan.Providers {
		path, ok := Recording(p)
		if !ok {
			continue
		}
		why := ""
		st, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			why = "there is no such file"
		case err != nil:
			why = cause(err).Error()
		case st.IsDir():
			why = "it is a folder"
		default:
			continue
		}
		at := p.At["replay"]
		missing = append(missing, &hcl.Diagnostic{
			Severity: hcl.DiagError, Subject: &at,
			Summary: fmt.Sprintf("provider %q cannot answer from the recording %s: %s", p.Name, path, why),
			Detail:  "Name a file that `concluder export journal` wrote, or take replay out to ask the server.",
		})
	}
	if len(missing) > 0 {
		return &FileError{Diagnostics: missing, sources: s.warnings.sources}
	}
	return nil
}
