package optim_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/optim"
)

// linear is the schedule whose every option is set.
var linear = optim.OneCycle{Max: 0.1, Steps: 47, Rise: 0.4, Start: 10, End: 100, Linear: true, Low: 0.8, High: 0.9}

// schedules are those of the fixture, by name.
var schedules = map[string]optim.Schedule{
	"constant":        optim.Constant{LR: 0.1},
	"stairs":          optim.Stairs{LR: 0.1, Every: 7, Factor: 0.3},
	"multistep":       optim.MultiStep{LR: 0.1, Milestones: []int{3, 10, 10, 25}, Factor: 0.5},
	"cosine":          optim.Cosine{LR: 0.1, Steps: 50},
	"cosine_floor":    optim.Cosine{LR: 0.1, Floor: 0.01, Steps: 50},
	"onecycle":        optim.OneCycle{Max: 0.1, Steps: 60},
	"onecycle_linear": linear,
	"onecycle_three":  optim.OneCycle{Max: 0.1, Steps: 60, ThreePhase: true},
	"exponential":     optim.Exponential{LR: 0.1, Factor: 0.9},
	"polynomial":      optim.Polynomial{LR: 0.1, Steps: 30, Power: 2},
	"linear":          optim.Polynomial{LR: 0.1, Floor: 0.01, Steps: 15},
	"restarts":        optim.Restarts{LR: 0.1, Floor: 0.001, First: 5, Factor: 2},
	"restarts_equal":  optim.Restarts{LR: 0.1, First: 7},
	"triangular":      optim.Triangular{Low: 0.01, High: 0.1, Up: 4, Down: 6},
	"triangular2":     optim.Triangular{Low: 0.01, High: 0.1, Up: 4, Height: 0.5},
	"triangular_fall": optim.Triangular{Low: 0.01, High: 0.1, Up: 4, Fall: 0.97},
	"warmup":          optim.WarmUp{Steps: 8, From: 1. / 3, Then: optim.Constant{LR: 0.1}},
	"warmup_cosine":   optim.WarmUp{Steps: 10, From: 0.01, Then: optim.Cosine{LR: 0.1, Floor: 0.001, Steps: 40}},
}

// compare holds a function of the step against a curve of the fixture.
func compare(t *testing.T, f *fixture.File, name string, at func(step int) float64) {
	t.Helper()
	want, err := f.Float64s(name)
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range want {
		if got := at(step); !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("%s at step %d = %v, want %v", name, step, got, want)
		}
	}
}

func TestSchedules(t *testing.T) {
	f := fixture.Open(t, "optim.safetensors")
	names := f.Under("schedule/")
	if len(names) != len(schedules) {
		t.Errorf("the fixture has %d schedules, want %d", len(names), len(schedules))
	}
	for _, name := range names {
		if s := schedules[name]; s == nil {
			t.Errorf("no schedule %s", name)
		} else {
			compare(t, f, "schedule/"+name, s.At)
		}
	}
	for _, name := range f.Under("cycle/") {
		compare(t, f, "cycle/"+name, schedules[name].(optim.OneCycle).Momentum)
	}
}

// Beyond its end a schedule stays where it ended.
func TestSchedulesEnd(t *testing.T) {
	for _, c := range []struct {
		s    optim.Schedule
		want float64
	}{
		{optim.Cosine{LR: 1, Floor: 0.25, Steps: 10}, 0.25},
		{optim.Cosine{LR: 1, Floor: 0.25}, 0.25},
		{optim.OneCycle{Max: 1, Steps: 10, End: 10}, 1. / 250},
		{optim.OneCycle{Max: 1, Steps: 1, Start: 1, End: 1}, 1},
		{optim.WarmUp{Steps: 5, Then: optim.Cosine{LR: 1, Floor: 0.5, Steps: 5}}, 0.5},
	} {
		for _, step := range []int{10, 11, 1000} {
			if got := c.s.At(step); math.Abs(got-c.want) > 1e-15 {
				t.Errorf("%+v at step %d = %v, want %v", c.s, step, got, c.want)
			}
		}
	}
}

// A rise that takes no more than a step begins at the top.
func TestOneCycleShortRise(t *testing.T) {
	for _, three := range []bool{false, true} {
		for _, rise := range []float64{0.1, 0.05} {
			s := optim.OneCycle{Max: 1, Steps: 10, Rise: rise, ThreePhase: three}
			for step := range 12 {
				if lr := s.At(step); !(lr > 0 && lr <= 1) {
					t.Errorf("%+v at step %d = %v, want one from 0 to 1", s, step, lr)
				}
			}
		}
	}
}

// The learning rates behind every figure are PyTorch's.
func TestPlateau(t *testing.T) {
	f := fixture.Open(t, "optim.safetensors")
	losses, err := f.Float64s("plateau_losses")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]optim.Plateau{
		"loss":     {Factor: 0.5, Patience: 2, Threshold: 1e-4},
		"cooldown": {Factor: 0.1, Patience: 1, Threshold: 1e-4, Cooldown: 3, Floor: 0.002},
		"absolute": {Factor: 0.5, Patience: 1, Threshold: 0.05, Absolute: true},
		"greater":  {Factor: 0.5, Patience: 2, Threshold: 0.001, Absolute: true, Greater: true},
	}
	for name, p := range cases {
		p.LR = 0.1
		compare(t, f, "plateau/"+name, func(i int) float64 {
			if p.Greater {
				return p.Next(-losses[i])
			}
			return p.Next(losses[i])
		})
	}
	p := optim.NewPlateau(1)
	for _, figure := range []float64{math.Inf(1), math.Inf(-1), 3} {
		p.Next(figure)
	}
	if _, err := json.Marshal(p); err != nil || p.Best != 3 {
		t.Errorf("behind infinite figures the best is %v, and saved with %v; want 3", p.Best, err)
	}
	p = optim.NewPlateau(1)
	p.Patience = 0
	if p.Next(math.NaN()) != 0.1 || p.Next(math.NaN()) > 0.0101 {
		t.Error("figures that are NaN do not lower the learning rate")
	}
}

func TestSequence(t *testing.T) {
	s := optim.Sequence{First: optim.Cosine{LR: 1, Steps: 4}, Steps: 4, Then: optim.Cosine{LR: 0.1, Steps: 10}}
	for step, want := range []float64{1, 0.8535533905932737, 0.5, 0.14644660940672627, 0.1, 0.09755282581475769} {
		if got := s.At(step); math.Abs(got-want) > 1e-15 {
			t.Errorf("step %d has %v, want %v", step, got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a sequence without its second schedule does not panic")
		}
	}()
	optim.Sequence{First: optim.Constant{LR: 1}}.At(0)
}
