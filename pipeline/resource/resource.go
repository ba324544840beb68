package resource

import (
	"fmt"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A Reading is how things stand at one moment. Sizes are in bytes.
type Reading struct {
	CPU             float64 `json:"cpu"`                              // processors at work for the process since the last reading, on average; children count when they have ended
	CPUs            int     `json:"cpus"`                             // processors it may use
	RSS             int64   `json:"rss_bytes,omitempty"`              // memory that the process occupies, children not included
	Live            int64   `json:"live_heap_bytes,omitempty"`        // what the last garbage collection found in use
	MemoryLimit     int64   `json:"memory_limit_bytes,omitempty"`     // GOMEMLIMIT
	MemoryAvailable int64   `json:"memory_available_bytes,omitempty"` // on the machine, or in the tightest control group around the process
	MemoryTotal     int64   `json:"memory_total_bytes,omitempty"`     // what MemoryAvailable is a part of
	Files           int     `json:"open_files,omitempty"`
	FilesLimit      int     `json:"open_files_limit,omitempty"`
	Results         *Disk   `json:"results_disk,omitempty"`
	State           *Disk   `json:"state_disk,omitempty"`
}

// A Disk is a file system as the user of the process may use it.
type Disk struct {
	Free  int64 `json:"free_bytes"`
	Total int64 `json:"total_bytes"`

	id [2]int32 // tells file systems apart
}

// A Meter makes readings. It is not for concurrent use.
type Meter struct {
	results, state string
	cpus           int

	at   time.Time
	used time.Duration
}

// NewMeter returns a meter that looks at the disks of two directories, on so many
// CPUs. CPU time is counted from now on.
func NewMeter(results, state string, cpus int) *Meter {
	return &Meter{results: results, state: state, cpus: cpus, at: time.Now(), used: cpuTime()}
}

// Read makes a reading.
func (m *Meter) Read() Reading {
	r := Reading{CPUs: m.cpus, Results: disk(m.results), State: disk(m.state)}
	now, used := time.Now(), cpuTime()
	if d := now.Sub(m.at); d > 0 {
		r.CPU = math.Round(100*(used-m.used).Seconds()/d.Seconds()) / 100
	}
	m.at, m.used = now, used
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		r.MemoryLimit = limit
	}
	r.RSS, r.Live = rss(), live()
	r.MemoryAvailable, r.MemoryTotal = memory()
	r.Files, r.FilesLimit = files()
	return r
}

// Full reports that next to nothing can be written to the file system of a
// directory any more.
func Full(dir string) bool {
	const next = 64 << 10 // file systems refuse before the last block is gone
	d := disk(dir)
	return d != nil && d.Total > 0 && d.Free < next
}

// live is the heap that the last garbage collection found in use.
func live() int64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(min(s[0].Value.Uint64(), math.MaxInt64))
}

// A Shortage is something that is about to run out.
type Shortage struct {
	What  string // "memory", "files", "results" or "state"
	Short string // for a line of progress: "120 MB left on the disk of the results"
	Help  string // what happens, or what to do
}

// When something is scarce. A disk is nearly full when little is left of it in
// both ways of looking at it: 5 % of a large disk are a lot, and 200 MB of a
// small one may be all it ever had.
const (
	scarceMemory = 0.10 // available, as a part of the total
	scarceLimit  = 0.70 // live, as a part of GOMEMLIMIT: RSS comes near that in any case, but collections then follow on each other
	scarceFiles  = 0.80 // open, as a part of the limit
	scarceDisk   = 0.10 // free, as a part of the total …
	scarceBytes  = 256e6
)

// Scarce lists what is about to run out.
func (r Reading) Scarce() []Shortage {
	var list []Shortage
	add := func(what, help, format string, args ...any) {
		list = append(list, Shortage{what, fmt.Sprintf(format, args...), help})
	}
	switch {
	case r.MemoryTotal > 0 && float64(r.MemoryAvailable) < scarceMemory*float64(r.MemoryTotal):
		add("memory", "fewer --max-workers need less", "%s of %s memory available", Bytes(r.MemoryAvailable), Bytes(r.MemoryTotal))
	case r.MemoryLimit > 0 && float64(r.Live) > scarceLimit*float64(r.MemoryLimit):
		add("memory", "fewer --max-workers need less", "%s of the %s that GOMEMLIMIT allows in use", Bytes(r.Live), Bytes(r.MemoryLimit))
	}
	if r.FilesLimit > 0 && float64(r.Files) > scarceFiles*float64(r.FilesLimit) {
		add("files", "raise the limit with `ulimit -n`", "%d of %d files open", r.Files, r.FilesLimit)
	}
	const full = "when it is full the run stops, and another one goes on from there"
	if r.Results.scarce() {
		add("results", full, "%s left on the disk of the results", Bytes(r.Results.Free))
	}
	if r.State.scarce() && !(r.Results != nil && r.Results.id == r.State.id) {
		add("state", full, "%s left on the disk of the state", Bytes(r.State.Free))
	}
	return list
}

func (d *Disk) scarce() bool {
	return d != nil && d.Free < scarceBytes && float64(d.Free) < scarceDisk*float64(d.Total)
}

// Roomy reports that there is far more memory than would be scarce, or that
// nobody knows: between Scarce and Roomy nothing needs to change.
func (r Reading) Roomy() bool {
	if r.MemoryTotal > 0 && float64(r.MemoryAvailable) < 2*scarceMemory*float64(r.MemoryTotal) {
		return false
	}
	return r.MemoryLimit == 0 || float64(r.Live) < (2*scarceLimit-1)*float64(r.MemoryLimit)
}

// Bytes is a size as people read it: "1.5 MB".
func Bytes(n int64) string {
	switch {
	case n >= 1_000_000_000:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}
