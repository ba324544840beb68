package expr

// An Expr is an expression in one variable: an immutable tree, safe for
// concurrent use.
type Expr interface {
	String() string // sympy form; parses back to the same tree
}
