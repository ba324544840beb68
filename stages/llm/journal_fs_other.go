//go:build !linux

package llm

// localFS reports whether dir lies on a file system that is known to be local.
// Here that is not looked up.
func localFS(string) bool { return false }
