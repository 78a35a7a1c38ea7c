package optim_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// names are those of the parameters in the fixture.
var names = []string{"w", "b", "u"}

// tolerance is how far results may be from those of PyTorch in double precision.
func tolerance() float64 {
	if unsafe.Sizeof(tensor.Float(0)) == 8 {
		return 1e-13
	}
	return 1e-6
}

func starts(t testing.TB, f *fixture.File) []*tensor.Tensor {
	t.Helper()
	ps := make([]*tensor.Tensor, len(names))
	for i, name := range names {
		ps[i] = f.Tensor(t, "start/"+name)
		ps[i].Track(true)
	}
	return ps
}

// row returns the i-th row of x, or nil for a gradient that the fixture leaves out.
func row(x *tensor.Tensor, i int) *tensor.Tensor {
	if x.Dim(0) == 20 && x.Rank() == 2 && x.Dim(1) == 5 && (i == 0 || i == 1 || i == 7) {
		return nil
	}
	n := x.Len() / x.Dim(0)
	return tensor.Of(x.Data()[i*n:(i+1)*n], x.Shape()[1:]...)
}

// Every method takes the same 20 steps as PyTorch's.
func TestOptimizers(t *testing.T) {
	cycle := optim.OneCycle{Max: 0.05, Steps: 20}
	plain := func(o optim.Optimizer) (optim.Optimizer, func(int)) { return o, func(int) {} }
	methods := map[string]func(ps []*tensor.Tensor) (o optim.Optimizer, schedule func(step int)){
		"sgd": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewSGD(ps, 0.01, 0)) },
		"sgd_decay": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			s := optim.NewSGD(ps, 0.01, 0)
			s.Decay = 0.1
			return plain(s)
		},
		"momentum": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewSGD(ps, 0.01, 0.9)) },
		"dampening": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			s := optim.NewSGD(ps, 0.01, 0.9)
			s.Dampening, s.Decay = 0.3, 0.1
			return plain(s)
		},
		"nesterov": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			s := optim.NewSGD(ps, 0.01, 0.8)
			s.Nesterov, s.Decay = true, 0.1
			return plain(s)
		},
		"sgd_groups": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			s := optim.NewSGD(ps, 0.01, 0.9)
			s.Decay = 0.1
			s.Group(ps[1:2], optim.Group{Rate: 0.5})
			return plain(s)
		},
		"adam": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewAdam(ps, 0.01)) },
		"adam_decay": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			a := optim.NewAdam(ps, 0.01)
			a.Decay = 0.1
			return plain(a)
		},
		"adam_betas": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			a := optim.NewAdam(ps, 0.01)
			a.Beta1, a.Beta2, a.Epsilon = 0, 0.9, 1e-3
			return plain(a)
		},
		"adamw": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewAdamW(ps, 0.01)) },
		"adamw_groups": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			a := optim.NewAdamW(ps, 1)
			a.Group(ps, optim.Group{Decay: 0.2})
			a.Group(ps[1:2], optim.Group{Rate: 0.5})
			a.SetLR(0.01)
			return plain(a)
		},
		"sgd_cycle": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			s := optim.NewSGD(ps, 0.01, 0.9)
			return s, func(step int) { s.LR, s.Momentum = cycle.At(step), cycle.Momentum(step) }
		},
		"adam_cycle": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			a := optim.NewAdam(ps, 0.01)
			return a, func(step int) { a.LR, a.Beta1 = cycle.At(step), cycle.Momentum(step) }
		},
		"adagrad": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewAdaGrad(ps, 0.01)) },
		"adagrad_fall": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			a := optim.NewAdaGrad(ps, 0.1)
			a.Fall, a.Decay = 0.1, 0.1
			return plain(a)
		},
		"adadelta": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewAdaDelta(ps, 1)) },
		"rmsprop": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			return plain(optim.NewRMSProp(ps, 0.01, 0, false))
		},
		"rmsprop_centred": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			r := optim.NewRMSProp(ps, 0.01, 0.9, true)
			r.Decay = 0.1
			return plain(r)
		},
		"adamax":  func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewAdaMax(ps, 0.01)) },
		"amsgrad": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewAMSGrad(ps, 0.01)) },
		"nadam":   func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewNAdam(ps, 0.01)) },
		"nadam_decay": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			n := optim.NewNAdam(ps, 0.01)
			n.Decay, n.Decoupled = 0.1, true
			return plain(n)
		},
		"radam": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewRAdam(ps, 0.01)) },
		"radam_soon": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			r := optim.NewRAdam(ps, 0.01)
			r.Beta2 = 0.9
			return plain(r)
		},
		"adafactor": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			a := optim.NewAdafactor(ps, 0.01)
			a.Decay = 0.1
			return plain(a)
		},
		"muon": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) { return plain(optim.NewMuon(ps, 0.01)) },
		"muon_decay": func(ps []*tensor.Tensor) (optim.Optimizer, func(int)) {
			m := optim.NewMuon(ps, 0.01)
			m.Decay = 0.3
			return plain(m)
		},
	}
	for name, build := range methods {
		t.Run(name, func(t *testing.T) {
			f := fixture.Open(t, "optim.safetensors")
			ps := starts(t, f)
			o, schedule := build(ps)
			limit := tolerance()
			if strings.HasPrefix(name, "nadam") { // whose product of momenta PyTorch keeps in single precision
				limit = max(limit, 1e-8)
			}
			for step := range 20 {
				grads := []*tensor.Tensor{}
				for _, n := range names {
					grads = append(grads, row(f.Tensor(t, "grads/"+n), step))
				}
				schedule(step)
				o.Step(grads)
				for i, n := range names {
					want := f.Tensor(t, name+"/"+n)
					width := ps[i].Len()
					fixture.Close(t, n, ps[i].Data(), want.Data()[step*width:(step+1)*width], limit)
				}
				if t.Failed() {
					t.Fatalf("at step %d", step)
				}
			}
		})
	}
}

// mlp returns the parameters of a small network and their gradients in a pass.
func mlp(p *tensor.Pass) (params, grads []*tensor.Tensor) {
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.Chain{nn.NewLinear(r, 300, 100), nn.Func((*tensor.Tensor).ReLU), nn.NewLinear(r, 100, 10)}
	params = nn.Params(net)
	y := net.Forward(p.Normal(8, 300))
	return params, tensor.Grad(y.Square().Mean(), params...)
}

func training() *tensor.Pass { return tensor.Training(rand.New(rand.NewPCG(3, 4))) }

func TestStepMakesNoGarbage(t *testing.T) {
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector empties pools at random")
	}
	p := training()
	defer p.End()
	params, grads := mlp(p)
	for _, o := range []optim.Optimizer{
		optim.NewSGD(params, 1e-3, 0), optim.NewSGD(params, 1e-3, 0.9), optim.NewAdam(params, 1e-3), optim.NewAdamW(params, 1e-3),
		optim.NewAdaGrad(params, 1e-3), optim.NewAdaDelta(params, 1), optim.NewRMSProp(params, 1e-3, 0.9, true),
		optim.NewAdaMax(params, 1e-3), optim.NewAMSGrad(params, 1e-3), optim.NewNAdam(params, 1e-3), optim.NewRAdam(params, 1e-3),
		optim.NewLion(params, 1e-4), optim.NewLAMB(params, 1e-3), optim.NewAdafactor(params, 1e-3), optim.NewMuon(params, 1e-3),
	} {
		if n := testing.AllocsPerRun(20, func() { o.Step(grads) }); n != 0 {
			t.Errorf("a Step of %T makes %v allocations, want 0", o, n)
		}
	}
}

// A state that is saved after some steps and loaded into a new optimizer goes on as if nothing had happened.
func TestStateResumes(t *testing.T) {
	type state struct {
		Params    []*tensor.Tensor `json:"-"`
		Optimizer optim.Optimizer
	}
	builds := map[string]func(ps []*tensor.Tensor) optim.Optimizer{
		"lookahead": func(ps []*tensor.Tensor) optim.Optimizer { return optim.NewLookahead(ps, optim.NewAdam(ps, 0.01)) },
		"momentum": func(ps []*tensor.Tensor) optim.Optimizer {
			s := optim.NewSGD(ps, 0.01, 0.9)
			s.Dampening = 0.5 // shows at a first update
			return s
		},
	}
	for _, m := range optim.Methods {
		builds[m.Name] = func(ps []*tensor.Tensor) optim.Optimizer { return m.New(ps, optim.Settings{LR: 0.01, Momentum: 0.9}) }
	}
	for name, build := range builds {
		t.Run(name, func(t *testing.T) {
			f := fixture.Open(t, "optim.safetensors")
			steps := func(s state, from, to int) {
				for i := from; i < to; i++ {
					grads := []*tensor.Tensor{}
					for _, n := range names {
						grads = append(grads, row(f.Tensor(t, "grads/"+n), i))
					}
					s.Optimizer.Step(grads)
				}
			}
			ps := starts(t, f)
			whole := state{ps, build(ps)}
			steps(whole, 0, 3)

			saved := map[string]*tensor.Tensor{}
			for leaf := range nn.Leaves(whole) {
				saved[leaf.Name] = leaf.Tensor.Clone()
			}
			numbers, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			ps = starts(t, f)
			resumed := state{ps, build(ps)}
			for leaf := range nn.Leaves(resumed) {
				leaf.Tensor.Set(saved[leaf.Name])
			}
			if err := json.Unmarshal(numbers, &resumed); err != nil {
				t.Fatal(err)
			}

			steps(whole, 3, 10)
			steps(resumed, 3, 10)
			for i, n := range names {
				if got, want := resumed.Params[i].Data(), whole.Params[i].Data(); !slices.Equal(got, want) {
					t.Errorf("resumed, %s = %v, want %v", n, got, want)
				}
			}
			if got := string(numbers); name == "adam" && !strings.Contains(got, `{"steps":3,"updates":[3,3,1]}`) {
				t.Errorf("the numbers of the state are %s, want steps and updates alone", got)
			}
		})
	}
}

// The memory of a pass is filled with NaN before its use and after its end; none of it may reach a parameter or a moment.
func TestPoisonedMemory(t *testing.T) {
	step := func() (params []*tensor.Tensor) {
		p := training()
		params, grads := mlp(p)
		a, s := optim.NewAdam(params, 0.1), optim.NewSGD(params, 0.1, 0.9)
		optim.ClipNorm(grads, 1e-3)
		optim.ClipValue(grads, 1e-4)
		a.Step(grads)
		s.Step(grads)
		p.End()
		return slices.Concat(params, a.Mean, a.Square, s.Velocity)
	}
	want := step()
	tensor.Poison(true)
	defer tensor.Poison(false)
	for i, got := range step() {
		if !slices.Equal(got.Data(), want[i].Data()) {
			t.Errorf("tensor %d differs where memory is poisoned", i)
		}
	}
}

func TestMisuse(t *testing.T) {
	w, v := tensor.Param(2, 3), tensor.Param(3)
	sgd := func() *optim.SGD { return optim.NewSGD([]*tensor.Tensor{w, v}, 0.1, 0) }
	for want, f := range map[string]func(){
		"optim: Step: got 1 gradients for 2 parameters": func() { sgd().Step([]*tensor.Tensor{w}) },
		"optim: Step: gradient 1 has shape [2 3], its parameter [3]": func() {
			sgd().Step([]*tensor.Tensor{tensor.New(2, 3), tensor.New(2, 3)})
		},
		"optim: Step: gradient 0 has shape [3 2], its parameter [2 3]": func() {
			optim.NewAdam([]*tensor.Tensor{w}, 1).Step([]*tensor.Tensor{tensor.New(3, 2)})
		},
		"optim: Step: momentum 0.9 needs an optimizer made with momentum; give it to NewSGD": func() {
			s := sgd()
			s.Momentum = 0.9
			s.Step([]*tensor.Tensor{nil, nil})
		},
		"optim: Step: the state is that of 1 parameters, not of 2": func() {
			s := sgd()
			s.Updates = []int{1}
			s.Step([]*tensor.Tensor{nil, nil})
		},
		"optim: NewSGD: the learning rate is -1; it cannot be negative":   func() { optim.NewSGD(nil, -1, 0) },
		"optim: NewAdam: the learning rate is NaN; it cannot be negative": func() { optim.NewAdam(nil, math.NaN()) },
		"optim: NewAdam: parameter 1 is nil":                              func() { optim.NewAdamW([]*tensor.Tensor{w, nil}, 1) },
		"optim: NewSGD: parameter 2 was given before":                     func() { optim.NewSGD([]*tensor.Tensor{w, v, w}, 1, 0) },
		"optim: NewSGD: parameter 0 belongs to a pass; parameters live on the heap": func() {
			p := training()
			defer p.End()
			optim.NewSGD([]*tensor.Tensor{p.Zeros(1)}, 1, 0)
		},
		"optim: Group: parameter 0 is not one of the optimizer's": func() {
			sgd().Group([]*tensor.Tensor{tensor.Param(1)}, optim.Group{})
		},
		"optim: Group: the rate is -1; it cannot be negative":       func() { sgd().Group(nil, optim.Group{Rate: -1}) },
		"optim: ClipNorm: the limit is -1; it cannot be negative":   func() { optim.ClipNorm(nil, -1) },
		"optim: ClipValue: the limit is NaN; it cannot be negative": func() { optim.ClipValue(nil, math.NaN()) },
		"optim: Stairs: a stair of 0 steps leads nowhere":           func() { optim.Stairs{LR: 1}.At(0) },
		"optim: WarmUp: there is no schedule Then to warm up for":   func() { optim.WarmUp{Steps: 3}.At(0) },
		"optim: OneCycle: a run of 0 steps has no cycle":            func() { optim.OneCycle{Max: 1}.At(0) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %v", got, want)
				}
			}()
			f()
		}()
	}
}

// A step that is refused changes nothing, not even the parameters before the one at fault.
func TestRefusedStepChangesNothing(t *testing.T) {
	w, v := tensor.Of([]tensor.Float{1, 2}, 2), tensor.Param(3)
	a := optim.NewAdam([]*tensor.Tensor{w, v}, 1)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Step took a gradient of another shape")
			}
		}()
		a.Step([]*tensor.Tensor{tensor.Of([]tensor.Float{1, 1}, 2), tensor.New(2)})
	}()
	if w.Data()[0] != 1 || a.Steps != 0 || a.Updates[0] != 0 || a.Mean[0].Data()[0] != 0 {
		t.Errorf("after a refused step w = %v, Steps %d, Updates %v, Mean %v", w, a.Steps, a.Updates, a.Mean)
	}
}

// Grad refuses a tape whose parameters have moved.
func TestGradAfterStep(t *testing.T) {
	p := training()
	defer p.End()
	w := tensor.Param(2)
	loss := p.Use(w).Square().Sum()
	optim.NewSGD([]*tensor.Tensor{w}, 1, 0).Step(tensor.Grad(loss, w))
	defer func() {
		if recover() == nil {
			t.Error("Grad went on with a parameter that Step had moved")
		}
	}()
	tensor.Grad(loss, w)
}
