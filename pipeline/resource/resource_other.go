//go:build !linux && !darwin && !freebsd

package resource

import "time"

func cpuTime() time.Duration { return 0 }

func disk(string) *Disk { return nil }

// FilesLimit is how many files the process may have open, 0 where nobody knows.
func FilesLimit() int { return 0 }

func files() (open, limit int) { return 0, 0 }

func rss() int64 { return 0 }

func memory() (available, total int64) { return 0, 0 }
