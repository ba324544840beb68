package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
)

// scans are the subjects that look at each element a bounded number of times.
func scans() []subject {
	return []subject{
		{"scan-max", linear, steps(50_000, 1_500_000, 50_000), onThread(func(n int) func() uint64 {
			v := randomInts(n, 1<<40)
			return func() uint64 { return uint64(largest(v)) }
		})},
		{"byte-histogram", linear, steps(100_000, 3_000_000, 100_000), onThread(func(n int) func() uint64 {
			text := randomBytes(n, 26)
			return func() uint64 { return uint64(histogram(text)['e']) }
		})},
		{"substring-search", linear, steps(50_000, 1_500_000, 50_000), onThread(func(n int) func() uint64 {
			text := randomBytes(n, 4)
			return func() uint64 { return uint64(countNaive(text, []byte("abcdabcd"))) }
		})},
		{"sha256-digest", linear, steps(50_000, 2_000_000, 50_000), onThread(func(n int) func() uint64 {
			text := randomBytes(n, 26)
			return func() uint64 {
				sum := sha256.Sum256(text)
				return binary.LittleEndian.Uint64(sum[:])
			}
		})},
		{"json-decode", linear, steps(5_000, 125_000, 5_000), onThread(func(n int) func() uint64 {
			text, err := json.Marshal(randomInts(n, 1_000_000))
			return func() uint64 {
				var v []int
				if err != nil || json.Unmarshal(text, &v) != nil {
					return 0
				}
				return uint64(len(v))
			}
		})},
		{"map-insert", linear, steps(20_000, 500_000, 20_000), onThread(func(n int) func() uint64 {
			keys := randomInts(n, 5_000)
			return func() uint64 { return uint64(len(counts(keys))) }
		})},
		{"prime-sieve", linear, steps(40_000, 1_200_000, 40_000), onThread(func(n int) func() uint64 {
			return func() uint64 { return uint64(primesBelow(n)) }
		})},
	}
}

func largest(v []int) int {
	m := v[0]
	for _, x := range v {
		if x > m {
			m = x
		}
	}
	return m
}

func histogram(text []byte) (counts [256]int) {
	for _, c := range text {
		counts[c]++
	}
	return counts
}

// countNaive counts the occurrences of word, overlapping ones too, comparing
// anew at each position: linear because random text differs early.
func countNaive(text, word []byte) int {
	count := 0
	for i := 0; i+len(word) <= len(text); i++ {
		j := 0
		for j < len(word) && text[i+j] == word[j] {
			j++
		}
		if j == len(word) {
			count++
		}
	}
	return count
}

// counts inserts all keys into a map. There are few different ones: a map that
// doubles again and again would give a staircase.
func counts(keys []int) map[int]int {
	count := make(map[int]int)
	for _, k := range keys {
		count[k]++
	}
	return count
}

// primesBelow counts primes with the sieve of Eratosthenes: n log log n.
func primesBelow(n int) int {
	composite := make([]bool, n)
	count := 0
	for p := 2; p < n; p++ {
		if composite[p] {
			continue
		}
		count++
		for m := p * p; m < n; m += p {
			composite[m] = true
		}
	}
	return count
}
