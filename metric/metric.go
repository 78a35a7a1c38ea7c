// Package metric judges predictions: accuracies, confusion between classes, calibration, and how sure one may be of
// such a figure.
//
// Labels and predictions are class indices, 0 ≤ label < classes. Scores and probabilities of n examples are flat and
// row-major, n×classes. A share of nothing (no example, a class that was never predicted) is 0, as in scikit-learn.
// Arguments that do not fit each other panic.
package metric

import (
	"fmt"
	"math"
)

// A Float is a number as networks compute them: single precision, or double in a build with the tag float64.
type Float interface{ float32 | float64 }

// Accuracy returns the share of labels that were predicted.
func Accuracy(labels, predicted []int) float64 {
	if len(labels) != len(predicted) {
		panic(fmt.Sprintf("metric: Accuracy: %d labels, %d predictions", len(labels), len(predicted)))
	}
	hits := 0
	for i, label := range labels {
		if predicted[i] == label {
			hits++
		}
	}
	return ratio(hits, len(labels))
}

// TopK returns the share of labels that are among the k highest scores (n×classes) of their example. Among equal scores
// the lower class comes first, so that TopK with k = 1 is the accuracy. A label whose score is NaN is missed.
func TopK[F Float](labels []int, scores []F, classes, k int) float64 {
	check("TopK", labels, scores, classes)
	if k < 1 {
		panic(fmt.Sprintf("metric: TopK: k = %d, want at least 1", k))
	}
	hits := 0
	for i, label := range labels {
		row := scores[i*classes : (i+1)*classes]
		own := row[label]
		before := 0
		for c, score := range row {
			if score > own || score == own && c < label {
				before++
			}
		}
		if own == own && before < k {
			hits++
		}
	}
	return ratio(hits, len(labels))
}

// argmax returns the class with the highest score, the lowest such class if there are several.
func argmax[F Float](row []F) int {
	best := 0
	for c, score := range row {
		if score > row[best] || row[best] != row[best] { // Anything is better than NaN.
			best = c
		}
	}
	return best
}

// Wilson returns the 95 % confidence interval of a proportion of which hits in n trials were seen, after Wilson
// (Journal of the American Statistical Association, 1927). With p = hits/n and z = 1.96 it is
//
//	(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n).
//
// It stays within [0, 1] and is sound near 0 and 1, where accuracies are and where p ± z·√(p(1−p)/n) is not. Without
// trials it is [0, 1].
func Wilson(hits, n int) (low, high float64) {
	if hits < 0 || hits > n {
		panic(fmt.Sprintf("metric: Wilson: %d hits in %d trials", hits, n))
	}
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // the 97.5 % quantile of the normal distribution
	p, m := float64(hits)/float64(n), float64(n)
	centre := p + z*z/(2*m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (centre-half)/(1+z*z/m)), min(1, (centre+half)/(1+z*z/m))
}

// MeanStd returns the mean of values, such as one result per seed, and their sample standard deviation
// √(Σ(xᵢ − mean)²/(n−1)), which is 0 for fewer than two values.
func MeanStd(values []float64) (mean, std float64) {
	if len(values) == 0 {
		return 0, 0
	}
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	if len(values) < 2 {
		return mean, 0
	}
	for _, v := range values {
		std += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(std / float64(len(values)-1))
}

// check panics unless there is a row of scores for every label and every label is a class.
func check[F Float](operation string, labels []int, scores []F, classes int) {
	if classes < 1 || len(scores) != len(labels)*classes {
		panic(fmt.Sprintf("metric: %s: %d labels and %d classes, %d scores", operation, len(labels), classes, len(scores)))
	}
	for i, label := range labels {
		if label < 0 || label >= classes {
			panic(fmt.Sprintf("metric: %s: label %d of example %d is not below %d classes", operation, label, i, classes))
		}
	}
}

// ratio is a/b, and 0 of 0 things.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
