package pipeline

import (
	"fmt"
	"slices"
	"strings"
)

// An AddressError says that a text names no node of a plan.
type AddressError struct {
	Text string
	Why  string
}

func (e *AddressError) Error() string { return fmt.Sprintf("%q names no node: %s", e.Text, e.Why) }

// FindNode returns the node that people call "load.points/6s0", or "load.points"
// where the stage is aggregate. As in a pipeline file "stage." may come before.
// Everything after the first slash is the instance's name, whatever is in it.
// The error is an *AddressError or an *InstanceError.
func (p *Plan) FindNode(text string) (stage *Stage, instance string, err error) {
	address, instance, named := strings.Cut(strings.TrimPrefix(text, "stage."), "/")
	i := slices.IndexFunc(p.Stages, func(s *Stage) bool { return s.Address() == address })
	if i < 0 {
		addresses := make([]string, len(p.Stages))
		for i, s := range p.Stages {
			addresses[i] = s.Address()
		}
		why := fmt.Sprintf("there is no stage %q, only %s", address, someOf(addresses))
		if near := nearest(address, addresses); near != "" {
			why = fmt.Sprintf("there is no stage %q; did you mean %q?", address, near)
		}
		return nil, "", &AddressError{text, why}
	}
	stage = p.Stages[i]
	switch {
	case stage.PerInstance && !named:
		why := address + " has a node for each instance"
		if len(p.Instances) > 0 {
			why += fmt.Sprintf(": name one, such as %s/%s", address, p.Instances[0])
		}
		return nil, "", &AddressError{text, why}
	case !stage.PerInstance && named:
		return nil, "", &AddressError{text, fmt.Sprintf("%s has one node for all instances: leave out /%s", address, instance)}
	case stage.PerInstance && !slices.Contains(p.Instances, instance):
		return nil, "", &InstanceError{instance, nearest(instance, p.Instances)}
	}
	return stage, instance, nil
}
