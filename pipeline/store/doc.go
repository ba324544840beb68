// Package store keeps what is remembered between runs of a pipeline: how each
// node last ended, the digests of files, who is running, and what happened.
//
// Nothing in it is ever the only copy of a result, and every defect is a miss
// with a reason: a torn, cut or flipped file makes nodes run again and never
// makes one look up to date.
//
// # Layout
//
//	.concluder/
//	  .gitignore           "*"
//	  files                digests of files by their stat, shared by all pipelines
//	  clock                written to read the file system's clock
//	  state/LABEL-HASH/    one pipeline with one results directory
//	    log                how each node last ended
//	    snapshot           what was up to date, and the stat of every file that says so
//	    lock               held by the run at work
//	    origin             whose folder this is, for what collects garbage
//	  runs/ID.jsonl        the events of a run
//
// # The log
//
// A State is an append-only file: a line with magic and version, then frames
//
//	length uint32 | crc32c uint32 | type uint8 | payload
//
// in little-endian order; length counts the payload, and the checksum covers
// length, type and payload. A frame holds a string or a list of components,
// each stored once and referred to by number, or how a node ended. The last
// frame of a node counts. An instance's name inside a string is replaced by a
// placeholder, so that paths of all instances share one string.
//
// Frames that end past the end of the file are a torn tail: the next writer
// cuts it. A frame with a wrong checksum is skipped, the reader goes on with
// the next one that is whole, and the next writer rewrites the log before it
// adds to it. The log is rewritten as well when most of it is dead: to a
// temporary file, synced, renamed, and the directory synced.
//
// Power may fail: the log is synced now and then and at the end, outputs are
// not. A lost output has another size or digest than its record and is made
// again.
//
// # The snapshot
//
// A run with nothing to do reads neither the log nor the digests of files. A
// Snapshot holds, for one definition of a pipeline, the instances, the nodes
// that were up to date when a run looked at them, and the stat of every file
// that this rests on: magic and version, a checksum of the rest, and arrays.
// Paths are patterns in which the instance's name is left out. Only files whose
// stat was settled make a node fresh. The snapshot names the log it was made
// beside; with another, as after a kill, only its instances count. It is written
// by every run that found more or less to be fresh, and is never needed.
//
// # Files
//
// Files maps (device, inode, size, mode, mtime, ctime) to a digest. A file
// changed within one tick of the file system's clock of being read could
// change again without a trace, so its entry is not trusted later. A file is
// stat'ed before and after it is read.
//
// An output that the engine writes itself has no name at first, where the system
// and the file system have such files (O_TMPFILE of Linux), and gets one when it is
// published: one change of a folder where writing and renaming are two, nothing
// to see before, and nothing left behind by a kill. Where something has its name
// already, it gets a private name first and is renamed over that.
//
// # Memory
//
// What a run notes of files, for the digests and for the next snapshot, is 120
// bytes a file. The newest 65,536 of each are in memory; the others are put aside
// in the state directory, in files that have no names and are gone with the
// process, and each piece of them has a checksum in memory. One that is damaged
// or cannot be read is not known: its file is read once more, or the snapshot is
// not written.
package store
