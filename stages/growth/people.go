package growth

// people is fitted by `go test -run Judgement -train`; do not edit.
var people = judgement{
	centre: [4]float64{-2.78, 0.47, 0.31, 0.11},
	spread: [4]float64{1.9, 0.82, 0.57, 0.36},
	weights: [len(judged)][1 + 2*lookWidth]float64{
		{0.57, -1.85, -0.78, -1.28, 0.14, 0.65, -0.18, -0.43, 0.22}, // linear
		{0.77, -0.2, 1.09, 0.47, -0.26, -0.45, -0.15, -0.39, -0.46}, // polynomial
		{-2.59, 0.15, 0.49, 0.82, -0.46, -0.12, 0.25, 0.76, 0.01},   // exponential
		{1.24, 1.9, -0.8, -0.01, 0.58, -0.08, 0.08, 0.06, 0.23},     // unknown
	},
}
