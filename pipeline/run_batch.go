package pipeline

import (
	"fmt"

	"github.com/concluder/concluder/pipeline/resource"
)

// batch_size = "auto": how many instances are admitted at a time follows what
// they can use and what the machine can carry.
//
//   - never more than twice what can be at work, on the CPU slots and at the
//     providers as their limits are now: as many again are there to follow
//   - while memory is scarce (resource.Reading.Scarce) half as many at each
//     reading, down to one; those that are admitted stay
//   - while there is far more (resource.Reading.Roomy) as many more at each
//     reading as there are CPU slots
//   - else nothing changes
//
// Falling by half and rising by steps keeps the memory in use under the edge:
// at rest between scarce and roomy, or rising and falling below it where one
// step is more than that.

// mostAdmitted is how many instances can be of use at a time.
func mostAdmitted(workers, asking int) int { return 2 * (workers + asking) }

// nextBatch is how many instances are to be admitted after a reading, and why;
// the same as before where nothing changes.
func nextBatch(size, workers, asking int, m resource.Reading) (int, string) {
	for _, s := range m.Scarce() {
		if s.What == "memory" {
			return max(1, size/2), "memory is short: " + s.Short
		}
	}
	most := mostAdmitted(workers, asking)
	use := fmt.Sprintf("%s and %s at the providers can be at work at once", counted(workers, "worker"), counted(asking, "request"))
	switch {
	case size > most+most/10: // a limit that only trembles is followed later
		return most, use
	case size < most && m.Roomy():
		return min(most, size+workers), "there is room: " + use
	}
	return size, ""
}

// asking is how many requests may be at the providers at once.
func (r *run) asking() int {
	if r.opts.Asking == nil {
		return cap(r.slots.places)
	}
	return min(max(0, r.opts.Asking()), cap(r.slots.places))
}

// adaptBatch does what the reading asks for.
func (r *run) adaptBatch(m resource.Reading) {
	size, why := nextBatch(r.window, r.workers, r.asking(), m)
	if size != r.window {
		r.window = size
		r.emit(Event{Event: EventBatch, Total: size, Reason: why})
	}
}
