// Package resource reads how much a process uses of what can run out on a
// machine: processors, memory, open files and disk.
//
// On Linux the figures come from /proc, the control groups of the process and
// statfs. Elsewhere those are absent that the system does not tell cheaply: a
// field is zero, or nil, where nobody knows. A reading takes less than a
// millisecond; with a network file system that does not answer it takes until
// that does, so nothing else should wait for it.
package resource
