package expr

import (
	"fmt"
	"math"
	"math/rand"
)

// randomExpr returns an expression such as regression tools find: depth bounds
// its depth, functions says whether others than exp and log occur.
func randomExpr(rng *rand.Rand, depth int, functions bool) Expr {
	if depth <= 1 || rng.Intn(6) == 0 {
		switch rng.Intn(8) {
		case 0:
			return Num(float64(rng.Intn(10)))
		case 1, 2:
			return Num(math.Round(rng.NormFloat64()*1e4) / 1e3)
		case 3:
			return Num(randomSmall(rng))
		case 4:
			if functions {
				return [...]Expr{Euler(), Pi()}[rng.Intn(2)]
			}
		}
		return Var()
	}
	arg := func() Expr { return randomExpr(rng, depth-1, functions) }
	switch k := rng.Intn(12); {
	case k < 3:
		terms := []Expr{arg(), arg()}
		if rng.Intn(2) == 0 {
			terms = append(terms, arg())
		}
		return Add(terms...)
	case k < 5:
		return Mul(arg(), arg())
	case k == 5:
		return Sub(arg(), arg())
	case k == 6:
		return Div(arg(), arg())
	case k == 7:
		return Pow(arg(), Num(math.Round(rng.NormFloat64()*200)/100))
	case k == 8:
		return Pow(arg(), arg())
	case k == 9:
		return Exp(arg())
	case k == 10:
		return Log(arg())
	}
	if !functions {
		return Neg(arg())
	}
	op := OpSqrt + Op(rng.Intn(int(opCount-OpSqrt)))
	if op == OpMin || op == OpMax {
		return Call(op, arg(), arg())
	}
	return Call(op, arg())
}

func randomSmall(rng *rand.Rand) float64 {
	var v float64
	fmt.Sscanf(fmt.Sprintf("%.7e", rng.Float64()*math.Pow(10, -float64(rng.Intn(12)))), "%g", &v)
	return v
}
