package expr

// Parse reads one expression. An error is a *SyntaxError.
func Parse(src string, d Dialect) (Reading, error) {
	return Reading{}, &SyntaxError{Source: src, Msg: "not implemented"}
}
