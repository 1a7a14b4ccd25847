package report

import "math"

const (
	// maxExact is the number of events up to which the test is computed exactly.
	maxExact = 1000

	significant   = 0.01
	minDifference = 5
)

// binomialP is the p value of the two-sided binomial test of a and b events at ½: how probable
// a split at least as uneven would be were each event to fall on either side with the same
// chance. Above 1,000 events it is the normal approximation with continuity correction.
func binomialP(a, b uint64) float64 {
	n, larger := a+b, max(a, b)
	if a == b {
		return 1
	}
	if n > maxExact {
		z := (float64(larger-min(a, b)) - 1) / math.Sqrt(float64(n))
		return math.Erfc(z / math.Sqrt2)
	}
	logFactorial := func(k uint64) float64 {
		v, _ := math.Lgamma(float64(k) + 1)
		return v
	}
	whole, p := logFactorial(n)-float64(n)*math.Ln2, 0.0
	for k := n; k >= larger; k-- {
		p += math.Exp(whole - logFactorial(k) - logFactorial(n-k))
	}
	return min(1, 2*p)
}

// direction judges now against before.
func direction(before, now uint64) (Direction, float64) {
	p := binomialP(before, now)
	switch {
	case p >= significant || max(before, now)-min(before, now) < minDifference:
		return Flat, p
	case now > before:
		return Up, p
	}
	return Down, p
}
