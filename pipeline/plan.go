package pipeline

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// A Plan is a pipeline file, read and checked: nothing in it can turn out to be
// wrong any more except the world outside. It is immutable and may be used
// from several goroutines.
type Plan struct {
	Name       string // the pipeline block's label
	File       string // absolute path of the pipeline file
	Dir        string // its folder; relative paths start here
	ResultsDir string // absolute
	Journal    string // absolute; "" when the file does not say
	MaxWorkers int    // 0: as many as CPUs
	BatchSize  int    // 0: all
	BatchAuto  bool
	Instances  []string // in file order, each once
	Stages     []*Stage // every stage after the stages it depends on; else file order
	Providers  []*Provider

	// What shaped the plan beside the variables: a plan stays as it is while
	// these do. Reads is sorted; it includes the pipeline file itself.
	Reads []string // absolute paths of the files whose content was read
	Globs []Glob   // listings, each once, in the order first read

	twins map[string]string // file names of instances that differ only in case; in a compiled plan all that differ from the instance's name

	compiled *compilation // nil where the evaluation of a node gave a warning, which only another evaluation gives again
}

// A Glob is a listing of files that the pipeline file asked for with stems.
type Glob struct {
	Pattern string // as the pipeline file says it
	Dir     string // absolute folder in which the first part with a wildcard is matched
}

// FileName returns an instance's name made safe as one path element, unique
// among the plan's instances even on file systems that ignore case.
func (p *Plan) FileName(instance string) string {
	if f, ok := p.twins[instance]; ok {
		return f
	}
	return fileName(instance)
}

// A Stage is a stage block, checked.
type Stage struct {
	Kind        *Kind
	Name        string
	PerInstance bool
	Prefix      string // see Place
	Deps        []Dep  // sorted by attribute, then by position in the attribute
	DefRange    hcl.Range

	node func(instance string) (*NodeSpec, hcl.Diagnostics)
}

// Address is how people name a stage: "load.points".
func (s *Stage) Address() string { return s.Kind.Name + "." + s.Name }

// A Dep is an edge from a stage to one it refers to.
type Dep struct {
	Attr   string // the attribute that holds the reference
	Stage  *Stage
	Output string // for a reference to one output: its name; "" for the whole stage
	Pos    int    // position in the attribute: among all elements of a list, 0 otherwise
	Range  hcl.Range
}

// Node evaluates the attributes of one node. Load has called it for every node
// once, so diagnostics are only possible where the world changed since.
func (s *Stage) Node(instance string) (*NodeSpec, hcl.Diagnostics) { return s.node(instance) }

// A NodeSpec is a node's attributes, evaluated. It shares memory with other
// nodes' and is not to be modified: Settings and Providers that lie in the same
// place are taken for the same.
type NodeSpec struct {
	Settings  []SettingValue // Setting and Hidden, sorted by name; every declared attribute, null when absent
	Inputs    []InputFile    // sorted by attribute, then by position
	Outputs   []Output       // sorted by name
	Providers []ProviderUse  // sorted by attribute

	// Eval evaluates an attribute anew with other output paths, given by name;
	// nil unless an attribute uses ${output.NAME} or another stage's output.
	Eval func(attr string, outputs map[string]string) (cty.Value, error)
}

// A SettingValue is one setting of a node.
type SettingValue struct {
	Name  string
	Value cty.Value
	Keyed bool // part of the node's key
}

// An InputFile is one file that a node reads, by a path in the pipeline file.
// Outputs of other stages are not among them: those are Deps.
type InputFile struct {
	Attr string // the attribute; "file()" for a file that an expression read
	Path string // absolute
	Show string // as the pipeline file says it
	Pos  int    // position in the attribute: among all elements of a list, 0 otherwise
}

// A ProviderUse is a provider that a node names.
type ProviderUse struct {
	Attr     string
	Provider *Provider
	Keyed    []SettingValue // the provider's settings that are part of the key
}
