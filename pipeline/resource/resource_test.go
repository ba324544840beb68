package resource

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestScarce(t *testing.T) {
	plenty := Reading{MemoryAvailable: 8e9, MemoryTotal: 16e9, Live: 1e8, RSS: 9e9, Files: 10, FilesLimit: 1024,
		Results: &Disk{Free: 1e11, Total: 1e12, id: [2]int32{1}}, State: &Disk{Free: 1e11, Total: 1e12, id: [2]int32{2}}}
	tests := []struct {
		name   string
		change func(*Reading)
		want   []string
		roomy  bool
	}{
		{"plenty", func(*Reading) {}, nil, true},
		{"nothing known", func(r *Reading) { *r = Reading{} }, nil, true},
		{"memory at the edge", func(r *Reading) { r.MemoryAvailable = 16e8 }, nil, false},
		{"memory", func(r *Reading) { r.MemoryAvailable = 16e8 - 1 }, []string{"memory"}, false},
		{"memory between", func(r *Reading) { r.MemoryAvailable = 31e8 }, nil, false},
		{"memory enough again", func(r *Reading) { r.MemoryAvailable = 33e8 }, nil, true},
		{"limit", func(r *Reading) { r.MemoryLimit = 1.42e8 }, []string{"memory"}, false},
		{"limit between", func(r *Reading) { r.MemoryLimit = 1.43e8 }, nil, false},
		{"limit far", func(r *Reading) { r.MemoryLimit = 2.6e8 }, nil, true},
		{"files", func(r *Reading) { r.Files = 820 }, []string{"files"}, true},
		{"files at the edge", func(r *Reading) { r.Files = 819 }, nil, true},
		{"small disk, mostly free", func(r *Reading) { r.Results = &Disk{Free: 3e6, Total: 4e6} }, nil, true},
		{"small disk", func(r *Reading) { r.Results = &Disk{Free: 3e5, Total: 4e6} }, []string{"results"}, true},
		{"large disk, 1 % free", func(r *Reading) { r.Results.Free = 1e10 }, nil, true},
		{"large disk", func(r *Reading) { r.Results.Free = 2e8 }, []string{"results"}, true},
		{"both disks", func(r *Reading) { r.Results.Free, r.State.Free = 0, 0 }, []string{"results", "state"}, true},
		{"one disk for both", func(r *Reading) { r.Results.Free = 0; r.State = r.Results }, []string{"results"}, true},
		{"state", func(r *Reading) { r.State.Free = 1e6 }, []string{"state"}, true},
	}
	for _, test := range tests {
		r := plenty
		results, state := *plenty.Results, *plenty.State
		r.Results, r.State = &results, &state
		test.change(&r)
		var got []string
		for _, s := range r.Scarce() {
			got = append(got, s.What)
		}
		if !reflect.DeepEqual(got, test.want) || r.Roomy() != test.roomy {
			t.Errorf("%s: scarce %q, roomy %t, want %q, %t", test.name, got, r.Roomy(), test.want, test.roomy)
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_540_000: "1.5 MB", 24_000_000_000: "24.0 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

// What is read moves as what is used does.
func TestRead(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("not everything is known on " + runtime.GOOS)
	}
	dir := t.TempDir()
	m := NewMeter(dir, "/nosuch", 2)
	debug.FreeOSMemory() // what a test before this one left
	before := m.Read()
	if before.Results == nil || before.Results.Free <= 0 || before.Results.Free > before.Results.Total || before.State != nil {
		t.Errorf("disks %+v, %+v", before.Results, before.State)
	}
	if before.MemoryAvailable <= 0 || before.MemoryAvailable > before.MemoryTotal || before.RSS <= 0 || before.RSS > before.MemoryTotal {
		t.Errorf("memory %+v", before)
	}
	if before.MemoryLimit != 0 {
		t.Skip("GOMEMLIMIT is set")
	}

	var open []*os.File
	for range 20 {
		f, err := os.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		open = append(open, f)
	}
	memory := make([]byte, 64<<20)
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 40))
	for began := time.Now(); time.Since(began) < 30*time.Millisecond; {
	}
	runtime.GC()
	after := m.Read()
	if n := after.Files - before.Files; n != len(open) {
		t.Errorf("%d files more are open, want %d", n, len(open))
	}
	if after.FilesLimit < after.Files {
		t.Errorf("%d of %d files", after.Files, after.FilesLimit)
	}
	// The race detector keeps as much again beside it.
	if d := after.RSS - before.RSS; d < 60<<20 || d > 250<<20 {
		t.Errorf("occupies %s more for 64 MiB", Bytes(d))
	}
	if d := after.Live - before.Live; d < 60<<20 || d > 100<<20 {
		t.Errorf("%s more are live for 64 MiB", Bytes(d))
	}
	if after.MemoryLimit != 1<<40 {
		t.Errorf("limit %d", after.MemoryLimit)
	}
	if after.CPU <= 0 || after.CPU > float64(2*runtime.NumCPU()) || math.IsNaN(after.CPU) {
		t.Errorf("CPU %v", after.CPU)
	}
	runtime.KeepAlive(memory)
}

func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	m := NewMeter(dir, filepath.Dir(dir), 2)
	for b.Loop() {
		m.Read()
	}
}
