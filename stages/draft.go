package stages

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/concluder/concluder/pipeline"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A Draft is a pipeline file for the measurements of a folder.
type Draft struct {
	Text         []byte
	Instances    int
	Measurements string // where they lie: "data/${instance}.json"
	Equation     string // likewise; "" where no equations were found
	X, Y         string // the fields that were taken for size and cost
}

// NewDraft looks for measurements in the folder of a pipeline file that is yet
// to be written, and drafts it: commented, in the canonical style, and valid.
// It writes nothing. The error is a *NoMeasurementsError where there are none.
func NewDraft(file string) (*Draft, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	f, err := findMeasurements(filepath.Dir(abs))
	if err != nil {
		return nil, err
	}
	text, err := pipeline.Format([]byte(f.text(filepath.Base(filepath.Dir(abs)))))
	if err != nil {
		return nil, fmt.Errorf("the draft does not parse: %w", err)
	}
	// What a name can do to a file is found here rather than by the first run.
	sources := pipeline.Sources{file: text}
	env := &environ{}
	if _, diags := pipeline.Load(file, env.kinds(), pipeline.Input{Sources: sources}); diags.HasErrors() {
		return nil, &FileError{Diagnostics: diags, sources: sources}
	}
	return &Draft{Text: text, Instances: f.instances, Measurements: f.measurements(), Equation: f.equation, X: f.x, Y: f.y}, nil
}

// Write writes the draft to a new file. The error is fs.ErrExist where there
// is one already, which stays as it is.
func (d *Draft) Write(file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(d.Text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(file)
	}
	return err
}

func (f *found) measurements() string {
	if f.folder == "." {
		return instanceMark + f.ext
	}
	return f.folder + "/" + instanceMark + f.ext
}

// text is the draft as people read it, but for its layout.
func (f *found) text(folder string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# How does each of these grow, and what bounds it?")
	line("#   concluder validate   finds every mistake in this file")
	line("#   concluder plan       says what a run would do")
	line("#   concluder run        does what is not up to date, and writes results/")
	line("")
	line("pipeline %s {", quoteHCL(labelOf(folder)))
	line("instances = stems(%s) # every file is an instance; a list will do as well: [\"a\", \"b\"]", quoteHCL(strings.Replace(globEscaped(f.measurements()), globEscaped(instanceMark), "*", 1)))
	line("}")
	line("")
	for _, o := range f.otherFolders {
		line("# There are measurements in %s too.", strings.ReplaceAll(o, "\n", " "))
	}
	line("stage \"load\" \"points\" {")
	line("measurements = %s", quotePath(f.measurements()))
	line("x = %s # the size", quoteHCL(f.x))
	line("y = %s # what grows with it", quoteHCL(f.y))
	if others := len(f.fields) - 2; others > 0 {
		line("# the other fields: %s", strings.Join(f.otherFields(), ", "))
	}
	if f.equation != "" {
		line("equation = %s # fitted before; without it one is fitted here", quotePath(f.equation))
	}
	line("# limit = 3600 # of the measurements, in the unit of y: what took longer is missing")
	line("}")
	b.WriteString(draftRest)
	return b.String()
}

func (f *found) otherFields() []string {
	var names []string
	for _, n := range f.fields {
		if n != f.x && n != f.y {
			names = append(names, quoteHCL(n))
		}
	}
	return names
}

// draftRest is the same for all data.
const draftRest = `
# Without a provider the built-in analysis concludes: no key, no network.
# To ask a model, uncomment this, and the two lines in the stage below.
#
# provider "openai" "model" {
#   base_url    = "http://127.0.0.1:11434/v1" # any OpenAI-compatible server
#   model       = "llama3.1"
#   api_key_env = "LLM_API_KEY" # the variable that holds the key; leave it out where none is needed
# }
#
# provider "analytic" "builtin" {}

stage "conclude" "bound" {
  dataset = stage.load.points
  # provider = provider.openai.model
  # fallback = provider.analytic.builtin # concludes where the model's answer is rejected
}

stage "plot" "comparison" {
  dataset    = stage.load.points
  conclusion = stage.conclude.bound
  formats    = ["svg"] # or "png", or both
}

stage "summarize" "report" {
  conclusions = stage.conclude.bound
  plots       = stage.plot.comparison
}
`

// labelOf makes a folder's name an identifier.
func labelOf(folder string) string {
	label := strings.Map(func(r rune) rune {
		if hclsyntax.ValidIdentifier("a" + string(r)) {
			return r
		}
		return '-'
	}, folder)
	label = strings.Trim(label, "-")
	if !hclsyntax.ValidIdentifier(label) {
		return "growth"
	}
	return label
}

// quoteHCL writes a quoted string in which nothing is interpolated.
func quoteHCL(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quotePath writes a path in which the mark alone is interpolated.
func quotePath(path string) string {
	parts := strings.Split(path, instanceMark)
	for i, p := range parts {
		q := quoteHCL(p)
		parts[i] = q[1 : len(q)-1]
	}
	return `"` + strings.Join(parts, instanceMark) + `"`
}

// globEscaped makes a path a pattern that matches only itself.
func globEscaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
