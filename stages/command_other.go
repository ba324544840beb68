//go:build !linux

package stages

import "syscall"

// dieWithUs does nothing: only Linux ends a command whose parent was killed.
func dieWithUs(*syscall.SysProcAttr) (done func()) { return func() {} }
