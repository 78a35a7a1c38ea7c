package bench

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// TestServe goes through a whole conversation for a small workload.
func TestServe(t *testing.T) {
	w := Workload{Name: "small", Kind: "softmax", Args: args{"rows": 4, "columns": 5, "backward": 1}}
	var in, out bytes.Buffer
	encoder := json.NewEncoder(&in)
	for _, q := range []request{{Run: 1e-3}, {Open: &w, Threads: 1}, {Run: 1e-3}, {Close: true}, {Open: &Workload{Kind: "none"}, Threads: 1}} {
		encoder.Encode(q)
	}
	if err := Serve(&in, &out, "Hadal"); err != nil {
		t.Fatal(err)
	}
	var got []reply
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var a reply
		if err := decoder.Decode(&a); err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	if len(got) != 5 {
		t.Fatalf("%d answers, want 5", len(got))
	}
	if got[0].Error == "" {
		t.Error("ran before anything was open")
	}
	if len(got[1].Check) != 4 || math.Abs(got[1].Check[0]-4) > 1e-5 { // the rows of a softmax sum to 1
		t.Errorf("sums %v, want Σ|y| = 4 first, of two tensors", got[1].Check)
	}
	if len(got[2].Seconds) == 0 || got[2].Seconds[0] <= 0 {
		t.Errorf("times %v, want some", got[2].Seconds)
	}
	if !strings.HasPrefix(got[4].Error, absent) {
		t.Errorf("a workload of no kind: %q, want %q…", got[4].Error, absent)
	}
}

// TestWorkloadsAreKnown builds the workloads that are small enough for a test.
func TestWorkloadsAreKnown(t *testing.T) {
	names := map[string]bool{}
	for _, w := range All() {
		if names[w.Name] {
			t.Errorf("two workloads are named %s", w.Name)
		}
		names[w.Name] = true
		if w.Target <= 0 || w.Group == "" {
			t.Errorf("%s has no target or no group", w.Name)
		}
		if w.Flop > 1e9 || w.Bytes > 1e8 || testing.Short() && w.Flop > 1e8 {
			continue
		}
		made, err := build(w)
		if err != nil {
			t.Errorf("%s: %v", w.Name, err)
			continue
		}
		for _, v := range made.check {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s: gives %v", w.Name, made.check)
				break
			}
		}
	}
}

// TestLossesFall asks whether the training steps train.
func TestLossesFall(t *testing.T) {
	for _, net := range []string{"tiny", "lenet", "vae"} {
		made, err := trainingStep(net, 16)
		if err != nil {
			t.Fatal(err)
		}
		if first, last := made.check[0], made.check[9]; !(last < first) {
			t.Errorf("%s: the loss went from %v to %v in ten steps", net, first, last)
		}
	}
}

func TestTimingOfAgreement(t *testing.T) {
	timings := []Timing{
		{Setting: Setting{Label: Hadal, Family: Hadal, Threads: 2}, Check: []float64{1, 2}, Rounds: []float64{3, 1, 2}},
		{Setting: Setting{Family: "near", Threads: 2}, Check: []float64{1, 2.001}, Rounds: []float64{8, 2, 4}},
		{Setting: Setting{Family: "far", Threads: 2}, Check: []float64{1, 2.1}, Rounds: []float64{1}},
		{Setting: Setting{Family: "short", Threads: 2}, Check: []float64{1}, Rounds: []float64{1}},
		{Setting: Setting{Family: "nan", Threads: 2}, Check: []float64{1, math.NaN()}, Rounds: []float64{1}},
	}
	agree(Workload{}, timings)
	c := Comparison{Timings: timings}
	if r := c.Ratio("near", 2); r != 2 {
		t.Errorf("ratio %v, want 2: the median 4 by the median 2", r)
	}
	for _, family := range []string{"far", "short", "nan"} {
		if c.Best(family, 2) != nil {
			t.Errorf("a setting that is %s counts", family)
		}
	}
}
