package optim

import (
	"math"
	"sort"
)

// A Schedule says the learning rate of every step. It is a function of the step alone, which counts from 0, so that a resumed run
// needs no state of it; after its last step it stays where it ended. Steps are those of the optimizer, or epochs, as the caller
// likes.
type Schedule interface {
	At(step int) float64
}

// Constant is one learning rate for all steps.
type Constant struct{ LR float64 }

// At returns the learning rate.
func (s Constant) At(int) float64 { return s.LR }

// Stairs multiplies the learning rate by Factor after every Every steps (PyTorch's StepLR).
type Stairs struct {
	LR     float64
	Every  int
	Factor float64
}

// At returns LR·Factorᵏ after k times Every steps.
func (s Stairs) At(step int) float64 {
	if s.Every <= 0 {
		fail("Stairs", "a stair of %d steps leads nowhere", s.Every)
	}
	return s.LR * math.Pow(s.Factor, float64(step/s.Every))
}

// MultiStep multiplies the learning rate by Factor at each of the steps Milestones, which ascend (PyTorch's MultiStepLR).
type MultiStep struct {
	LR         float64
	Milestones []int
	Factor     float64
}

// At returns LR·Factorᵏ from the k-th milestone on.
func (s MultiStep) At(step int) float64 {
	return s.LR * math.Pow(s.Factor, float64(sort.SearchInts(s.Milestones, step+1)))
}

// Exponential multiplies the learning rate by Factor after every step (PyTorch's ExponentialLR).
type Exponential struct{ LR, Factor float64 }

// At returns LR·Factorˢᵗᵉᵖ.
func (s Exponential) At(step int) float64 { return s.LR * math.Pow(s.Factor, float64(step)) }

// Polynomial falls from LR to Floor, which it reaches at step Steps, as the Power-th power of what is left of the steps (PyTorch's
// PolynomialLR; with the power 1 its LinearLR).
type Polynomial struct {
	LR, Floor float64
	Steps     int
	Power     float64 // 0 stands for 1
}

// At returns Floor + (LR − Floor)·(1 − step/Steps)^Power.
func (s Polynomial) At(step int) float64 {
	if step >= s.Steps {
		return s.Floor
	}
	return s.Floor + (s.LR-s.Floor)*math.Pow(1-float64(step)/float64(s.Steps), or(s.Power, 1))
}

// InverseSqrt falls as 1/√(step + 1), from LR at step 0. Behind a WarmUp, whose length is Steps, it is the schedule of the Transformer
// (Vaswani et al. 2017, equation 3, https://arxiv.org/abs/1706.03762): LR/√(1 + step/Steps).
type InverseSqrt struct {
	LR    float64
	Steps int // 0 stands for 1
}

// At returns LR/√(1 + step/Steps).
func (s InverseSqrt) At(step int) float64 {
	return s.LR / math.Sqrt(1+float64(step)/float64(max(1, s.Steps)))
}

// Restarts falls along half a period of a cosine again and again, for First steps, then each time Factor times as many (Loshchilov and
// Hutter 2017, section 3, https://arxiv.org/abs/1608.03983; PyTorch's CosineAnnealingWarmRestarts).
type Restarts struct {
	LR, Floor float64
	First     int
	Factor    int // 0 stands for 1
}

// At returns the learning rate of a step.
func (s Restarts) At(step int) float64 {
	if s.First < 1 || s.Factor < 0 {
		fail("Restarts", "a period of %d steps and a factor of %d lead nowhere", s.First, s.Factor)
	}
	period := s.First
	for step >= period {
		step -= period
		period *= max(1, s.Factor)
	}
	return between(s.LR, s.Floor, float64(step)/float64(period))
}

// Triangular goes up from Low to High in Up steps and down again in Down, over and over (Smith 2017, https://arxiv.org/abs/1506.01186;
// PyTorch's CyclicLR). Height multiplies the way between them with every cycle: ½ is Smith's triangular2. Fall does so with every step:
// his exp_range.
type Triangular struct {
	Low, High    float64
	Up, Down     int     // Down 0 stands for Up
	Height, Fall float64 // 0 stands for 1
}

// At returns the learning rate of a step.
func (s Triangular) At(step int) float64 {
	down := s.Down
	if down == 0 {
		down = s.Up
	}
	if s.Up < 1 || down < 1 {
		fail("Triangular", "%d steps up and %d down are no cycle", s.Up, down)
	}
	cycle, at := step/(s.Up+down), step%(s.Up+down)
	part := float64(at) / float64(s.Up)
	if at > s.Up {
		part = float64(s.Up+down-at) / float64(down)
	}
	return s.Low + (s.High-s.Low)*part*math.Pow(or(s.Height, 1), float64(cycle))*math.Pow(or(s.Fall, 1), float64(step))
}

// Cosine falls from LR to Floor along half a period of a cosine (Loshchilov and Hutter 2017, equation 5,
// https://arxiv.org/abs/1608.03983; PyTorch's CosineAnnealingLR). The floor is reached at step Steps.
type Cosine struct {
	LR, Floor float64
	Steps     int
}

// At returns Floor + (LR − Floor)·(1 + cos(π·step/Steps))/2.
func (s Cosine) At(step int) float64 {
	if step >= s.Steps {
		return s.Floor
	}
	return between(s.LR, s.Floor, float64(step)/float64(s.Steps))
}

// OneCycle rises from Max/Start to Max during the first part of the run and falls to Max/(Start·End) by its last step, along half
// periods of a cosine or, if Linear, along straight lines (Smith and Topin 2018, https://arxiv.org/abs/1708.07120; PyTorch's
// OneCycleLR). With ThreePhase, as in the paper, it falls to Max/Start as long as it rose, and only then below.
//
// The paper moves the momentum the other way; see Momentum.
type OneCycle struct {
	Max        float64
	Steps      int     // of the whole run
	Rise       float64 // part of the run; 0 stands for 0.3
	Start, End float64 // divisors; 0 stands for 25 and 10⁴
	Linear     bool
	ThreePhase bool

	Low, High float64 // momentum at the top and at the ends; 0 stands for 0.85 and 0.95
}

// At returns the learning rate of a step.
func (s OneCycle) At(step int) float64 {
	first := s.Max / or(s.Start, 25)
	return s.cycle(step, first, s.Max, first/or(s.End, 1e4))
}

// Momentum returns the momentum, or β₁ of Adam, that goes with the learning rate of a step: High at the ends, Low at the top.
//
//	optimizer.Momentum = cycle.Momentum(step)
func (s OneCycle) Momentum(step int) float64 {
	high := or(s.High, 0.95)
	return s.cycle(step, high, or(s.Low, 0.85), high)
}

// cycle goes from first over top, and with three phases over first again, to last.
func (s OneCycle) cycle(step int, first, top, last float64) float64 {
	if s.Steps < 1 {
		fail("OneCycle", "a run of %d steps has no cycle", s.Steps)
	}
	at, end := float64(step), float64(s.Steps-1)
	peak := or(s.Rise, 0.3)*float64(s.Steps) - 1
	switch {
	case at >= end:
		return last
	case at < peak:
		return s.move(first, top, at/peak)
	case !s.ThreePhase:
		return s.move(top, last, (at-peak)/(end-peak))
	case at < 2*peak:
		return s.move(top, first, (at-peak)/peak)
	default:
		return s.move(first, last, (at-2*peak)/(end-2*peak))
	}
}

// move goes the given part of the way.
func (s OneCycle) move(from, to, part float64) float64 {
	if s.Linear {
		return from + (to-from)*part
	}
	return between(from, to, part)
}

// WarmUp rises for Steps steps, on a straight line from From times the first learning rate of the schedule Then, and follows that
// schedule from its step 0 on (PyTorch's SequentialLR of LinearLR and another).
type WarmUp struct {
	Steps int
	From  float64 // part of the learning rate at step 0
	Then  Schedule
}

// At returns the learning rate of a step.
func (s WarmUp) At(step int) float64 {
	if s.Then == nil {
		fail("WarmUp", "there is no schedule Then to warm up for")
	}
	if step >= s.Steps {
		return s.Then.At(step - s.Steps)
	}
	return s.Then.At(0) * (s.From + (1-s.From)*float64(step)/float64(s.Steps))
}

// between goes the given part of the way along half a period of a cosine.
func between(from, to, part float64) float64 { return to + (from-to)*(1+math.Cos(math.Pi*part))/2 }

func or(v, standard float64) float64 {
	if v == 0 {
		return standard
	}
	return v
}
