package llm

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestLost(t *testing.T) {
	lineOf := func(question string) string {
		l := line{Version: lineVersion, Question: question}
		l.Sum = l.sum()
		b, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	a, b := lineOf("a"), lineOf("b")
	damaged := strings.Replace(a, `"question":"a"`, `"question":"x"`, 1)
	for _, test := range []struct {
		name             string
		earlier, renewed string
		held, lost       int
	}{
		{"the same", a + b, a + b, 2, 0},
		{"another order", b + a, a + b, 2, 0},
		{"more", a, a + b, 1, 0},
		{"fewer", a + b, a, 2, 1},
		{"none", a + b, "", 2, 2},
		{"empty", "\n\n", a, 0, 0},
		{"written otherwise", strings.ReplaceAll(a, `":`, `" : `), a, 1, 0},
		{"cut off", a + b[:len(b)/2], a + b, 2, 1},
		{"damaged, and what it was", damaged, a, 1, 1},
		{"another layout", `{"version":2}`, a, 1, 1},
	} {
		held, lost, err := Lost(strings.NewReader(test.earlier), strings.NewReader(test.renewed))
		if err != nil || held != test.held || lost != test.lost {
			t.Errorf("%s: held %d, lost %d, %v; want %d, %d", test.name, held, lost, err, test.held, test.lost)
		}
	}
}
