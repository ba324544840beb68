package expr

import (
	"errors"
	"strings"
	"testing"
)

// readings are texts, what they mean, and the kinds of repairs in order of
// position; "" for none. A second meaning stands after " | ".
var readings = []struct {
	dialect Dialect
	src     string
	want    string
	repairs string
}{
	// plain notation
	{Sympy, "x0*0.0052445456", "x0*0.0052445456", ""},
	{Sympy, "-x0**2", "-x0**2", ""},
	{Sympy, "(-x0)**2", "(-x0)**2", ""},
	{Sympy, "x0**y0", "error", ""},
	{Sympy, "2**3**x0", "2**(3**x0)", ""},
	{Sympy, "x0**-0.5", "x0**(-0.5)", ""},
	{Sympy, "x0 - (x0 - 3.5)", "x0 - (x0 - 3.5)", ""},
	{Sympy, "(x0 + 1) + 2", "x0 + 1 + 2", ""},
	{Sympy, "x0/2/3*4", "x0/2/3*4", ""},
	{Sympy, "x0/(2*3)", "x0/(2*3)", ""},
	{Sympy, "1/x0**0.39", "1/x0**0.39", ""},
	{Sympy, "x0*(-8.27)", "x0*(-8.27)", ""},
	{Sympy, "-(-1)*0.5*x0", "1*0.5*x0", ""}, // signs of a first factor are kept in front, two of them cancel
	{Sympy, "+x0", "x0", ""},
	{Sympy, "--x0", "-(-x0)", ""},
	{Sympy, "2E-14*x0", "2E-14*x0", ""}, // a number, not 2·e - 14·x0
	{Sympy, "E**x0 + E", "E**x0 + E", ""},
	{Sympy, "pi*x0", "pi*x0", ""},
	{Sympy, ".5*x0 + 3.", ".5*x0 + 3.", ""},
	{Sympy, "Max(1, x0) + Min(x0, 2, 3)", "Max(1, x0) + Min(x0, 2, 3)", ""},
	{Sympy, "Abs(x0) + ceiling(x0)", "Abs(x0) + ceiling(x0)", ""},
	{Sympy, "log(x0, 2)", "log(x0)/log(2)", ""},
	{Sympy, "factorial(x0)", "factorial(x0)", ""},
	{Sympy, "10**10**10", "10**(10**10)", ""}, // never computed while reading
	{Sympy, "5.6e-10097*x0", "5.6e-10097*x0", ""},

	// numbers split by spaces
	{Sympy, "5.03e - 7*x0", "5.03e-7*x0", "exponent"},
	{Prose, "5.03e - 7 * x0", "5.03e-7*x0", "exponent"},
	{Prose, "1.2485617e - 7 * x0**1.7217263", "1.2485617e-7*x0**1.7217263", "exponent"},
	{Prose, "exp(5.8708712e - 5 * x0)", "exp(5.8708712e-5*x0)", "exponent"},
	{Prose, "- 7.012045e - 24 * x0**3", "-7.012045e-24*x0**3", "exponent"},
	{Prose, "5.03e -7", "5.03e-7", "exponent"},
	{Prose, "5.03e- 7", "5.03e-7", "exponent"},
	{Prose, "5.03E − 7", "5.03e-7", "exponent"},
	{Prose, "5.03e + 7", "5.03e7", "exponent"},
	{Prose, "2e - 7*x0", "2e-7*x0 | 2*E - 7*x0", "exponent"},
	{Sympy, "2E - 7*x0", "2e-7*x0", "exponent"}, // sympy would have written 2*E
	{Prose, "2e - x0", "2*E - x0", "product notation"},
	{Prose, "2e - 7.5*x0", "2*E - 7.5*x0", "product notation"},
	{Julia, "1.5f-7*x0", "1.5e-7*x0", "exponent"},
	{Prose, "1_000*x0", "1000*x0", "notation"},

	// powers
	{Prose, "x0 * * 2", "x0**2", "power"},
	{Prose, "x0^2", "x0**2", "power"},
	{PySR, "x0 ^ 2.5", "x0**2.5", ""},
	{Prose, "3·x₀²", "3*x0**2", "product variable power"},
	{Prose, "x0⁻¹", "x0**(-1)", "power"},
	{Prose, "2ⁿ", "2**x0", "power variable"},
	{Prose, "x^{2}", "x0**2", "variable power notation notation"},
	{Prose, "10^{-7}*x0", "10**(-7)*x0", "power notation notation"},
	{Prose, "2^2n", "2**2*x0 | 2**(2*x0)", "power product variable"},
	{Julia, "2^2n", "2**(2*x0)", "variable"},
	{Prose, "-0.97^x0", "-0.97**x0 | (-0.97)**x0", "power"},
	{PySR, "-0.97 ^ x0", "(-0.97)**x0", ""},
	{PySR, "(x0 * -0.97) ^ x0", "(x0*(-0.97))**x0", ""},
	{PySR, "x0 - 0.97 ^ x0", "x0 - 0.97**x0", ""},
	{Sympy, "-0.97**x0", "-0.97**x0", ""},
	{Prose, "n!", "factorial(x0)", "variable"},

	// the variable
	{Prose, "x", "x0", "variable"},
	{Prose, "K**2 + K", "x0**2 + x0", "variable"},
	{Prose, "x_{0}^2", "x0**2", "variable power"},
	{Prose, "x_1*2", "x0*2", "notation variable"},
	{Prose, "5.24 * K**0", "5.24*x0**0", "variable"},
	{Prose, "n_clauses^2", "x0**2", "variable power"},
	{Sympy, "size_of_cnf*2", "x0*2", "variable"},

	// orders
	{Prose, "O(x0^2)", "x0**2", "order power"},
	{Prose, "O(x) = 3*x", "3*x0", "order variable"},
	{Prose, "f(n) = 2n log n", "2*x0*log(x0)", "order product variable product"},
	{Prose, "T(n) = O(n^2)", "x0**2", "order order variable power"},
	{Prose, "Θ(n log n)", "x0*log(x0)", "notation order variable product"},
	{Prose, "\\mathcal{O}(n^2)", "x0**2", "notation order variable power"},
	{Prose, "f(x0) <= 3*x0", "3*x0", "order"},
	{Prose, "3*x0 >= f(x0)", "3*x0", "order"},
	{Prose, "~ n^2", "x0**2", "prose variable power"},
	{Prose, "x^2 = O(x^2)", "x0**2", "variable power order power"},
	{Prose, "2*x^2 = O(x^2)", "x0**2 | 2*x0**2", "variable power order power"},

	// products without a sign, functions without parentheses
	{Prose, "3(x+1)(x-1)", "3*(x0 + 1)*(x0 - 1)", "product variable product"},
	{Prose, "n log n", "x0*log(x0)", "variable product"},
	{Prose, "log n log n", "log(x0)*log(x0)", "variable product"},
	{Prose, "log 2n", "log(2*x0)", "product variable"},
	{Prose, "log^2 n", "log(x0)**2", "power variable"},
	{Prose, "log² n", "log(x0)**2", "power variable"},
	{Prose, "log_2(n)", "log(x0)/log(2)", "variable"},
	{Prose, "e^x", "E**x0", "notation power variable"},
	{Prose, "1/2x", "1/2*x0 | 1/(2*x0)", "product variable"},
	{Julia, "1/2x", "1/(2*x0)", "variable"},
	{Prose, "|x-3|", "Abs(x0 - 3)", "variable"},
	{Prose, "⌈x⌉", "ceiling(x0)", "notation variable notation"},

	// LaTeX
	{Prose, `\frac{1}{2} \cdot x_0^{2}`, "1/2*x0**2", "notation notation notation notation notation product variable power notation notation"},
	{Prose, `2.4 \times 10^{-7} \exp(x)`, "2.4*10**(-7)*exp(x0)", "product power notation notation notation product variable"},
	{Prose, `e^{0.1 n}`, "E**(0.1*x0)", "notation power notation product variable notation"},
	{Prose, `\left( x \right)^2`, "x0**2", "notation variable notation power"},
	{Prose, `\log_{10} n`, "log(x0)/log(10)", "notation notation notation variable"},
	{Prose, `\sqrt{x}`, "sqrt(x0)", "notation notation variable notation"},
	{Prose, `\sqrt[3]{x}`, "x0**(1/3)", "notation notation notation notation variable notation"},
	{Prose, `\\cdot`, "error", ""},
	{Prose, `3 \\cdot x`, "3*x0", "product variable"},
	{Prose, "\frac{1}{x}", "1/x0", "notation notation notation notation variable notation"}, // \f as a JSON reader leaves it
	{Prose, "2\times x", "2*x0", "product variable"},

	// other languages
	{Sympy, "np.exp(x0) + math.sqrt(x0)", "exp(x0) + sqrt(x0)", "notation notation"},
	{Sympy, "pow(x0, 2)", "x0**2", "notation"},
	{Julia, "2x^2 + exp(0.1x)", "2*x0**2 + exp(0.1*x0)", "variable"},
	{PySR, "square(x0) + inv(x0) + cube(x0) + neg(x0)", "x0**2 + 1/x0 + x0**3 - x0", "notation notation notation notation"},
	{PySR, "safe_log(x0) + relu(x0)", "log(x0) + Max(0, x0)", "notation notation"},

	// words and marks around the formula
	{Prose, "`x0^2`", "x0**2", "markup power"},
	{Prose, "$n^2$", "x0**2", "markup variable power"},
	{Prose, "**x0^2**", "x0**2", "markup power"},
	{Prose, "```\nx0**2\n```", "x0**2", "markup"},
	{Prose, "\\(x^2\\)", "x0**2", "markup variable power markup"},
	{Prose, "\"x0**2\"", "x0**2", "markup"},
	{Prose, "x0**2;", "x0**2", "markup"},
	{Prose, "The bound is `x0**2` for large x0.", "x0**2", "prose markup prose markup"},
	{Prose, "The least upper bound is 3.2e-7*x0 for large x0.", "3.2e-7*x0", "prose prose markup"},
	{Prose, "x0^2, where x0 is the size", "x0**2", "power prose"},
	{Prose, "x0^2 (quadratic)", "x0**2", "power prose"},
	{Prose, "Exponential: exp(0.1x)", "exp(0.1*x0)", "prose product variable"},
	{Prose, "x0 squared", "x0**2", "power"},
	{Prose, "x0^2.", "x0**2", "power markup"},
	{Prose, "10⁻⁷·n", "10**(-7)*x0", "power product variable"},
	{Prose, "O(n^2)$", "x0**2", "order variable power markup"},
	{Prose, "2**x0 for all x0 >= 1", "2**x0", "prose"},
	{Prose, "O(2^n) time", "2**x0", "order power variable prose"},
	{Auto, "bound: n^1.5", "x0**1.5", "prose variable power"},
}

func TestParse(t *testing.T) {
	for _, c := range readings {
		r, err := Parse(c.src, c.dialect)
		if c.want == "error" {
			if err == nil {
				t.Errorf("%s: %q reads as %s, want an error", c.dialect, c.src, r.Expr)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %q: %v", c.dialect, c.src, err)
			continue
		}
		got := r.Expr.String()
		for _, a := range r.Alternatives {
			got += " | " + a.Expr.String()
		}
		var kinds []string
		for _, m := range r.Repairs {
			kinds = append(kinds, string(m.Kind))
			if end := m.Pos + len(m.Found); end > len(c.src) || c.src[m.Pos:end] != m.Found {
				t.Errorf("%s: %q: repair %v does not stand at its position", c.dialect, c.src, m)
			}
		}
		if mended := strings.Join(kinds, " "); got != c.want || mended != c.repairs {
			t.Errorf("%s: %q\n got %s (%s)\nwant %s (%s)", c.dialect, c.src, got, mended, c.want, c.repairs)
		}
	}
}

// mistakes are texts that are no expression, the column of the fault, and a
// part of what is said of it.
var mistakes = []struct {
	dialect Dialect
	src     string
	column  int
	message string
}{
	{Prose, "", 1, "there is no expression"},
	{Prose, "   ", 4, "there is no expression"},
	// cut off: never completed in silence
	{Prose, "exp(0.1775", 11, "the parenthesis of column 4 is not closed: the text is cut off"},
	{Prose, "x0**", 5, "it is cut off"},
	{Prose, "3*(x0 +", 8, "inside 1 open parentheses: it is cut off"},
	{Prose, "x^{2", 5, "is not closed"},
	{Prose, `\frac{1}`, 9, "the denominator of \\frac is missing"},
	{Prose, `\text{bound`, 1, "it is cut off"},
	// two variables
	{Prose, "0.58 * x0^K", 11, `a second variable, "K" beside "x0"`},
	{Sympy, "x0 + x1", 6, `a second variable, "x1" beside "x0"`},
	{Prose, "c x^2", 1, `the word "c"`},
	{Prose, "O(K**2 * exp(cK)) where c = 1.89", 14, `the word "cK"`},
	// no formula at all
	{Prose, "linear", 1, `the word "linear"`},
	{Prose, "It grows without bound", 1, `the word "It"`},
	{Prose, "the x", 1, `the word "the"`},
	{Prose, "f(x+1)", 1, `the word "f"`},
	{Prose, "Ω(n)", 1, "a lower bound"},
	// two formulas
	{Prose, "x0^2 or x0^3", 6, "the words go on with another formula"},
	{Prose, "x0^2 hence x0^3", 14, "a second formula"},
	{Prose, "x0 multiplied by 3", 4, "the words go on with another formula"},
	{Prose, "x0 a 3", 6, "a second formula"},
	{Prose, "1,000*x", 2, "where the end or an operator is expected"},
	{Prose, "2 3", 3, "where the end or an operator is expected"},
	{Prose, "x0)", 3, "a closing parenthesis that nothing opens"},
	{Sympy, "x0**2 is the bound", 7, "where the end or an operator is expected"},
	// what is no real number
	{Sympy, "zoo", 1, "not a number"},
	{Sympy, "x0*nan", 4, "not a number"},
	{Sympy, "oo", 1, "infinite"},
	{Sympy, "I*x0", 1, "imaginary"},
	// beyond bounds
	{Sympy, "1e999999*x0", 1, "an exponent within ±99999 is expected"},
	{Sympy, strings.Repeat("0", 2621), 1, "a number of more than 1000 digits"},
	{Sympy, strings.Repeat("(", 3000), 0, "nested too deeply"},
	{Sympy, strings.Repeat("x0+", 5000), 1, "longer than 8192 bytes"},
	{Sympy, strings.Repeat("x0**", 1000) + "2", 0, "nested too deeply"},
	{Sympy, "\xff", 1, "not valid UTF-8"},
	// calls
	{Sympy, "exp()", 5, "a closing parenthesis where an operand is expected"},
	{Sympy, "exp(1, 2)", 1, "exp has 2 arguments, expected 1"},
	{Sympy, "exp x0", 5, "( is expected after exp"},
	{Sympy, "foo(x0)", 5, "a second variable"},
	{Prose, `\alpha x`, 1, "the command \\alpha is not known"},
	{Sympy, "x0 $ 2", 4, "where the end or an operator is expected"},
}

func TestParseErrors(t *testing.T) {
	for _, c := range mistakes {
		r, err := Parse(c.src, c.dialect)
		name := c.src
		if len(name) > 40 {
			name = name[:40] + "…"
		}
		var e *SyntaxError
		if !errors.As(err, &e) {
			t.Errorf("%s: %q reads as %s, want an error", c.dialect, name, r.Expr)
			continue
		}
		if !strings.Contains(e.Msg, c.message) || c.column > 0 && column(e.Source, e.Pos) != c.column {
			t.Errorf("%s: %q: got column %d, %q; want column %d, %q", c.dialect, name, column(e.Source, e.Pos), e.Msg, c.column, c.message)
		}
	}
}

func TestCaret(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"2·x₀ + exp(0.1775", "the parenthesis of column 11 is not closed: the text is cut off\n  2·x₀ + exp(0.1775\n                   ^"},
		{strings.Repeat("x0 + ", 30) + "* 2", "\"*\" where a number, the variable, a function or ( is expected\n  …" + strings.Repeat("x0 + ", 10) + "* 2\n   " + strings.Repeat(" ", 50) + "^"},
		{"x0 +\n)", "a closing parenthesis where an operand is expected\n  x0 + )\n       ^"},
	} {
		_, err := Parse(c.src, Prose)
		var e *SyntaxError
		if !errors.As(err, &e) {
			t.Fatalf("%q: no error", c.src)
		}
		if got := e.Caret(); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}

func TestZeroExpr(t *testing.T) {
	var e Expr
	if e.String() != "" || e.HasVar() || e.Size() != 0 || e.Op() != OpNone || !e.Equal(Expr{}) {
		t.Error("the zero Expr is not empty")
	}
	if v := e.Float(1); v == v {
		t.Errorf("the zero Expr has the value %v", v)
	}
	if !Add(Var(), e).IsZero() || !Simplify(e).IsZero() || !e.Substitute(Var()).IsZero() {
		t.Error("the zero Expr does not stay what it is")
	}
	if _, err := e.EvalBig(1, 53); err == nil {
		t.Error("the zero Expr has an exact value")
	}
	if !e.Interval(0, 1).Empty() || e.Eval(1).Fault() == FaultNone {
		t.Error("the zero Expr has values")
	}
	out := []float64{1}
	e.EvalAll(out, []float64{1})
	if out[0] == out[0] {
		t.Error("the zero Expr has values in bulk")
	}
}

func TestConstructors(t *testing.T) {
	x := Var()
	for _, c := range []struct {
		got  Expr
		want string
	}{
		{Add(Mul(Num(3.1e-8), Pow(x, Num(2))), Num(0.4)), "3.1e-8*x0**2 + 0.4"},
		{Num(-2.5), "-2.5"},
		{Num(1e300), "1e300"},
		{Num(123456789), "123456789"},
		{Num(1e-7), "1e-7"},
		{Mul(Num(-2), x), "-2*x0"},
		{Mul(x, Num(-2)), "x0*(-2)"},
		{Sub(x, Num(-2)), "x0 - (-2)"},
		{Div(Neg(x), Num(3)), "-x0/3"},
		{Mul(Mul(x, x), x), "x0*x0*x0"},
		{Mul(x, Mul(x, x)), "x0*(x0*x0)"},
		{Pow(Pow(x, Num(2)), Num(3)), "(x0**2)**3"},
		{Neg(Add(x, Num(1))), "-(x0 + 1)"},
		{Exp(Log(x)), "exp(log(x0))"},
		{Call(OpMax, x, Num(1)), "Max(x0, 1)"},
		{Call(OpExp, x, x), ""},
		{Num(1 / zero), ""},
		{Pow(Num(2), x).Substitute(Mul(Num(3), x)), "2**(3*x0)"},
	} {
		if got := c.got.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		if c.want == "" {
			continue
		}
		r, err := Parse(c.want, Sympy)
		if err != nil || !r.Expr.Equal(c.got) {
			t.Errorf("%s does not read back as it was built: %v", c.want, err)
		}
	}
	if got := Pow(x, Num(2)).Format("n"); got != "n**2" {
		t.Errorf("with another name: got %s", got)
	}
}

var zero = 0.0

func TestTextMarshaling(t *testing.T) {
	var e Expr
	if err := e.UnmarshalText([]byte("x0*2")); err != nil || e.String() != "x0*2" {
		t.Errorf("got %v, %v", e, err)
	}
	if err := e.UnmarshalText([]byte("x0*")); err == nil {
		t.Error("a broken text was accepted")
	}
	if err := e.UnmarshalText(nil); err != nil || !e.IsZero() {
		t.Error("an empty text is not the zero Expr")
	}
}
