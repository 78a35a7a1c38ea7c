package optim_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/optim/minimize"
	"github.com/hadal-go/hadal/tensor"
)

// A network as a function of one vector: gradients and products with the Hessian are those of finite differences, and L-BFGS learns.
func TestFlat(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	net := nn.Chain{nn.NewLinear(r, 3, 8), nn.Func(nn.Tanh), nn.NewLinear(r, 8, 1)}
	x, y := tensor.New(40, 3), tensor.New(40, 1)
	nn.Normal(r, x, 0, 1)
	for i := range y.Edit() {
		y.Edit()[i] = x.Data()[3*i] * x.Data()[3*i+1]
	}
	f := optim.Flat{Params: nn.Params(net)}
	loss := func(p *tensor.Pass) *tensor.Tensor { return nn.MSE(net.Forward(p.Input(x)), p.Input(y)) }
	n := f.Len()
	at, v := f.Get(), make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	g, h, up, down := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	f.Gradient(g, at, loss)
	f.Product(h, at, v, loss)
	step, limit := 1e-2, 2e-2
	if kernel.FloatBytes == 8 {
		step, limit = 1e-5, 1e-7
	}
	move := func(k float64) []float64 {
		z := make([]float64, n)
		for i := range z {
			z[i] = at[i] + k*v[i]
		}
		return z
	}
	rise := f.Gradient(up, move(step), loss) - f.Gradient(down, move(-step), loss)
	along := 0.0
	for i := range g {
		along += g[i] * v[i]
	}
	if got := rise / (2 * step); math.Abs(got-along) > limit*(1+math.Abs(along)) {
		t.Errorf("the slope is %v, finite differences say %v", along, got)
	}
	for i := range h {
		if got := (up[i] - down[i]) / (2 * step); math.Abs(got-h[i]) > limit*(1+math.Abs(h[i])) {
			t.Errorf("element %d of the product is %v, finite differences say %v", i, h[i], got)
		}
	}
	first := f.Gradient(g, at, loss)
	result := minimize.Minimize(minimize.Problem{
		Value:    func(x []float64) float64 { return f.Gradient(make([]float64, n), x, loss) },
		Gradient: func(g, x []float64) { f.Gradient(g, x, loss) },
	}, at, &minimize.LBFGS{}, minimize.Options{Steps: 60})
	if !(result.F < first/10) {
		t.Errorf("L-BFGS brought the loss from %v to %v: %v", first, result.F, result.Status)
	}
}
