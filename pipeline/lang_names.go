package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestName is the most bytes of a file name that an instance may take. File
// systems allow 255; stages add endings.
const longestName = 200

// fileName makes an instance's name safe as one path element. Equal names give
// equal results and different names different ones; most names stay as they are.
//
// "/", "\", "%", control characters and a leading dot are written %XX. A longer
// name is cut and ends with "~" and 16 hexadecimal digits of its SHA-256.
func fileName(name string) string {
	if !strings.HasPrefix(name, ".") && !strings.ContainsFunc(name, unsafeInName) && len(name) <= longestName {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		if unsafeInName(r) || (i == 0 && r == '.') {
			for _, c := range []byte(string(r)) {
				b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
			}
			continue
		}
		b.WriteRune(r)
	}
	safe := b.String()
	if len(safe) <= longestName {
		return safe
	}
	return withDigest(safe, name, 16)
}

func unsafeInName(r rune) bool {
	return r == '/' || r == '\\' || r == '%' || unicode.IsControl(r)
}

// withDigest cuts safe so that "~" and digits of name's digest fit after it.
func withDigest(safe, name string, digits int) string {
	sum := sha256.Sum256([]byte(name))
	if most := longestName - 1 - digits; len(safe) > most {
		for most > 0 && !utf8.RuneStart(safe[most]) {
			most--
		}
		// Do not cut an escape in two.
		if i := strings.LastIndexByte(safe[:most], '%'); i >= 0 && most-i < 3 {
			most = i
		}
		safe = safe[:most]
	}
	return safe + "~" + hex.EncodeToString(sum[:])[:digits]
}

// twins gives file names to instances whose own would differ from another's in
// case alone. On macOS and Windows they would be one file. The last of them in
// byte order (small letters come last) keeps its name; each other one gets a
// digest, whatever the system, so that results are the same everywhere.
func twins(names []string) map[string]string {
	var changed map[string]string
	keeps := make(map[string]string, len(names))
	for _, n := range names {
		f := foldCase(fileName(n))
		if k, ok := keeps[f]; !ok || n > k {
			keeps[f] = n
		}
	}
	if len(keeps) == len(names) {
		return nil
	}
	for _, n := range names {
		if f := fileName(n); keeps[foldCase(f)] != n {
			if changed == nil {
				changed = make(map[string]string)
			}
			changed[n] = withDigest(f, n, 8)
		}
	}
	return changed
}

// foldCase maps texts that differ in case alone to one text, by Unicode's
// simple folding.
func foldCase(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		least := r
		for q := unicode.SimpleFold(r); q != r; q = unicode.SimpleFold(q) {
			least = min(least, q)
		}
		return unicode.ToLower(least)
	}, s)
}
