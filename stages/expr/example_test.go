package expr_test

import (
	"errors"
	"fmt"

	"github.com/concluder/concluder/stages/expr"
)

func ExampleParse() {
	r, err := expr.Parse("O(5.03e - 7 * n^2)", expr.Prose)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Expr)
	for _, m := range r.Repairs {
		fmt.Println(m)
	}
	// Output:
	// 5.03e-7*x0**2
	// column 1: "O(" taken for "("
	// column 3: "5.03e - 7" taken for "5.03e-7"
	// column 15: "n" taken for "x0"
	// column 16: "^" taken for "**"
}

func ExampleSyntaxError_Caret() {
	_, err := expr.Parse("2*x0 + exp(0.1775", expr.Prose)
	var e *expr.SyntaxError
	if errors.As(err, &e) {
		fmt.Println(e.Caret())
	}
	// Output:
	// the parenthesis of column 11 is not closed: the text is cut off
	//   2*x0 + exp(0.1775
	//                    ^
}

func ExampleSimplify() {
	r, err := expr.Parse("x0 - x0*0.9999994 + exp(x0 - (x0 - 2))", expr.Sympy)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(expr.Simplify(r.Expr))
	// Output: 6e-7*x0 + exp(2)
}

func ExampleExpr_Eval() {
	e := expr.Exp(expr.Exp(expr.Var()))
	v := e.Eval(1000)
	fmt.Println(v, v.Overflows())
	fmt.Println(expr.Log(expr.Neg(expr.Var())).Eval(1).Fault())
	// Output:
	// exp(exp(1000)) true
	// outside the domain
}
