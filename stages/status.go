package stages

import "github.com/concluder/concluder/pipeline"

// Status reads what is remembered of the pipeline. It takes no lock and works
// during a run.
func (s *Session) Status() (*pipeline.Status, error) {
	opt, err := s.options()
	if err != nil {
		return nil, err
	}
	return pipeline.ReadStatus(s.Plan, opt)
}
