package recipe

import (
	"math"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// A cost is what one picture takes a network, by which the length of a training is planned: not by the clock, so that the same pictures
// make the same training on every machine.
type cost struct {
	macs    int // multiplications with an addition
	numbers int // in the results of all layers: what goes through memory
}

// costOf counts with one picture of H×W×C.
func costOf(net nn.Layer, shape [3]int) (c cost) {
	p := tensor.Recording(nil)
	defer p.End()
	net.Forward(p.Var(tensor.New(1, shape[0], shape[1], shape[2])))
	for _, o := range p.Operations() {
		c.macs += o.MACs
		for _, y := range o.Outputs {
			c.numbers += y.Len()
		}
	}
	return c
}

// What two cores of the machines that this was measured on do in a second, with some to spare; docs/results.md has what a run then took.
const (
	macsPerSecond    = 80e9
	numbersPerSecond = 2e9
	pixelsPerSecond  = 60e6 // of photographs that are decoded
	training         = 3.5  // times what it takes to look at a picture, to learn from it
)

// seconds is how long the network looks at a picture.
func (c cost) seconds() float64 {
	return float64(c.macs)/macsPerSecond + float64(c.numbers)/numbersPerSecond
}

// A plan is how long a training is.
type plan struct {
	side           int
	batch          int
	freeze, epochs int     // epochs of the head alone, and all
	seconds        float64 // what all of it takes on two cores
}

// A task is what a plan is made for.
type task struct {
	seconds      float64 // that there are
	decoding     float64 // that go to decoding
	learn        int     // pictures that are learned from
	choose, test int     // pictures by which the best epoch is chosen, and that are tested on
	scratch      bool    // whether there are no weights to begin from
	batch        int     // 0: as suits
	cost         func(side int) cost
}

// What a plan aims at: so many steps, and epochs, with the head alone and with all; and passes over a picture that the drawings take.
const (
	headSteps, headEpochs = 100, 4
	bodySteps, bodyEpochs = 150, 8
	mostEpochs            = 30
	drawing               = 450
	start                 = 6 // seconds, with what is saved on the way
)

// plan returns the longest training at a side that the time is enough for, and not longer than is of use; fits says whether it is long
// enough.
func (t task) plan(side int) (p plan, fits bool) {
	p = plan{side: side, batch: t.batch}
	if p.batch == 0 {
		p.batch = min(16, max(min(4, t.learn), t.learn/4))
		if t.scratch {
			p.batch = min(32, max(2, t.learn/4))
		}
	}
	look := t.cost(side).seconds()
	steps := (t.learn + p.batch - 1) / p.batch
	within := func(want, steps int) int { return min(mostEpochs, (want+steps-1)/steps) } // epochs of so many steps
	p.seconds = t.decoding + start + look*(drawing+float64(t.test))
	if !t.scratch {
		p.freeze = max(headEpochs, within(headSteps, steps))
		p.seconds += look * float64(t.learn+t.choose)
	}
	each := look * (training*float64(t.learn) + float64(t.choose))
	most := int((t.seconds - p.seconds) / each)
	want := max(bodyEpochs, within(bodySteps, steps))
	if t.scratch {
		want = max(30, within(2000, steps))
	}
	n := max(1, min(want, most))
	p.epochs = p.freeze + n
	p.seconds += float64(n) * each
	return p, most >= min(want, 3)
}

// best is the plan of the largest side, at most so many pixels, that leaves time for some epochs.
func (t task) best(most, least int) plan {
	for side := most; ; side -= 32 {
		p, fits := t.plan(max(side, least))
		if fits || side <= least {
			return p
		}
	}
}

// pictures is how many of n pictures there is time for, at a side: those of which each can be looked at and learned from twice.
func (t task) pictures(n, side int) int {
	look := t.cost(side).seconds()
	spare := t.seconds - start - drawing*look
	each := look*(1+2*training) + t.decoding/float64(n)
	return min(n, max(20, int(spare/each)))
}

// sideFor is the side that suits pictures whose shorter sides have a median: they are enlarged to three times their size at most, and by no
// more than the network has learned from.
func sideFor(median, most int) int {
	side := int(math.Ceil(float64(3*median)/32)) * 32
	return min(most, max(64, side))
}
