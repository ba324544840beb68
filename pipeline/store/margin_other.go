//go:build !linux

package store

import "time"

// margin is the careful one: the file system is not known.
func margin(string) time.Duration { return marginRemote }
