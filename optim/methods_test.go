package optim_test

import (
	"math"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// twenty takes 20 steps of a method along the gradients of one parameter of the fixture, and compares it with what another way of
// computing, in float64, says of every step.
func twenty(t *testing.T, name string, o optim.Optimizer, w *tensor.Tensor, grads *tensor.Tensor, want func(t int, w, g []float64)) {
	t.Helper()
	oracle := make([]float64, w.Len())
	for i, v := range w.Data() {
		oracle[i] = float64(v)
	}
	for step := range 20 {
		g := row(grads, step)
		o.Step([]*tensor.Tensor{g})
		wide := make([]float64, g.Len())
		for i, v := range g.Data() {
			wide[i] = float64(v)
		}
		want(step+1, oracle, wide)
		for i, v := range w.Data() {
			if math.Abs(float64(v)-oracle[i]) > 20*tolerance()*(1+math.Abs(oracle[i])) {
				t.Fatalf("%s: element %d at step %d is %v, want %v", name, i, step, v, oracle[i])
			}
		}
	}
}

// Lion is program 1 of its paper.
func TestLion(t *testing.T) {
	f := fixture.Open(t, "optim.safetensors")
	w := f.Tensor(t, "start/w")
	o := optim.NewLion([]*tensor.Tensor{w}, 0.01)
	o.Decay = 0.1
	m := make([]float64, w.Len())
	twenty(t, "lion", o, w, f.Tensor(t, "grads/w"), func(_ int, w, g []float64) {
		for i := range w {
			update := 0.9*m[i] + (1-0.9)*g[i]
			sign := 0.0
			if update != 0 {
				sign = math.Copysign(1, update)
			}
			w[i] -= 0.01 * (sign + 0.1*w[i])
			m[i] = 0.99*m[i] + (1-0.99)*g[i]
		}
	})
}

// LAMB is algorithm 2 of its paper, with the identity as φ.
func TestLAMB(t *testing.T) {
	f := fixture.Open(t, "optim.safetensors")
	w := f.Tensor(t, "start/w")
	o := optim.NewLAMB([]*tensor.Tensor{w}, 0.01)
	m, v := make([]float64, w.Len()), make([]float64, w.Len())
	twenty(t, "lamb", o, w, f.Tensor(t, "grads/w"), func(t int, w, g []float64) {
		r := make([]float64, len(w))
		var ww, rr float64
		for i := range w {
			m[i] = 0.9*m[i] + 0.1*g[i]
			v[i] = 0.999*v[i] + 0.001*g[i]*g[i]
			mean, square := m[i]/(1-math.Pow(0.9, float64(t))), v[i]/(1-math.Pow(0.999, float64(t)))
			r[i] = mean/(math.Sqrt(square)+1e-6) + 0.01*w[i]
			ww, rr = ww+w[i]*w[i], rr+r[i]*r[i]
		}
		for i := range w {
			w[i] -= 0.01 * math.Sqrt(ww/rr) * r[i]
		}
	})
}

// Muon turns the update into one whose singular values are near to 1, whatever those of the gradient are.
func TestMuonIsOrthogonal(t *testing.T) {
	for _, shape := range [][]int{{4, 9}, {9, 4}, {3, 3, 2, 5}} {
		w := tensor.Param(shape...)
		o := optim.NewMuon([]*tensor.Tensor{w}, 1)
		o.Decay = 0
		g := tensor.New(shape...)
		for i := range g.Edit() {
			g.Edit()[i] = tensor.Float(math.Sin(float64(i*i))) * 1e-3
		}
		o.Step([]*tensor.Tensor{g})
		k := w.Dim(-1)
		n := w.Len() / k
		sum := 0.0 // of the squared singular values
		for _, v := range w.Data() {
			sum += float64(v) * float64(v)
		}
		out, in := n, k
		if len(shape) > 2 {
			out, in = k, n
		}
		mean := sum / float64(min(n, k)) / max(1, float64(out)/float64(in))
		if mean < 0.5 || mean > 1.4 {
			t.Errorf("%v: the mean of the squared singular values is %.2f, want about 1", shape, mean)
		}
	}
}

func TestAverages(t *testing.T) {
	f := fixture.Open(t, "optim.safetensors")
	w := tensor.Param(4, 3)
	for name, a := range map[string]*optim.Average{
		"ema": optim.NewEMA([]*tensor.Tensor{w}, 0.7), "swa": optim.NewSWA([]*tensor.Tensor{w}),
	} {
		limit := tolerance()
		if name == "swa" { // whose counts PyTorch divides by in single precision
			limit = max(limit, 1e-7)
		}
		a.Swap() // nothing yet
		for step := range 6 {
			w.Set(row(f.Tensor(t, "grads/w"), step))
			a.Update()
			fixture.Close(t, name, a.Mean[0].Data(), f.Tensor(t, "average/"+name).Data()[step*12:][:12], limit)
		}
		before := w.Clone()
		a.Swap()
		fixture.Close(t, name+" swapped", w.Data(), f.Tensor(t, "average/"+name).Data()[60:], limit)
		a.Swap()
		if !slices.Equal(w.Data(), before.Data()) {
			t.Errorf("%s: the weights did not come back", name)
		}
	}
}

// With a warm-up an EMA keeps (1 + n)/(10 + n) of itself at update n, until that is more than the decay.
func TestAverageWarmsUp(t *testing.T) {
	w := tensor.Param(1)
	a := optim.NewEMA([]*tensor.Tensor{w}, 0.5)
	a.WarmUp = true
	want := 0.0
	for n := 1; n <= 20; n++ {
		w.Edit()[0] = tensor.Float(n * n)
		a.Update()
		keep := min(0.5, float64(1+n)/float64(10+n))
		if n == 1 {
			keep = 0
		}
		want = keep*want + (1-keep)*float64(n*n)
		if got := float64(a.Mean[0].Item()); math.Abs(got-want) > 1e-5*want {
			t.Errorf("after %d updates %v, want %v", n, got, want)
		}
	}
}

// Lookahead is algorithm 1 of its paper: gradient descent by hand.
func TestLookahead(t *testing.T) {
	w := tensor.Of([]tensor.Float{1}, 1)
	ps := []*tensor.Tensor{w}
	l := optim.NewLookahead(ps, optim.NewSGD(ps, 0.5, 0))
	l.Every, l.Part = 2, 0.25
	g := []*tensor.Tensor{tensor.Of([]tensor.Float{1}, 1)}
	for step, want := range []tensor.Float{0.5, 0.75, 0.25, 0.5} { // 1 → 0.5 → 0, a quarter of the way: 0.75
		l.Step(g)
		if w.Item() != want {
			t.Errorf("step %d: %v, want %v", step, w.Item(), want)
		}
	}
}

// The mean over passes is the gradient of the mean.
func TestAccumulator(t *testing.T) {
	a := optim.NewAccumulator([]*tensor.Tensor{tensor.Param(2), tensor.Param(1)})
	for range 2 { // the second time from nothing again
		for _, g := range [][]tensor.Float{{1, 2}, {3, 6}} {
			a.Add([]*tensor.Tensor{tensor.Of(g, 2), nil})
		}
		a.Mean(func(grads []*tensor.Tensor) {
			if !slices.Equal(grads[0].Data(), []tensor.Float{2, 4}) || grads[1] != nil {
				t.Errorf("the means are %v and %v, want [2 4] and nil", grads[0], grads[1])
			}
		})
	}
}

func TestNoise(t *testing.T) {
	p := training()
	defer p.End()
	grads := []*tensor.Tensor{p.Zeros(10000), nil}
	optim.AddNoise(p, grads, optim.NoiseDeviation(0.3, 99))
	square := 0.0
	for _, v := range grads[0].Data() {
		square += float64(v) * float64(v)
	}
	if got, want := square/10000, 0.3/math.Pow(100, 0.55); math.Abs(got/want-1) > 0.06 {
		t.Errorf("the variance of the noise is %v, want %v", got, want)
	}
}

// Where all gradients are alike there is no variance, of which rounding may leave less than none.
func TestCentredRMSPropOfEqualGradients(t *testing.T) {
	w := tensor.Of([]tensor.Float{1, 1, 1}, 3)
	o := optim.NewRMSProp([]*tensor.Tensor{w}, 1e-9, 0, true)
	g := []*tensor.Tensor{tensor.Of([]tensor.Float{0.1, 0.7, 3.3}, 3)}
	for range 5000 {
		o.Step(g)
	}
	if !w.Finite() {
		t.Errorf("the parameters are %v", w.Data())
	}
}

func TestMethods(t *testing.T) {
	names := optim.MethodNames()
	if !slices.IsSorted(names) {
		t.Errorf("%v are not sorted", names)
	}
	// Each finds the minimum of a narrow valley by the learning rate of its row.
	for _, m := range optim.Methods {
		w := tensor.Of([]tensor.Float{1, -1, 0.5, 2}, 2, 2)
		w.Track(true)
		o := m.New([]*tensor.Tensor{w}, optim.Settings{LR: m.LR, Momentum: 0.9})
		weight := tensor.Of([]tensor.Float{1, 5, 20, 1}, 2, 2)
		loss := func() float64 {
			p := tensor.Recording(nil)
			defer p.End()
			l := p.Use(w).Square().Mul(weight).Sum()
			o.Step(tensor.Grad(l, w))
			return float64(l.Item())
		}
		first, last := loss(), 0.0
		for range 3000 {
			last = loss()
		}
		if !(last < first/3) {
			t.Errorf("%s with lr %v: the loss went from %.3g to %.3g", m.Name, m.LR, first, last)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("there is a method called nothing")
		}
	}()
	optim.MethodNamed("nothing")
}

// With every method, a parameter in a group moves as one alone whose learning rate and weight decay are the group's.
func TestEveryMethodHasGroups(t *testing.T) {
	f := fixture.Open(t, "optim.safetensors")
	grads := f.Tensor(t, "grads/w")
	for _, m := range optim.Methods {
		first, second, alone := f.Tensor(t, "start/w"), f.Tensor(t, "start/w"), f.Tensor(t, "start/w")
		o, ok := m.New([]*tensor.Tensor{first, second}, optim.Settings{LR: m.LR, Momentum: .9, Decay: .1}).(optim.Grouped)
		if !ok {
			t.Errorf("%s has no groups", m.Name)
			continue
		}
		o.Group([]*tensor.Tensor{second}, optim.Group{Rate: .25, Decay: .3})
		by := m.New([]*tensor.Tensor{alone}, optim.Settings{LR: .25 * m.LR, Momentum: .9, Decay: .3})
		for step := range 5 {
			g := row(grads, step)
			o.Step([]*tensor.Tensor{g, g})
			by.Step([]*tensor.Tensor{g})
		}
		if !slices.Equal(second.Data(), alone.Data()) {
			t.Errorf("%s: in a group %v, alone %v", m.Name, second.Data()[:2], alone.Data()[:2])
		}
		if slices.Equal(first.Data(), second.Data()) {
			t.Errorf("%s: the group makes no difference", m.Name)
		}
	}
}
