package pipeline

// A pool hands nodes to goroutines that it uses again: a new one begins with a
// small stack, and to run a node grows it several times over.
type pool struct {
	work   chan *holder
	worker func(*holder) // may end its goroutine, or never return
}

func newPool(worker func(*holder)) pool { return pool{make(chan *holder), worker} }

// hand hands a node to a goroutine that has nothing to do, or else to a new one.
func (p pool) hand(h *holder) {
	select {
	case p.work <- h:
	default:
		go func() {
			p.worker(h)
			for h := range p.work {
				p.worker(h)
			}
		}()
	}
}

// close lets the goroutines end. Nobody calls hand any more.
func (p pool) close() { close(p.work) }
