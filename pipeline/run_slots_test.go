package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// most counts how many are inside at once.
type most struct{ now, max atomic.Int32 }

func (m *most) enter() func() {
	n := m.now.Add(1)
	for old := m.max.Load(); n > old && !m.max.CompareAndSwap(old, n); old = m.max.Load() {
	}
	return func() { m.now.Add(-1) }
}

// asking makes conclude wait on a network for a second.
func (w *world) asking(network *most) {
	w.when("conclude", func(ctx context.Context, task *Task) error {
		err := task.Idle(ctx, func(ctx context.Context) error {
			defer network.enter()()
			time.Sleep(time.Second)
			return nil
		})
		return errors.Join(err, w.writeAll(task))
	})
}

func TestIdleHoldsNoSlot(t *testing.T) {
	tests := []struct {
		waiting int
		seconds float64
		network int32
	}{
		{0, 1, 6}, // all at once, though there is one CPU slot
		{3, 2, 3},
		{1, 6, 1},
	}
	for _, test := range tests {
		w := newWorld(t, "a", "b", "c", "d", "e", "f")
		w.opts.MaxWorkers, w.opts.MaxWaiting = 1, test.waiting
		synctest.Test(t, func(t *testing.T) {
			var network, cpu most
			w.asking(&network)
			w.when("plot", func(_ context.Context, task *Task) error {
				defer cpu.enter()()
				return w.writeAll(task)
			})
			start := time.Now()
			_, out, err := w.try()
			if err != nil || out.Executed != 19 {
				t.Fatalf("%+v, %v", out, err)
			}
			// The clock moves only while everything waits.
			if took := time.Since(start).Seconds(); took != test.seconds || network.max.Load() != test.network || cpu.max.Load() != 1 {
				t.Errorf("at most %d waiting: took %v s, %d on the network, %d on the CPU; want %v, %d, 1",
					test.waiting, took, network.max.Load(), cpu.max.Load(), test.seconds, test.network)
			}
		})
	}
}

// With all places on the network taken, other kinds get the CPU.
func TestFullNetworkLeavesTheCPUToOthers(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d")
	w.opts.MaxWorkers, w.opts.MaxWaiting = 2, 1
	other := w.stage("draw", "data", true, Dep{Attr: "dataset", Stage: w.plan.Stages[0]})
	synctest.Test(t, func(t *testing.T) {
		var network most
		w.asking(&network)
		start := time.Now()
		var last time.Duration
		var mu sync.Mutex
		w.when(other.Kind.Name, func(_ context.Context, task *Task) error {
			mu.Lock()
			last = time.Since(start)
			mu.Unlock()
			return w.writeAll(task)
		})
		if _, out, err := w.try(); err != nil || out.Failed > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
		if last > time.Second {
			t.Errorf("the last drawing was made after %v: they waited for the network", last)
		}
	})
}

func TestIdleInSeveralGoroutines(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers = 1
	synctest.Test(t, func(t *testing.T) {
		w.when("conclude", func(ctx context.Context, task *Task) error {
			var wg sync.WaitGroup
			for i := range 5 {
				wg.Go(func() {
					if err := task.Idle(ctx, func(context.Context) error {
						time.Sleep(time.Duration(i+1) * time.Second)
						return nil
					}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			return w.writeAll(task)
		})
		start := time.Now()
		if _, out, err := w.try(); err != nil || out.Executed != 7 {
			t.Fatalf("%+v, %v", out, err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %v, want 5 s", took)
		}
	})
}

func TestIdleEndsWithTheRun(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.MaxWorkers, w.opts.MaxWaiting = 2, 1
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w.when("conclude", func(ctx context.Context, task *Task) error {
			return task.Idle(ctx, func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			})
		})
		time.AfterFunc(time.Minute, cancel)
		out, err := Run(ctx, w.plan, w.opts)
		if err != nil || !out.Interrupted || out.Failed > 0 {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

func TestIdlePassesErrorsAndPanics(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers = 1
	w.when("conclude", func(ctx context.Context, task *Task) error {
		return task.Idle(ctx, func(context.Context) error {
			if task.Instance == "a" {
				panic("in the network")
			}
			return errors.New("refused")
		})
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if got := w.errorOf(out, "conclude/a"); got != "panic: in the network" {
		t.Errorf("conclude/a: %q", got)
	}
	if got := w.errorOf(out, "conclude/b"); got != "refused" {
		t.Errorf("conclude/b: %q", got)
	}
}

func TestInstancesInOrderDepthFirst(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.MaxWorkers = 1
	if _, _, err := w.try(); err != nil {
		t.Fatal(err)
	}
	w.opts.Force = true
	var order []string
	w.opts.Observe = func(e Event) {
		if e.Event == EventNodeStarted {
			kind, _, _ := strings.Cut(e.Stage, ".")
			order = append(order, kind+"/"+e.Instance)
		}
	}
	w.try()
	want := "load/a conclude/a plot/a load/b conclude/b plot/b load/c conclude/c plot/c report/"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("order %s\nwant  %s", got, want)
	}
}

// A window of n admits n instances; others wait even where slots are free.
func TestBatchIsASlidingWindow(t *testing.T) {
	for batch, want := range map[int]float64{1: 6, 2: 3, 3: 2, 4: 2, 6: 1, 0: 1} {
		w := newWorld(t, "a", "b", "c", "d", "e", "f")
		w.opts.MaxWorkers, w.opts.BatchSize = 8, batch
		synctest.Test(t, func(t *testing.T) {
			var network most
			w.asking(&network)
			start := time.Now()
			if _, out, err := w.try(); err != nil || out.Executed != 19 {
				t.Fatalf("%+v, %v", out, err)
			}
			if took := time.Since(start).Seconds(); took != want {
				t.Errorf("batch of %d: took %v s, want %v", batch, took, want)
			}
			if batch > 0 && network.max.Load() > int32(batch) {
				t.Errorf("batch of %d: %d at once", batch, network.max.Load())
			}
		})
	}
}

func TestReadyQueue(t *testing.T) {
	q := newReadyQueue(3)
	for _, i := range []int{5, 3, 9, 1, 7} {
		q.push(1, i)
		q.push(0, i+1)
	}
	q.push(2, 3)
	q.push(2, -1)
	every := func(int) bool { return true }
	var got []int
	for q.n > 0 {
		s, ok := q.next(every)
		if !ok {
			t.Fatal("a queue that is not empty gave nothing")
		}
		got = append(got, 10*q.pop(s)+s)
	}
	last := -100
	for _, g := range got {
		if g/10 < last/10 {
			t.Errorf("order %v", got)
		}
		last = g
	}
	if got[0] != -8 || len(got) != 12 || got[2] != 20 || got[3] != 32 || got[4] != 31 {
		t.Errorf("order %v", got)
	}
	q.push(1, 4)
	if _, ok := q.next(func(s int) bool { return s != 1 }); ok || q.n != 1 {
		t.Error("a stage that may not start was given")
	}
}

// However many nodes have begun, code of kinds runs in max_workers of them, hooks
// included; and nothing starts any more that waited for a slot when the run
// stopped.
func TestSlotsBoundKinds(t *testing.T) {
	w := newWorld(t, strings.Split("abcdefghijkl", "")...)
	w.opts.MaxWorkers = 2
	synctest.Test(t, func(t *testing.T) {
		var cpu most
		work := func(_ context.Context, task *Task) error {
			defer cpu.enter()()
			time.Sleep(time.Second)
			if task.Instance == "c" {
				return errors.New("no")
			}
			return w.writeAll(task)
		}
		for _, kind := range []string{"load", "conclude", "plot"} {
			w.when(kind, work)
		}
		hook := w.kinds["conclude"]
		hook.Failed = func(task *Task, _ error) error {
			defer cpu.enter()()
			time.Sleep(time.Second)
			return w.writeAll(task)
		}
		start := time.Now()
		_, out, err := w.try()
		if err != nil {
			t.Fatal(err)
		}
		// 11 instances of three nodes and one load that fails, with the hook of a
		// conclude that is skipped: 35 s of work, two at a time.
		if took := time.Since(start); cpu.max.Load() != 2 || took != 18*time.Second {
			t.Errorf("%d kinds were at work at once, and it took %v; %+v", cpu.max.Load(), took, out)
		}
	})

	w = newWorld(t, strings.Split("abcdefghijkl", "")...)
	w.opts.MaxWorkers = 2
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int32
		w.when("load", func(_ context.Context, task *Task) error {
			started.Add(1)
			time.Sleep(time.Second)
			if task.Instance == "a" {
				return &StopError{errors.New("refused")}
			}
			time.Sleep(time.Second)
			return w.writeAll(task)
		})
		_, out, err := w.try()
		if err != nil || out.Stopped == nil || started.Load() != 2 {
			t.Errorf("%d nodes started, want the two that had a slot; %+v, %v", started.Load(), out, err)
		}
	})
}

// An input that is edited while a node waits for a slot is read as it is then,
// once.
func TestEditedWhileWaitingForASlot(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d")
	w.opts.MaxWorkers = 2
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		ran := map[string]int{}
		w.when("load", func(_ context.Context, task *Task) error {
			mu.Lock()
			ran[task.Instance]++
			mu.Unlock()
			time.Sleep(time.Second)
			return w.writeAll(task)
		})
		time.AfterFunc(time.Second/2, func() { w.write("data/c", "edited while it waits") })
		if _, out, err := w.try(); err != nil || out.Failed > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
		if ran["c"] != 1 || ran["d"] != 1 {
			t.Errorf("load ran %v times", ran)
		}
	})
	if got := w.read("results/plot/c.txt"); !strings.Contains(got, "edited while it waits") {
		t.Errorf("plot/c.txt holds %q", got)
	}
}

// Nodes that would only wait for a place on the network are not begun instead of
// others, and hold no CPU slot while they wait.
func TestWaitingForAPlaceHoldsNoSlot(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d", "e", "f", "g", "h")
	w.opts.MaxWorkers, w.opts.MaxWaiting = 2, 1
	other := w.stage("draw", "data", true, Dep{Attr: "dataset", Stage: w.plan.Stages[0]})
	synctest.Test(t, func(t *testing.T) {
		var network most
		w.asking(&network)
		start := time.Now()
		var last atomic.Int64
		w.when(other.Kind.Name, func(_ context.Context, task *Task) error {
			time.Sleep(time.Second / 2)
			last.Store(int64(time.Since(start)))
			return w.writeAll(task)
		})
		if _, out, err := w.try(); err != nil || out.Failed > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
		// Eight seconds on the network, one by one, and four of drawing, two at a
		// time: a few of them before, the others meanwhile.
		if drawn := time.Duration(last.Load()); drawn > 3*time.Second {
			t.Errorf("the last drawing was ready after %v", drawn)
		}
		if took := time.Since(start); took > 9*time.Second || network.max.Load() != 1 {
			t.Errorf("took %v, %d at once on the network", took, network.max.Load())
		}
	})
}

// A goroutine of a kind that is still in Idle when that has panicked takes
// nothing any more.
func TestIdleAfterThePanic(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d")
	w.opts.MaxWorkers = 1
	synctest.Test(t, func(t *testing.T) {
		late := make(chan error, 1)
		w.when("load", func(ctx context.Context, task *Task) error {
			if task.Instance != "a" {
				return w.writeAll(task)
			}
			in := make(chan struct{})
			go func() {
				late <- task.Idle(ctx, func(context.Context) error {
					close(in)
					time.Sleep(time.Second)
					return nil
				})
			}()
			<-in
			panic("meanwhile")
		})
		w.when("plot", func(_ context.Context, task *Task) error {
			time.Sleep(time.Second)
			return w.writeAll(task)
		})
		_, out, err := w.try()
		if err != nil || out.Executed != 10 || out.Failed != 1 {
			t.Errorf("%+v, %v", out, err)
		}
		if err := <-late; err == nil {
			t.Error("Idle came back to a node that had ended as if nothing had happened")
		}
	})
}

// What follows on a node that took long goes before other such nodes, so that
// finished instances show early.
func TestLongNodesDoNotBeginAhead(t *testing.T) {
	w := newWorld(t, strings.Split("abcdefghijkl", "")...)
	w.opts.MaxWorkers = 4
	synctest.Test(t, func(t *testing.T) {
		var plotted atomic.Int32
		w.when("load", func(_ context.Context, task *Task) error {
			time.Sleep(2 * time.Second)
			return w.writeAll(task)
		})
		w.when("plot", func(_ context.Context, task *Task) error {
			time.Sleep(time.Millisecond)
			plotted.Add(1)
			return w.writeAll(task)
		})
		for k := range 3 {
			time.AfterFunc(time.Duration(k)*2*time.Second+2500*time.Millisecond, func() {
				if got, want := int(plotted.Load()), 4*(k+1); got != want {
					t.Errorf("after %d rounds of loading %d instances are finished, want %d", k+1, got, want)
				}
			})
		}
		if _, out, err := w.try(); err != nil || out.Executed != 37 {
			t.Fatalf("%+v, %v", out, err)
		}
	})
}

// Nor does one that waits for a slot to come back from Idle keep the run from
// ending the node.
func TestBackAfterThePanic(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers = 1
	synctest.Test(t, func(t *testing.T) {
		late := make(chan error, 1)
		w.when("load", func(ctx context.Context, task *Task) error {
			if task.Instance == "b" {
				time.Sleep(5 * time.Second) // with the slot
				return w.writeAll(task)
			}
			go func() {
				late <- task.Idle(ctx, func(context.Context) error {
					time.Sleep(time.Second)
					return nil
				})
			}()
			time.Sleep(2 * time.Second)
			panic("meanwhile")
		})
		_, out, err := w.try()
		if err != nil || out.Executed != 4 || out.Failed != 1 {
			t.Errorf("%+v, %v", out, err)
		}
		if err := <-late; err == nil {
			t.Error("Idle came back to a node that had ended as if nothing had happened")
		}
	})
}

// Instances are finished one after the other, however long their stages take:
// few are at work at a time.
func TestDepthFirst(t *testing.T) {
	for _, long := range []string{"", "load", "conclude", "plot"} {
		t.Run(long, func(t *testing.T) {
			w := newWorld(t, someInstances(30)...)
			w.plan.MaxWorkers = 2
			var mu sync.Mutex
			open, most := map[string]bool{}, 0
			for _, kind := range []string{"load", "conclude", "plot"} {
				w.when(kind, func(_ context.Context, task *Task) error {
					time.Sleep(time.Millisecond)
					if kind == long {
						time.Sleep(time.Second)
					}
					mu.Lock()
					defer mu.Unlock()
					open[task.Instance] = true
					most = max(most, len(open))
					if kind == "plot" {
						delete(open, task.Instance)
					}
					return w.writeAll(task)
				})
			}
			synctest.Test(t, func(t *testing.T) {
				if _, out, err := w.try(); err != nil || out.Executed != 91 {
					t.Fatalf("%+v, %v", out, err)
				}
			})
			if most > 6 {
				t.Errorf("%d instances were at work at a time", most)
			}
		})
	}
}

// A hook may run while a goroutine of the kind that panicked is still on the
// network, and end a span after that one's. What was told of the node does not
// change when the goroutine comes back.
func TestSpansOfAStrayGoroutine(t *testing.T) {
	w := newWorld(t, someInstances(4)...)
	w.plan.MaxWorkers = 2
	w.kinds["load"].Failed = func(t *Task, _ error) error { return t.Write("out", []byte("failed")) }
	var told, then [][]Span
	w.opts.Observe = func(e Event) { told, then = append(told, e.Spans), append(then, slices.Clone(e.Spans)) }
	synctest.Test(t, func(t *testing.T) {
		w.when("load", func(ctx context.Context, task *Task) error {
			away := make(chan bool)
			go task.Idle(ctx, func(context.Context) error {
				close(away)
				time.Sleep(time.Second)
				return nil
			})
			<-away
			panic("no")
		})
		w.when("report", func(_ context.Context, task *Task) error {
			time.Sleep(2 * time.Second)
			return w.writeAll(task)
		})
		if _, out, err := w.try(); err != nil || out.Failed != 4 {
			t.Errorf("%+v, %v", out, err)
		}
	})
	if !slices.EqualFunc(told, then, slices.Equal[[]Span]) {
		t.Errorf("spans have changed since they were told:\n%v\n%v", then, told)
	}
}
