package store

// Retain forgets every record that keep does not want, rewrites the log
// without them, and returns how many there were. The state was opened by
// OpenState.
func (s *State) Retain(keep func(stage, instance string) bool) (forgotten int, err error) {
	if err := s.Flush(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	for i, stage := range s.names {
		for id, p := range s.nodes[i] {
			if p != 0 && !keep(stage, s.strs.all[id]) {
				s.nodes[i][id] = 0
				forgotten++
			}
		}
	}
	s.mu.Unlock()
	if forgotten == 0 {
		return 0, nil
	}
	if err := s.out.f.Close(); err != nil {
		return 0, err
	}
	return forgotten, s.compact()
}
