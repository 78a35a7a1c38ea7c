package metric

import (
	"fmt"
	"math"
)

// A Bin holds the predictions whose confidence lies in (Low, High].
type Bin struct {
	Low, High  float64
	Count      int
	Confidence float64 // their mean confidence; 0 if there are none
	Accuracy   float64 // the share of them that is right; 0 if there are none
}

// Calibration compares how sure a classifier is with how often it is right: it returns the expected calibration error
// and the equally wide bins for a reliability diagram (Guo et al. 2017, arXiv:1706.04599, section 2 and equation 3, with
// 15 bins there). The confidence of an example is its highest probability, and
//
//	ECE = Σ_m |B_m|/n · |accuracy(B_m) − confidence(B_m)|
//
// is 0 for a classifier that is right nine times in ten when it says 0.9. Probabilities are n×classes and must lie
// between 0 and 1; logits panic.
func Calibration[F Float](labels []int, probabilities []F, classes, bins int) (ece float64, table []Bin) {
	check("Calibration", labels, probabilities, classes)
	if bins < 1 {
		panic(fmt.Sprintf("metric: Calibration: %d bins, want at least 1", bins))
	}
	table = make([]Bin, bins)
	for m := range table {
		table[m].Low, table[m].High = float64(m)/float64(bins), float64(m+1)/float64(bins)
	}
	for i, label := range labels {
		row := probabilities[i*classes : (i+1)*classes]
		for _, p := range row {
			if !(p >= 0 && p <= 1.001) { // Single precision may exceed 1 by a rounding.
				panic(fmt.Sprintf("metric: Calibration: probability %v of example %d is not in [0, 1]", p, i))
			}
		}
		predicted := argmax(row)
		confidence := float64(row[predicted])
		m := min(max(int(math.Ceil(confidence*float64(bins)))-1, 0), bins-1)
		table[m].Count++
		table[m].Confidence += confidence
		if predicted == label {
			table[m].Accuracy++
		}
	}
	for m := range table {
		b := &table[m]
		if b.Count == 0 {
			continue
		}
		ece += math.Abs(b.Accuracy-b.Confidence) / float64(len(labels))
		b.Confidence /= float64(b.Count)
		b.Accuracy /= float64(b.Count)
	}
	return ece, table
}
