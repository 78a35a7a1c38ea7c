package metric_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/metric"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

func TestAccuracy(t *testing.T) {
	for _, test := range []struct {
		labels, predicted []int
		want              float64
	}{
		{nil, nil, 0},
		{[]int{3}, []int{3}, 1},
		{[]int{0, 1, 2, 2}, []int{0, 2, 2, 2}, 0.75},
	} {
		if got := metric.Accuracy(test.labels, test.predicted); got != test.want {
			t.Errorf("Accuracy(%v, %v) = %v, want %v", test.labels, test.predicted, got, test.want)
		}
	}
}

func TestTopK(t *testing.T) {
	nan := float32(math.NaN())
	scores := []float32{
		0.5, 0.2, 0.2, 0.1, // 2 is third: the equal score of 1 comes first.
		0.1, 0.2, 0.3, 0.4,
		-4, -3, -2, -1,
		0, nan, 0, 0,
		nan, 1, 2, nan,
	}
	labels := []int{2, 3, 2, 1, 1}
	for k, want := range []float64{1: 0.2, 2: 0.6, 3: 0.8, 4: 0.8, 5: 0.8} { // The NaN is never found.
		if k == 0 {
			continue
		}
		if got := metric.TopK(labels, scores, 4, k); got != want {
			t.Errorf("TopK(k = %d) = %v, want %v", k, got, want)
		}
	}
	best := []int{0, 3, 3, 0, 2}
	if got, want := metric.TopK(labels, scores, 4, 1), metric.Accuracy(labels, best); got != want {
		t.Errorf("TopK(k = 1) = %v, want the accuracy of the best classes, %v", got, want)
	}
}

// The example of scikit-learn's classification_report: y_true = 0 1 2 2 2, y_pred = 0 0 2 2 1.
func TestConfusion(t *testing.T) {
	c := metric.NewConfusion(4) // Class 3 never occurs and is no part of the means.
	for i, label := range []int{0, 1, 2, 2, 2} {
		c.Add(label, []int{0, 0, 2, 2, 1}[i])
	}
	if want := [][]int{{1, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 2, 0}, {0, 0, 0, 0}}; !cmp.Equal(c.Counts, want) {
		t.Errorf("Counts = %v, want %v", c.Counts, want)
	}
	if c.Total() != 5 || c.Correct() != 3 || c.Accuracy() != 0.6 {
		t.Errorf("Total, Correct, Accuracy = %d, %d, %v, want 5, 3, 0.6", c.Total(), c.Correct(), c.Accuracy())
	}
	for class, want := range []metric.Score{
		{0.5, 1, 2. / 3, 1}, {0, 0, 0, 1}, {1, 2. / 3, 0.8, 3}, {0, 0, 0, 0},
	} {
		if got := c.Class(class); got != want {
			t.Errorf("Class(%d) = %+v, want %+v", class, got, want)
		}
	}
	macro := c.Macro()
	if !near(macro.Precision, 0.5) || !near(macro.Recall, 5./9) || !near(macro.F1, 22./45) || macro.Support != 5 {
		t.Errorf("Macro = %+v, want 1/2, 5/9, 22/45 of 5", macro)
	}
	if got := metric.NewConfusion(2).Macro(); got != (metric.Score{}) {
		t.Errorf("Macro of nothing = %+v, want zeros", got)
	}
}

func TestMostConfused(t *testing.T) {
	c := &metric.Confusion{Counts: [][]int{
		{90, 4, 0, 1},
		{3, 80, 2, 0},
		{0, 5, 70, 0},
		{0, 0, 0, 60},
	}}
	want := []metric.Pair{{A: 0, B: 1, AForB: 4, BForA: 3}, {A: 1, B: 2, AForB: 2, BForA: 5}, {A: 0, B: 3, AForB: 1, BForA: 0}}
	for n := range 5 {
		if got := c.MostConfused(n); !cmp.Equal(got, want[:min(n, 3)]) {
			t.Errorf("MostConfused(%d) = %v, want %v", n, got, want[:min(n, 3)])
		}
	}
	if got := want[0].Count(); got != 7 {
		t.Errorf("Count = %d, want 7", got)
	}
	if got := metric.NewConfusion(3).MostConfused(4); len(got) != 0 {
		t.Errorf("MostConfused without mistakes = %v, want none", got)
	}
}

// Five bins, worked by hand: (0.4, 0.6] holds 0.5 (right) and 0.6 (wrong), (0.8, 1] holds 0.9 and 1 (both right).
func TestCalibration(t *testing.T) {
	probabilities := []float64{0.5, 0.5, 0.4, 0.6, 0.1, 0.9, 1, 0}
	ece, bins := metric.Calibration([]int{0, 0, 1, 0}, probabilities, 2, 5)
	if want := 0.5*math.Abs(0.5-0.55) + 0.5*math.Abs(1-0.95); !near(ece, want) {
		t.Errorf("ECE = %v, want %v", ece, want)
	}
	if len(bins) != 5 {
		t.Fatalf("%d bins, want 5", len(bins))
	}
	for m, want := range []metric.Bin{
		{0, 0.2, 0, 0, 0}, {0.2, 0.4, 0, 0, 0}, {0.4, 0.6, 2, 0.55, 0.5}, {0.6, 0.8, 0, 0, 0}, {0.8, 1, 2, 0.95, 1},
	} {
		got := bins[m]
		if !near(got.Low, want.Low) || !near(got.High, want.High) || got.Count != want.Count ||
			!near(got.Confidence, want.Confidence) || !near(got.Accuracy, want.Accuracy) {
			t.Errorf("bin %d = %+v, want %+v", m, got, want)
		}
	}

	// Always sure and always wrong is as badly calibrated as can be; no example is no error.
	if ece, _ := metric.Calibration([]int{1, 1}, []float32{1, 0, 1, 0}, 2, 15); ece != 1 {
		t.Errorf("ECE of sure mistakes = %v, want 1", ece)
	}
	if ece, bins := metric.Calibration(nil, []float32{}, 2, 15); ece != 0 || len(bins) != 15 {
		t.Errorf("Calibration of nothing = %v, %d bins, want 0, 15", ece, len(bins))
	}
}

// Intervals as scipy.stats.binomtest(…).proportion_ci(method="wilson") gives them.
func TestWilson(t *testing.T) {
	for _, test := range []struct {
		hits, n   int
		low, high float64
	}{
		{0, 0, 0, 1},
		{0, 10, 0, 0.27753280},
		{10, 10, 0.72246720, 1},
		{5, 10, 0.23659309, 0.76340691},
		{9900, 10000, 0.98785302, 0.99177066},
	} {
		low, high := metric.Wilson(test.hits, test.n)
		if math.Abs(low-test.low) > 5e-9 || math.Abs(high-test.high) > 5e-9 {
			t.Errorf("Wilson(%d, %d) = %.8f, %.8f, want %.8f, %.8f", test.hits, test.n, low, high, test.low, test.high)
		}
	}
}

func TestMeanStd(t *testing.T) {
	for _, test := range []struct {
		values    []float64
		mean, std float64
	}{
		{nil, 0, 0},
		{[]float64{0.99}, 0.99, 0},
		{[]float64{2, 4, 4, 4, 5, 5, 7, 9}, 5, math.Sqrt(32. / 7)},
		{[]float64{1e9 + 1, 1e9 + 2, 1e9 + 3}, 1e9 + 2, 1},
	} {
		if mean, std := metric.MeanStd(test.values); !near(mean, test.mean) || !near(std, test.std) {
			t.Errorf("MeanStd(%v) = %v, %v, want %v, %v", test.values, mean, std, test.mean, test.std)
		}
	}
}

func TestPanics(t *testing.T) {
	one := []float32{0.5, 0.5}
	for _, test := range []struct {
		call func()
		want string
	}{
		{func() { metric.Accuracy([]int{1}, nil) }, "metric: Accuracy: 1 labels, 0 predictions"},
		{func() { metric.TopK([]int{1}, one, 3, 1) }, "metric: TopK: 1 labels and 3 classes, 2 scores"},
		{func() { metric.TopK([]int{2}, one, 2, 1) }, "metric: TopK: label 2 of example 0 is not below 2 classes"},
		{func() { metric.TopK([]int{-1}, one, 2, 1) }, "metric: TopK: label -1 of example 0 is not below 2 classes"},
		{func() { metric.TopK([]int{1}, one, 2, 0) }, "metric: TopK: k = 0, want at least 1"},
		{func() { metric.NewConfusion(0) }, "metric: NewConfusion: 0 classes, want at least 1"},
		{func() { metric.NewConfusion(2).Add(1, 2) },
			"metric: Confusion.Add: label 1, predicted 2, there are 2 classes"},
		{func() { metric.Calibration([]int{1}, []float32{-3, 7}, 2, 15) },
			"metric: Calibration: probability -3 of example 0 is not in [0, 1]"},
		{func() { metric.Calibration([]int{1}, []float64{math.NaN(), 1}, 2, 15) },
			"metric: Calibration: probability NaN of example 0 is not in [0, 1]"},
		{func() { metric.Calibration([]int{1}, one, 2, 0) }, "metric: Calibration: 0 bins, want at least 1"},
		{func() { metric.Wilson(2, 1) }, "metric: Wilson: 2 hits in 1 trials"},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, test.want) {
					t.Errorf("panic %q, want %q", got, test.want)
				}
			}()
			test.call()
		}()
	}
}
