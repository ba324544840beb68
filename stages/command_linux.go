package stages

import (
	"runtime"
	"syscall"
)

// dieWithUs has the system kill the command where concluder itself is killed
// and cannot. The signal is sent when the thread ends that started the command,
// so the goroutine keeps that until done is called.
func dieWithUs(attr *syscall.SysProcAttr) (done func()) {
	attr.Pdeathsig = syscall.SIGKILL
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}
