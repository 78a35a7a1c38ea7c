package bench

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Setting is one way to run a framework: a process with its own environment, and what it is asked for.
type Setting struct {
	Label   string   // "PyTorch eager, bound"
	Family  string   // settings of the same family and number of threads compete: the fastest counts
	Command []string // the program that takes part
	Env     []string // beside that of this process
	Threads int
	Mode    string // "eager" or "compiled"
	Fresh   bool   // a new process for every workload; without it the program sees to fresh memory itself
}

// Options say how a comparison runs.
type Options struct {
	Rounds   int
	Turn     time.Duration // how long a setting runs each workload in a round
	Progress func(done, of int, w Workload)
}

// A Timing is what one setting took for a workload.
type Timing struct {
	Setting Setting
	Name    string    // of the framework, with its version
	Rounds  []float64 // the median of each round, in seconds
	Calls   []float64 // all calls, sorted
	Peak    int64     // bytes
	Check   []float64
	Problem string // why there is no timing
}

// Median is that of the rounds, in seconds; +Inf without one.
func (t Timing) Median() float64 {
	if len(t.Rounds) == 0 {
		return math.Inf(1)
	}
	return median(t.Rounds)
}

// Spread is how far the rounds lie apart: the greatest less the least, as a part of the median.
func (t Timing) Spread() float64 {
	if len(t.Rounds) == 0 {
		return 0
	}
	return (slices.Max(t.Rounds) - slices.Min(t.Rounds)) / median(t.Rounds)
}

// Tail is the time that 99 of 100 calls stay below, in seconds.
func (t Timing) Tail() float64 {
	if len(t.Calls) == 0 {
		return math.Inf(1)
	}
	return t.Calls[min(len(t.Calls)-1, len(t.Calls)*99/100)]
}

// A Comparison is what all settings took for a workload.
type Comparison struct {
	Workload Workload
	Timings  []Timing
}

// Best returns the fastest of a family with so many threads, 0 for any; nil if none ran.
func (c Comparison) Best(family string, threads int) *Timing {
	var best *Timing
	for i := range c.Timings {
		t := &c.Timings[i]
		if t.Setting.Family == family && (threads == 0 || t.Setting.Threads == threads) && t.Problem == "" &&
			(best == nil || t.Median() < best.Median()) {
			best = t
		}
	}
	return best
}

// Compare runs the workloads, one after another, in all settings in turn, several rounds each. The first setting is the one that
// the others must agree with.
func Compare(ctx context.Context, workloads []Workload, settings []Setting, o Options) ([]Comparison, error) {
	peers := make([]*peer, len(settings))
	defer func() {
		for _, p := range peers {
			p.stop()
		}
	}()
	var all []Comparison
	for i, w := range workloads {
		if o.Progress != nil {
			o.Progress(i, len(workloads), w)
		}
		c := Comparison{Workload: w}
		if w.Kind == "start" {
			c.Timings = starts(ctx, w, settings, o.Rounds)
			agree(w, c.Timings)
			all = append(all, c)
			continue
		}
		for j, s := range settings {
			if s.Fresh {
				peers[j].stop()
				peers[j] = nil
			}
			t, err := peers[j].open(ctx, &peers[j], w, s)
			if err != nil {
				return all, err
			}
			c.Timings = append(c.Timings, t)
		}
		agree(w, c.Timings)
		for range o.Rounds {
			for j := range settings {
				if t := &c.Timings[j]; t.Problem == "" {
					if err := peers[j].turn(t, o.Turn); err != nil {
						return all, err
					}
				}
			}
		}
		for j := range settings {
			answer, err := peers[j].ask(request{Close: true})
			if err != nil {
				return all, err
			}
			c.Timings[j].Peak = answer.Peak
			slices.Sort(c.Timings[j].Calls)
		}
		all = append(all, c)
		if err := ctx.Err(); err != nil {
			return all, err
		}
	}
	return all, nil
}

// starts measures, for each setting, the time from the start of its process to its answer that the workload is done.
func starts(ctx context.Context, w Workload, settings []Setting, rounds int) []Timing {
	timings := make([]Timing, len(settings))
	for range rounds {
		for j, s := range settings {
			begin := time.Now()
			var p *peer
			t, err := p.open(ctx, &p, w, s)
			took := time.Since(begin).Seconds()
			p.stop()
			switch {
			case err != nil:
				t.Problem = err.Error()
			case t.Problem == "":
				t.Rounds = append(timings[j].Rounds, took)
			}
			t.Calls = t.Rounds
			timings[j] = t
		}
	}
	return timings
}

// agree marks the timings of those whose numbers are not those of the first.
func agree(w Workload, timings []Timing) {
	tolerance := cmp.Or(w.Tolerance, 2e-3) // ten steps of a deep network in single precision part by about 1e-4
	first := timings[0].Check
	for i := range timings {
		t := &timings[i]
		if t.Problem != "" {
			continue
		}
		if len(t.Check) != len(first) {
			t.Problem = fmt.Sprintf("gives %d numbers to compare, %s %d", len(t.Check), timings[0].Setting.Label, len(first))
			continue
		}
		for k, v := range t.Check {
			if size := math.Abs(first[k]); !(math.Abs(v-first[k]) <= tolerance*max(size, 1e-6)) {
				t.Problem = fmt.Sprintf("number %d of %d is %.7g, that of %s %.7g", k+1, len(first), v, timings[0].Setting.Label, first[k])
				break
			}
		}
	}
}

func median(values []float64) float64 {
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare[float64])
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
