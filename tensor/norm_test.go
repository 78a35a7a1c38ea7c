package tensor

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveNorm normalizes what has the same group to mean 0 and variance 1, scales and shifts it, adds the residual and takes the ReLU,
// or another activation.
// weight, bias and residual are numbers of inputs; 0: none.
type naiveNorm struct {
	group                  func(shape, i []int) int
	weight, bias, residual int
	uncentred, relu        bool
	activation             func(float64) float64
	mean, variance         []float64 // given, for each group
}

const naiveEps = .01

func (n naiveNorm) value(x []array) array {
	shape := x[0].shape
	mean, variance, count := map[int]float64{}, map[int]float64{}, map[int]float64{}
	over := func(f func(g int, v float64)) {
		each(shape, func(i []int) { f(n.group(shape, i), x[0].at(i...)) })
	}
	over(func(g int, v float64) { count[g]++ })
	switch {
	case n.mean != nil:
		for g := range n.mean {
			mean[g], variance[g] = n.mean[g], n.variance[g]
		}
	default:
		if !n.uncentred {
			over(func(g int, v float64) { mean[g] += v / count[g] })
		}
		over(func(g int, v float64) { variance[g] += (v - mean[g]) * (v - mean[g]) / count[g] })
	}
	return build(shape, func(i []int) float64 {
		g := n.group(shape, i)
		y := (x[0].at(i...) - mean[g]) / math.Sqrt(variance[g]+naiveEps)
		if n.weight > 0 {
			y *= x[n.weight].at(i...)
		}
		if n.bias > 0 {
			y += x[n.bias].at(i...)
		}
		if n.residual > 0 {
			y += x[n.residual].at(i...)
		}
		if n.relu {
			y = max(y, 0)
		}
		if n.activation != nil {
			y = n.activation(y)
		}
		return y
	})
}

// gated draws a bias, or a residual, that decides what the ReLU lets through, so that small changes of x do not.
func gated(at int) domain {
	return func(r *rand.Rand, xs [][]Float) {
		normal(r, xs)
		for i := range xs[at] {
			xs[at][i] += Float(8*(i%3&1) - 4)
		}
		if len(xs) > 2 {
			drawn(func(r *rand.Rand) float64 { return .4 + .2*r.Float64() })(r, xs[1:2])
		}
	}
}

// around is gated for the ReLU that ends at 6: it draws shifts below 0, in between and above 6.
func around(at int) domain {
	return func(r *rand.Rand, xs [][]Float) {
		gated(at)(r, xs)
		for i := range xs[at] {
			xs[at][i] += []Float{0, -1, 6}[i%3]
		}
	}
}

func normRows() (rows []row) {
	feature := func(shape, i []int) int { return i[len(i)-1] }
	// ofImage is the group of an image and of so many groups of channels.
	ofImage := func(groups int) func(shape, i []int) int {
		return func(shape, i []int) int { return i[0]*groups + i[len(i)-1]*groups/shape[len(i)-1] }
	}
	// firstAxes is the group of what has the same place in the first axes.
	firstAxes := func(axes int) func(shape, i []int) int {
		return func(shape, i []int) (g int) {
			for a := range axes {
				g = g*shape[a] + i[a]
			}
			return g
		}
	}
	add := func(name string, shapes, large [][]int, d domain, op func(x []*Tensor) *Tensor, n naiveNorm) {
		rows = append(rows, row{name: name, shapes: shapes, large: large, domain: d, op: op, naive: n.value})
	}
	bad := func(ps panics) { rows[len(rows)-1].panics = ps }
	batch := func(tail Tail) func(x []*Tensor) *Tensor {
		return func(x []*Tensor) *Tensor {
			if len(x) > 3 {
				tail.Residual = x[3]
			}
			y, _, _ := x[0].BatchNorm(x[1], x[2], naiveEps, tail)
			return y
		}
	}
	full := naiveNorm{group: feature, weight: 1, bias: 2}

	add("BatchNorm", [][]int{{2, 2, 3, 3}, {3}, {3}}, [][]int{{4, 30, 31, 20}, {20}, {20}}, nil, batch(Tail{}), full)
	bad(panics{
		"BatchNorm: shape [3] is not one number for each feature of [4 2]": func() { New(4, 2).BatchNorm(New(3), nil, 1, Tail{}) },
		"BatchNorm: a single number has no features":                       func() { New().BatchNorm(nil, nil, 1, Tail{}) },
		"BatchNorm: the residual of shape [2] does not fit [4 2]": func() {
			New(4, 2).BatchNorm(nil, nil, 1, Tail{Residual: New(2)})
		},
	})
	add("BatchNorm/bare", [][]int{{5, 2}}, [][]int{{5000, 3}}, nil,
		func(x []*Tensor) *Tensor { y, _, _ := x[0].BatchNorm(nil, nil, naiveEps, Tail{}); return y },
		naiveNorm{group: feature})
	add("BatchNorm/of many features", [][]int{{3, 70}, {70}, {70}}, [][]int{{40, 700}, {700}, {700}}, nil, batch(Tail{}), full)
	add("BatchNorm/shifted", [][]int{{5, 1}, {1}}, [][]int{{70000, 1}, {1}}, nil,
		func(x []*Tensor) *Tensor { y, _, _ := x[0].BatchNorm(nil, x[1], naiveEps, Tail{}); return y },
		naiveNorm{group: feature, bias: 1})
	relu := full
	relu.relu = true
	add("BatchNorm/ReLU", [][]int{{2, 2, 3, 3}, {3}, {3}}, [][]int{{4, 30, 31, 20}, {20}, {20}}, gated(2), batch(Tail{Activation: ActReLU}), relu)
	capped := relu
	capped.activation = func(x float64) float64 { return min(x, 6) }
	add("BatchNorm/ReLU6", [][]int{{2, 2, 3, 3}, {3}, {3}}, [][]int{{4, 30, 31, 20}, {20}, {20}}, around(2), batch(Tail{Activation: ActReLU6}), capped)
	residual := full
	residual.residual = 3
	add("BatchNorm/residual", [][]int{{2, 3, 3}, {3}, {3}, {2, 3, 3}}, nil, nil, batch(Tail{}), residual)
	residual.relu = true
	add("BatchNorm/residual and ReLU", [][]int{{2, 2, 2, 3}, {3}, {3}, {2, 2, 2, 3}},
		[][]int{{4, 30, 31, 20}, {20}, {20}, {4, 30, 31, 20}}, gated(3), batch(Tail{Activation: ActReLU}), residual)
	capped.residual = 3
	add("BatchNorm/residual and ReLU6", [][]int{{2, 2, 2, 3}, {3}, {3}, {2, 2, 2, 3}},
		[][]int{{4, 30, 31, 20}, {20}, {20}, {4, 30, 31, 20}}, around(3), batch(Tail{Activation: ActReLU6}), capped)
	smooth := full
	smooth.activation = naiveSiLU
	add("BatchNorm/SiLU", [][]int{{2, 2, 3, 3}, {3}, {3}}, nil, nil, batch(Tail{Activation: ActSiLU}), smooth)
	add("BatchNorm/residual, bare", [][]int{{5, 2}, {5, 2}}, nil, nil,
		func(x []*Tensor) *Tensor {
			y, _, _ := x[0].BatchNorm(nil, nil, naiveEps, Tail{Residual: x[1]})
			return y
		},
		naiveNorm{group: feature, residual: 1})

	mean, variance := Of([]Float{.5, -.25}, 2), Of([]Float{.5, 2}, 2)
	given := naiveNorm{group: feature, weight: 1, bias: 2, mean: []float64{.5, -.25}, variance: []float64{.5, 2}}
	normalize := func(tail Tail) func(x []*Tensor) *Tensor {
		return func(x []*Tensor) *Tensor {
			if len(x) > 3 {
				tail.Residual = x[3]
			}
			return x[0].Normalize(FixedNorm{mean, variance, x[1], x[2], naiveEps}, tail)
		}
	}
	add("Normalize", [][]int{{3, 2, 2}, {2}, {2}}, [][]int{{700, 31, 2}, {2}, {2}}, nil, normalize(Tail{}), given)
	bad(panics{
		"Normalize: shape [2] is not one number for each feature of [4 3]": func() { New(4, 3).Normalize(FixedNorm{Mean: mean, Variance: variance}, Tail{}) },
	})
	given.residual, given.relu = 3, true
	add("Normalize/residual and ReLU", [][]int{{3, 2, 2}, {2}, {2}, {3, 2, 2}}, nil, gated(3), normalize(Tail{Activation: ActReLU}), given)
	given.relu, given.activation = false, naiveSiLU
	add("Normalize/residual and SiLU", [][]int{{3, 2, 2}, {2}, {2}, {3, 2, 2}}, nil, nil, normalize(Tail{Activation: ActSiLU}), given)
	given.relu, given.activation = true, nil
	add("Normalize/bare", [][]int{{3, 2}}, nil, nil,
		func(x []*Tensor) *Tensor {
			return x[0].Normalize(FixedNorm{mean, variance, nil, nil, naiveEps}, Tail{})
		},
		naiveNorm{group: feature, mean: given.mean, variance: given.variance})

	behind := func(name string, c Conv, d domain, tail Tail, n naiveNorm, large [][]int, x, w []int, further ...[]int) {
		rows = append(rows, row{
			name: name, shapes: append([][]int{x, w, {2}, {2}}, further...), large: large, domain: d,
			op: func(x []*Tensor) *Tensor {
				var bias *Tensor
				if n.residual > 0 {
					tail.Residual = x[4]
				} else if len(x) > 4 {
					bias = x[4]
				}
				return x[0].Conv2DNormalize(x[1], bias, c, FixedNorm{mean, variance, x[2], x[3], naiveEps}, tail)
			},
			naive: func(x []array) array {
				y := naiveConv(c)(x[:2])
				if n.residual == 0 && len(x) > 4 {
					y = build(y.shape, func(i []int) float64 { return y.at(i...) + x[4].at(i[3]) })
				}
				return n.value(append([]array{y}, x[2:]...))
			},
		})
	}
	// open draws the shifts that decide what the ReLU lets through.
	open := func(r *rand.Rand, xs [][]Float) {
		normal(r, xs)
		for i := range xs[3] {
			xs[3][i] += Float(20 - 40*(i&1))
		}
	}
	behind("Conv2DNormalize", Conv{Pad: 1}, open, Tail{Activation: ActReLU}, given, nil, []int{2, 3, 3, 2}, []int{3, 3, 2, 2}, []int{2, 3, 3, 2})
	bad(panics{
		"Conv2DNormalize: shape [3] is not one number for each feature of [1 4 4 2]": func() {
			New(1, 4, 4, 2).Conv2DNormalize(New(1, 1, 2, 2), New(3), Conv{}, FixedNorm{Mean: mean, Variance: variance}, Tail{})
		},
		"Conv2DNormalize: shape [2] is not one number for each feature of [1 4 4 3]": func() {
			New(1, 4, 4, 2).Conv2DNormalize(New(1, 1, 2, 3), nil, Conv{}, FixedNorm{Mean: mean, Variance: variance}, Tail{})
		},
		"Conv2DNormalize: the residual of shape [2] does not fit [1 4 4 2]": func() {
			New(1, 4, 4, 2).Conv2DNormalize(New(1, 1, 2, 2), nil, Conv{}, FixedNorm{Mean: mean, Variance: variance}, Tail{Residual: New(2)})
		},
	})
	given.residual, given.relu = 0, false
	behind("Conv2DNormalize/bias", Conv{Groups: 2}, nil, Tail{}, given, nil, []int{1, 3, 3, 4}, []int{2, 2, 2, 2}, []int{2})
	given.activation = naiveSiLU
	behind("Conv2DNormalize/SiLU", Conv{}, nil, Tail{Activation: ActSiLU}, given, nil, []int{2, 3, 3, 2}, []int{2, 2, 2, 2})
	given.activation = nil
	behind("Conv2DNormalize/pointwise", Conv{}, nil, Tail{}, given, nil, []int{2, 3, 3, 3}, []int{1, 1, 3, 2})
	rows = append(rows, row{
		name: "Conv2DNormalize/bare", shapes: [][]int{{1, 3, 3, 2}, {2, 2, 2, 2}},
		op: func(x []*Tensor) *Tensor {
			return x[0].Conv2DNormalize(x[1], nil, Conv{}, FixedNorm{mean, variance, nil, nil, naiveEps}, Tail{})
		},
		naive: func(x []array) array {
			n := naiveNorm{group: feature, mean: given.mean, variance: given.variance}
			return n.value([]array{naiveConv(Conv{})(x)})
		},
	})

	group := func(groups int) func(x []*Tensor) *Tensor {
		return func(x []*Tensor) *Tensor { return x[0].GroupNorm(groups, x[1], x[2], naiveEps) }
	}
	add("GroupNorm", [][]int{{2, 2, 2, 4}, {4}, {4}}, [][]int{{3, 40, 41, 12}, {12}, {12}}, nil, group(2),
		naiveNorm{group: ofImage(2), weight: 1, bias: 2})
	bad(panics{
		"GroupNorm: shape [4 3] is not N×…×C with channels in 2 groups": func() { New(4, 3).GroupNorm(2, nil, nil, 1) },
		"GroupNorm: shape [4] is not N×…×C with channels in 2 groups":   func() { New(4).GroupNorm(2, nil, nil, 1) },
	})
	add("GroupNorm/of rows", [][]int{{3, 6}, {6}, {6}}, nil, nil, group(2), naiveNorm{group: ofImage(2), weight: 1, bias: 2})
	add("GroupNorm/of one channel", [][]int{{2, 5, 3}, {3}, {3}}, [][]int{{20, 300, 3}, {3}, {3}}, nil, group(3),
		naiveNorm{group: ofImage(3), weight: 1, bias: 2})
	add("GroupNorm/of all channels", [][]int{{2, 3, 2}}, nil, nil,
		func(x []*Tensor) *Tensor { return x[0].GroupNorm(1, nil, nil, naiveEps) }, naiveNorm{group: ofImage(1)})

	layer := func(x []*Tensor) *Tensor { return x[0].LayerNorm(x[1], x[2], naiveEps) }
	add("LayerNorm", [][]int{{2, 3, 5}, {5}, {5}}, [][]int{{20, 15, 70}, {70}, {70}}, nil, layer,
		naiveNorm{group: firstAxes(2), weight: 1, bias: 2})
	bad(panics{
		"LayerNorm: shape [4 3] does not end in [4]":     func() { New(4, 3).LayerNorm(New(4), nil, 1) },
		"LayerNorm: shape [4 3] does not end in [2 4 3]": func() { New(4, 3).LayerNorm(New(2, 4, 3), nil, 1) },
		"LayerNorm: shape [4 3] does not end in [4 3]":   func() { New(4, 3).LayerNorm(New(3), New(4, 3), 1) },
		"LayerNorm: a single number has no last axis":    func() { New().LayerNorm(nil, nil, 1) },
	})
	add("LayerNorm/long rows", [][]int{{2, 9}, {9}}, [][]int{{3, 10000}, {10000}}, nil,
		func(x []*Tensor) *Tensor { return x[0].LayerNorm(nil, x[1], naiveEps) }, naiveNorm{group: firstAxes(1), bias: 1})
	add("LayerNorm/two axes", [][]int{{2, 3, 2}, {3, 2}, {3, 2}}, nil, nil, layer, naiveNorm{group: firstAxes(1), weight: 1, bias: 2})
	add("LayerNorm/bare", [][]int{{3, 4}}, nil, nil,
		func(x []*Tensor) *Tensor { return x[0].LayerNorm(nil, nil, naiveEps) }, naiveNorm{group: firstAxes(1)})
	add("LayerNorm/one row", [][]int{{4}, {4}, {4}}, nil, nil, layer, naiveNorm{group: firstAxes(0), weight: 1, bias: 2})

	add("RMSNorm", [][]int{{3, 4}, {4}}, [][]int{{300, 70}, {70}}, nil,
		func(x []*Tensor) *Tensor { return x[0].RMSNorm(x[1], naiveEps) },
		naiveNorm{group: firstAxes(1), weight: 1, uncentred: true})
	bad(panics{"RMSNorm: shape [4 3] does not end in [4]": func() { New(4, 3).RMSNorm(New(4), 1) }})
	add("RMSNorm/bare", [][]int{{3, 4}}, nil, nil,
		func(x []*Tensor) *Tensor { return x[0].RMSNorm(nil, naiveEps) }, naiveNorm{group: firstAxes(1), uncentred: true})
	return rows
}

// TestConv2DNormalizeIsItsParts compares what inference computes with what a pass computes that records, bit for bit.
func TestConv2DNormalizeIsItsParts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	make := func(shape ...int) *Tensor {
		x := New(shape...)
		positive(r, [][]Float{x.data})
		return x
	}
	for i, c := range []Conv{{Pad: 1}, {Stride: 2}, {Groups: 8}, {Pad: 1}, {Groups: 8}, {Stride: 2}} {
		x, w := make(2, 9, 9, 8), make(3, 3, 8/or(c.Groups, 1), 24)
		f := FixedNorm{make(24), make(24), make(24), make(24), naiveEps}
		bare := x.Conv2D(w, c)
		tail := Tail{Residual: make(bare.Shape()...), Activation: []Activation{ActReLU, ActReLU6, ActHardSwish, ActSiLU, NoActivation}[i%5]}
		got, want := x.Conv2DNormalize(w, nil, c, f, tail), bare.Normalize(f, tail)
		if !slices.Equal(got.data, want.data) {
			t.Errorf("%+v: Conv2DNormalize is not Conv2D and Normalize", c)
		}
	}
}

func naiveSiLU(x float64) float64 { return x / (1 + math.Exp(-x)) }

// TestBatchNormMoments checks the statistics that BatchNorm returns.
func TestBatchNormMoments(t *testing.T) {
	_, mean, variance := Of([]Float{1, 4, 3, 8}, 2, 2).BatchNorm(nil, nil, 0, Tail{})
	compare(t, "mean", number(mean), array{[]int{2}, []float64{2, 6}}, 1e-6)
	compare(t, "variance", number(variance), array{[]int{2}, []float64{1, 4}}, 1e-6)
}

// TestNormsOfNothing normalizes tensors without rows or without features.
func TestNormsOfNothing(t *testing.T) {
	for _, shape := range [][]int{{0, 3}, {3, 0}, {0, 4, 3}, {2, 0, 3}, {2, 4, 0}} {
		p := Training(nil)
		x, w, c := p.Var(New(shape...)), Param(shape[len(shape)-1]), Param(shape[len(shape)-1])
		batch, _, _ := x.BatchNorm(w, c, 1, Tail{Activation: ActReLU})
		sum := batch.Sum().Add(x.GroupNorm(max(1, c.Len()), w, c, 1).Sum()).Add(x.LayerNorm(w, c, 1).Sum()).Add(x.RMSNorm(w, 1).Sum())
		for i, g := range Grad(sum, x, w, c) {
			for _, v := range g.Data() {
				if v != 0 {
					t.Errorf("shape %v: gradient %d is %v, want zeros", shape, i, g)
				}
			}
		}
		p.End()
	}
}
