//go:build !unix

package pipeline

import "os"

func rename(from, to string) error { return os.Rename(from, to) }
