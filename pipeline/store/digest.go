package store

import (
	"crypto/sha256"
	"encoding/hex"
)

// A Digest is a SHA-256.
type Digest [sha256.Size]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Cut returns the first half, which is what records keep of keys and of the
// components of keys.
func (d Digest) Cut() Short { return Short(d[:16]) }

// A Short is a Digest cut to 128 bits.
type Short [16]byte

func (s Short) String() string { return hex.EncodeToString(s[:]) }

// Zero reports whether s was never computed.
func (s Short) Zero() bool { return s == Short{} }
