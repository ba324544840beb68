package growth

// A Family is a form of curve.
type Family string

const (
	ConstantFamily  Family = "constant"     // A
	LineFamily      Family = "a+b*x"        // A + B·x
	LogLinearFamily Family = "a+b*x*log(x)" // A + B·x·log x
	OffsetPower     Family = "a+b*x^p"      // A + B·x^P
	PowerFamily     Family = "a*x^p"        // A·x^P
	OffsetExp       Family = "a+b*exp(c*x)"
	StretchedExp    Family = "a*exp(c*x^q)"
)

// home is the class that a family is made for; Unknown for a constant.
func (f Family) home() Class {
	switch f {
	case LineFamily, LogLinearFamily:
		return Linear
	case PowerFamily, OffsetPower:
		return Polynomial
	case OffsetExp, StretchedExp:
		return Exponential
	}
	return Unknown
}
