package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	logMagic    = "concluder state 1\n"
	frameHeader = 4 + 4 + 1
	maxFrame    = 1 << 30
)

// Frame types.
const (
	frameString = 'S'
	frameParts  = 'D'
	frameNode   = 'N'
)

// appendFrame returns b with one frame more.
func appendFrame(b []byte, typ byte, payload []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, 0, 0, 0, 0, typ)
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b[start+4:], frameSum(b[start:start+4], b[start+8:]))
	return b
}

func frameSum(length, rest []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, length), castagnoli, rest)
}

// A scan is what reading a log found.
type scan struct {
	good   int      // where the last whole frame ends: what follows is a torn tail
	damage []string // what was wrong before that, for people
}

// scanFrames calls f with every whole frame of a log after its magic, and where
// it lies. f returns whether it could read the payload.
func scanFrames(b []byte, f func(typ byte, at int, payload []byte) bool) scan {
	s := scan{good: len(logMagic)}
	bad := -1 // where the damage begins that at is still in
	for at := s.good; at < len(b); {
		n, ok := frameAt(b[at:])
		if !ok {
			if bad < 0 {
				bad = at
			}
			at++
			continue
		}
		if bad >= 0 {
			s.damage = append(s.damage, fmt.Sprintf("bytes %d to %d are damaged", bad, at-1))
			bad = -1
		}
		if !f(b[at+8], at, b[at+frameHeader:at+n]) {
			s.damage = append(s.damage, fmt.Sprintf("the record at byte %d cannot be read", at))
		}
		at += n
		s.good = at
	}
	return s
}

// frameAt returns the length of the frame that b begins with.
func frameAt(b []byte) (int, bool) {
	if len(b) < frameHeader {
		return 0, false
	}
	switch b[8] {
	case frameString, frameParts, frameNode:
	default:
		return 0, false
	}
	length := binary.LittleEndian.Uint32(b)
	if length > maxFrame || int(length) > len(b)-frameHeader {
		return 0, false
	}
	n := frameHeader + int(length)
	return n, frameSum(b[:4], b[8:n]) == binary.LittleEndian.Uint32(b[4:])
}
