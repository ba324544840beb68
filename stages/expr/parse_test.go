package expr

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestScratch(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/bmc/sympy_results/*/*.json")
	for _, f := range files {
		b, _ := os.ReadFile(f)
		var v struct{ Equation string }
		json.Unmarshal(b, &v)
		r, err := Parse(v.Equation, Sympy)
		if err != nil {
			t.Errorf("%s: %v\n%s", v.Equation, err, err.(*SyntaxError).Caret())
			continue
		}
		if len(r.Repairs) > 0 || len(r.Alternatives) > 0 {
			t.Log(v.Equation, r)
		}
		if r.Expr.String() != v.Equation {
			t.Log(v.Equation, r.Expr)
		}
	}
	for _, s := range []string{
		"5.03e - 7 * x0", "2e - 7*x", "5.03 e-7 x", "x0 * * 2", "O(x0^2)", "O(x) = 3*x^{2}", "f(n) = 2n log n", `\frac{1}{2} \cdot x_0^{2} \exp(10^{-7} x_0)`,
		`e^{0.1 n}`, "3·x₀²", "`x0^2`", "$O(n^2)$", "**x0^2**", "The bound is `x0**2` for large x0.", "The least upper bound is 3.2e-7*x0 for large x0.",
		"exp(0.1775", "x0**", "(x0", "x0)", "K^2", "5.24 * K**0", "0.58 * x0^K", "-0.97 ^ x0", "1/2x", "2^2n", "log_2(n)", "n log n", "log² n", "log^2 n", "x!", "|x-3|", "linear", "constant", "",
		"(-0.008403643 * x0) * K**2 * exp((-1.89407432 * x0) * K)", "O(K**2 * exp(cK)) where c = 1.89", "n_clauses**2", "np.exp(x)", "max(x, 3)", "1e999999", "10**10**10", "x0^2 or x0^3", "1,000*x", "x0^2, where x0 is the size", "a x^2", "the x", "- 7.012045e - 24 * x0**3", "2.4 × 10^{-7} n", "log n log n", "√x", "x0 (quadratic)", "Ω(n)", "\frac{1}{x}", "x = y", "T(n) = O(n^2) = n^2", "x^2 = O(x^2)", "zoo", "I*x0", "3(x+1)(x-1)", "x(x+1)", "f(x+1)", "2 3", "x 2", "e^x", "2E-14*x", "E**x0", "pi*x", "bound: n^1.5", "Exponential: exp(0.1x)", "x0^2 is the bound", "x^-2", "x**-2", "10^-7*x", "10^-7x", "--x", "\\log_{10} n", "\\left( x \\right)^2", "O(2^n) time", "x/y", "size^2", "~ n^2", "≈ 3n", "n² + n",
	} {
		for _, d := range []Dialect{Prose} {
			r, err := Parse(s, d)
			if err != nil {
				t.Logf("%-30q ERR %v", s, err)
				continue
			}
			t.Logf("%-30q %v  alt %v   %v", s, r.Expr, r.Alternatives, r.Repairs)
		}
	}
}
