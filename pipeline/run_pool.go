package pipeline

// A pool calls functions in goroutines that it uses again: a new one begins with
// a small stack, and to run a node grows it several times over.
type pool struct{ work chan func() }

func newPool() pool { return pool{make(chan func())} }

// call calls f in a goroutine that has nothing to do, or else in a new one. f
// may end its goroutine, or never return.
func (p pool) call(f func()) {
	select {
	case p.work <- f:
	default:
		go func() {
			f()
			for f := range p.work {
				f()
			}
		}()
	}
}

// close lets the goroutines end. Nobody calls call any more.
func (p pool) close() { close(p.work) }
