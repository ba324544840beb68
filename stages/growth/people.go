package growth

// people is fitted by `go test -run Judgement -train`; do not edit.
var people = judgement{
	centre: [4]float64{-2.78, 0.47, 0.31, 0.11},
	spread: [4]float64{1.9, 0.82, 0.57, 0.36},
	weights: [len(judged)][1 + 2*lookWidth]float64{
		{0.45, -1.69, -0.75, -1.32, 0.09, 0.87, -0.19, -0.39, 0.27},  // linear
		{0.77, -0.23, 1.12, 0.48, -0.24, -0.43, -0.16, -0.41, -0.47}, // polynomial
		{-2.52, 0.21, 0.42, 0.68, -0.5, 0.01, 0.26, 0.79, -0.03},     // exponential
		{1.3, 1.71, -0.79, 0.16, 0.65, -0.45, 0.09, 0.01, 0.22},      // unknown
	},
}
