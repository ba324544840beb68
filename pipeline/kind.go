package pipeline

import (
	"context"

	"github.com/zclconf/go-cty/cty"
)

// A Kind is what a stage block's first label names: "load", "plot", "exec".
// The program passes its kinds to Load; this package has none of its own.
//
// A Kind is declarative so that one walk over its attributes finds every
// mistake in a pipeline file, digests every setting and names every edge.
type Kind struct {
	Name    string
	Version string // part of every node's key: raise it when the same inputs give other outputs
	Scope   Scope

	Attributes []Attribute

	// Outputs declares the files of a node whose kind fixes them. It is nil
	// for a kind whose outputs are declared in the file (Role OutputMap).
	Outputs func(Place) []Output

	// Run does the node's work: it reads t's inputs and writes every declared
	// output, with t.Write or to the private path that t.Output gives. An error
	// fails the node, except where it is a *PauseError, *StopError,
	// *DrainedError or *ProvisionalError. Once ctx has ended it has a few
	// seconds to return; then the run goes on to its end without it.
	Run func(ctx context.Context, t *Task) error

	// Failed, when set, writes the outputs of a node that could not do its
	// work: Run failed or panicked with err, or a node it depends on did.
	// They are published, and the node stays stale.
	Failed func(t *Task, err error) error

	// Partial says that an aggregate node runs whatever became of the nodes
	// it depends on, once none of them will change any more in this run.
	Partial bool
}

// Scope says whether a kind's stages have a node for each instance.
type Scope int

const (
	PerInstance Scope = iota
	Aggregate
	// Either is per instance where the block mentions `instance` or refers to
	// a per-instance stage, unless it says per_instance = false. The attribute
	// per_instance is the language's: such a kind does not declare it.
	Either
)

// Role says what an attribute's value means to the graph and to the key.
type Role int

const (
	Setting     Role = iota // changes what comes out: part of the key
	Hidden                  // changes only how the work is done (limits, timeouts, prices): not part of the key
	InputPath               // a file to read: its digest is part of the key, and so is its absence; may be a reference to another stage's output. Of a provider (Type string): absolute in Settings, and an input of the nodes that use it
	InputPaths              // a list of such
	OutputMap               // name = path, the files the node writes
	StageRef                // one bare reference to a stage
	StageRefs               // one or a list of them
	ProviderRef             // a bare reference to a provider; its Setting attributes are part of the key. Where Required and absent it is the only provider declared, or the implicit one
)

// An Attribute of a stage kind, or of a provider kind.
type Attribute struct {
	Name     string
	Role     Role
	Type     cty.Type // of the value for Setting and Hidden; ignored for other roles
	Required bool
	Default  cty.Value // cty.NilVal for none; then an absent attribute is null

	Kinds []string // StageRef(s): kinds that may be named here

	// UsesOutput allows ${output.NAME}: the declared path in the key, the
	// private one when the node runs. It also allows an output of another
	// stage, stage.KIND.NAME.OUTPUT, anywhere in the expression: its declared
	// path, and an edge (a Dep with this attribute). For Setting and Hidden.
	UsesOutput bool

	// ByCommand says of an OutputMap that what writes the files learns their
	// paths from attributes with UsesOutput alone: one that is in none of them
	// is a mistake.
	ByCommand bool

	// Check, when set, judges a known value that is not null, after its
	// conversion to Type. Its message says what was expected: `must be at
	// least 1`. AtLeast, OneOf, DurationText and others make such checks.
	Check func(cty.Value) error
}

// A ProviderKind is what a provider block's first label names.
type ProviderKind struct {
	Name string
	// Default says that a provider of this kind named "builtin" exists without
	// being declared, and stands in where a pipeline file declares no provider.
	// At most one kind says so, and none of its attributes is Required.
	Default    bool
	Attributes []Attribute
	Blocks     []Block // nested blocks, at most one of each
}

// A Block nested in a provider block; its attributes are read as "limits.in_flight".
type Block struct {
	Name       string
	Attributes []Attribute
}

// Kinds is everything a program knows how to do.
type Kinds struct {
	Stages    []Kind
	Providers []ProviderKind
}

// A Place tells a kind where a node's outputs may lie.
type Place struct {
	Instance string // "" for an aggregate node
	File     string // the instance's name made safe as one path element
	// Prefix is "" for the main stage of its kind (the first that an
	// aggregate stage refers to, else the first in the file) and "NAME/" for
	// the others, so that no two stages write one path.
	Prefix   string
	Settings map[string]cty.Value
}

// An Output is a file that a node writes.
type Output struct {
	Name string // logical name, unique within the node
	Path string // slash-separated; relative to results_dir, or to the pipeline file's folder for OutputMap
}
