package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestReportFullDisk(t *testing.T) {
	full := func(path string) error { return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC} }
	err := errors.Join(fmt.Errorf("load.points: %w", full("a")), errors.Join(full("b"), errors.New("odd"), os.ErrClosed), full("c"))
	var b strings.Builder
	report(&b, err)
	want := "concluder: load.points: write a: no space left on device\nodd\nfile already closed\n" +
		"the disk is full: free some space and run again; what was done is kept\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	report(&b, errors.New("plain"))
	if b.String() != "concluder: plain\n" {
		t.Errorf("%q", b.String())
	}
}
