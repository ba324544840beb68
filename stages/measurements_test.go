package stages

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestReadMeasurements(t *testing.T) {
	tests := []struct {
		name, file, data string
		points           string // as fmt prints them
		notes            []string
	}{
		{"object of objects", "a.json", `{"1": {"y": 0.5, "x": 10}, "2": {"x": 5, "y": 1e-3}}`, "[[5 0.001] [10 0.5]]", nil},
		{"array of objects", "a.json", `[{"x": 1, "y": 2}, {"x": 3, "y": 4, "z": null}]`, "[[1 2] [3 4]]", nil},
		{"csv", "a.csv", "x,y\n1,2\n3, 4\n", "[[1 2] [3 4]]", nil},
		{"csv with other columns and quotes", "a.csv", "name,y,\"x\"\nfoo,2,1\n\"a,b\",4,3\n", "[[1 2] [3 4]]", nil},
		{"tsv", "a.tsv", "x\ty\n1\t2\n", "[[1 2]]", nil},
		{"semicolons", "a.csv", "x;y\n1;2\n", "[[1 2]]", nil},
		{"windows lines", "a.csv", "x,y\r\n1,2\r\n", "[[1 2]]", nil},
		{"byte order mark", "a.csv", "\ufeffx,y\n1,2\n", "[[1 2]]", []string{"dropped a byte order mark"}},
		{"numbers in strings", "a.json", `[{"x": "1", "y": " 2e1 "}]`, "[[1 20]]", nil},
		{"python's NaN", "a.json", `[{"x": 1, "y": NaN}, {"x": 2, "y": 3}, {"x": 3, "y": -Infinity}]`, "[[2 3]]",
			[]string{"read 2 NaN or Infinity, which JSON does not have, as missing", "dropped item 1, item 3: y is missing"}},
		{"NaN inside a string stays", "a.json", `{"NaN": {"x": 1, "y": 2, "s": "a \" NaN"}}`, "[[1 2]]", nil},
		{"missing fields", "a.json", `{"a": {"x": 1}, "b": {"x": 1, "y": 2}}`, "[[1 2]]", []string{`dropped "a": y is missing`}},
		{"text where a number belongs", "a.csv", "x,y\n1,timeout\n2,3\n", "[[2 3]]", []string{"dropped line 2: y is not a number"}},
		{"negative", "a.csv", "x,y\n1,-1\n-2,3\n3,4\n", "[[3 4]]", []string{"dropped line 2: y is negative", "dropped line 3: x is negative"}},
		{"too large", "a.csv", "x,y\n1,1e999\n3,4\n", "[[3 4]]", []string{"dropped line 2: y is not finite"}},
		{"too small is zero", "a.csv", "x,y\n1,1e-999\n", "[[1 0]]", nil},
		{"minus zero is zero", "a.csv", "x,y\n1,-0\n", "[[1 0]]", nil},
		{"doubled key", "a.json", `{"1": {"x": 1, "y": 2}, "1": {"x": 1, "y": 3}}`, "[[1 3]]", []string{`"1" stands twice; the last one counts`}},
		{"many dropped", "a.csv", "x,y\n1,a\n1,a\n1,a\n1,a\n1,a\n1,a\n1,a\n2,2\n", "[[2 2]]",
			[]string{"dropped line 2, line 3, line 4, line 5, line 6 and 2 more: y is not a number"}},
		{"short row", "a.csv", "x,y\n1\n2,2\n", "[[2 2]]", []string{"dropped line 2: y is missing"}},
		{"no records", "a.json", `{}`, "[]", nil},
		{"equal x keep their order by y", "a.csv", "x,y\n1,3\n1,2\n", "[[1 2] [1 3]]", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := readMeasurements(tt.file, []byte(tt.data), "x", "y")
			if err != nil {
				t.Fatal(err)
			}
			points := m.points
			if points == nil {
				points = [][2]float64{}
			}
			if got := fmt.Sprint(points); got != tt.points {
				t.Errorf("points %s, want %s", got, tt.points)
			}
			if got, want := strings.Join(m.notes, "\n"), strings.Join(tt.notes, "\n"); got != want {
				t.Errorf("notes:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestReadMeasurementsErrors(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"empty", " \n", `a.json: the file is empty: expected JSON, CSV or TSV with "x" and "y"`},
		{"cut off", "{\"1\": {\"x\": 1,\n \"y\": ", "a.json:2:7: not valid JSON: the file ends in the middle of a value; was it cut off?"},
		{"syntax", "{\"1\": {\"x\": 1,,}}", "a.json:1:15: not valid JSON: invalid character ',' looking for beginning of object key string"},
		{"trailing", `[] []`, "a.json:1:5: something stands after the end of the JSON value"},
		{"not objects", `{"1": 3}`, `a.json: "1" is a number: expected an object such as {"x": 1, "y": 2}`},
		{"no such column", `{"1": {"size": 1, "y": 2}}`, `a.json: no record has "x": its fields are "size", "y"`},
		{"no such column in a table", "size,y\n1,2\n", `a.json: the header has no column "x": it has "size", "y"`},
		{"no table at all", "<html>404 not found</html>", `a.json: the header has no column "x": it has "<html>404 not found</html>"`},
		{"two columns of one name", "x,y,x\n1,2,3\n", `a.json:1: two columns are named "x": name each column once`},
		{"long row", "x,y\n1,2,3\n", "a.json:2: 3 fields where the header names 2"},
		{"binary", "\xff\xfe\x00", "a.json: not UTF-8 text: expected JSON, CSV or TSV"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readMeasurements("a.json", []byte(tt.data), "x", "y")
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
}

// Whatever the bytes are, what is read is usable: finite, not negative, sorted.
func FuzzReadMeasurements(f *testing.F) {
	for _, s := range []string{`{"1": {"x": 1, "y": 2}}`, `[{"x": NaN, "y": 1}]`, "x,y\n1,2\n", "x\ty\n", `{"1": `, "\ufeffx;y\n1;2", `[[1,2]]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := readMeasurements("f", data, "x", "y")
		if err != nil {
			return
		}
		last := math.Inf(-1)
		for _, p := range m.points {
			if !(p[0] >= last) || !(p[1] >= 0) || math.IsInf(p[0], 0) || math.IsInf(p[1], 0) {
				t.Fatalf("unusable point %v in %v", p, m.points)
			}
			last = p[0]
		}
	})
}

func TestReadEquation(t *testing.T) {
	hall := "Complexity,Loss,Equation\n1,10.0,\"x0\"\n3,1.0,\"x0 * 2.0\"\n5,0.9,\"x0 * 2.0 + 1.0\"\n9,0.3,\"x0 * 2.1 + (x0 * x0)\"\n"
	tests := []struct {
		name, data, sel string
		text            string
		pysr            bool
	}{
		{"object", `{"equation": " 2*x0 ", "leading_term": "2*x0"}`, "best", "2*x0", false},
		{"string", `"x0**2"`, "best", "x0**2", false},
		{"plain text", "5.03e-7*x0 + 1\n", "best", "5.03e-7*x0 + 1", false},
		{"number", `{"equation": 3.5}`, "best", "3.5", false},
		{"byte order mark", "\ufeffx0", "best", "x0", false},
		{"least loss", hall, "accuracy", "x0 * 2.1 + (x0 * x0)", true},
		{"steepest fall", hall, "score", "x0 * 2.0", true},
		// Only the last row is within 1.5 of the least loss.
		{"best", hall, "best", "x0 * 2.1 + (x0 * x0)", true},
		{"old header", "Complexity,MSE,Equation\n1,1.0,x0\n", "best", "x0", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := readEquation("e", []byte(tt.data), tt.sel)
			if err != nil {
				t.Fatal(err)
			}
			if e.text != tt.text || e.pysr != tt.pysr {
				t.Errorf("got %q, pysr %v; want %q, %v", e.text, e.pysr, tt.text, tt.pysr)
			}
		})
	}
}

func TestReadEquationErrors(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"empty", "", "e: the file is empty: expected an equation"},
		{"no field", `{"eq": "x0"}`, `e: no field "equation"`},
		{"not a string", `{"equation": ["x0"]}`, `e: "equation" is not a string: ["x0"]`},
		{"empty equation", `{"equation": " "}`, "e: the equation is empty"},
		{"cut off", `{"equation": "x0`, "e:1:17: not valid JSON: the file ends in the middle of a value; was it cut off?"},
		{"bad loss", "Complexity,Loss,Equation\n1,much,x0\n", `e:2: loss is "much", not a number`},
		{"no rows", "Complexity,Loss,Equation\n", "e: the hall of fame has no usable row"},
		{"no loss", "Complexity,Equation\n1,x0\n", `e:1: no column "loss": expected a hall of fame with complexity, loss and equation`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readEquation("e", []byte(tt.data), "best")
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
}
