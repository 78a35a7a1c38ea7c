package tensor_test

import (
	"fmt"
	"math"

	"github.com/hadal-go/hadal/tensor"
)

// The gradient of x² + 3y is 2x by x, and 3 by y.
func ExampleGrad() {
	p := tensor.Training(nil)
	defer p.End()
	x := p.Var(tensor.Of([]tensor.Float{1, 2}, 2))
	y := p.Var(tensor.Of([]tensor.Float{5}, 1))
	z := x.Square().Sum().Add(y.Scale(3).Sum())
	for _, g := range tensor.Grad(z, x, y) {
		fmt.Println(g.Data())
	}
	// Output:
	// [2 4]
	// [3]
}

// The second derivative of x³ is 6x: the gradient of the gradient.
func ExampleGradGraph() {
	p := tensor.Training(nil)
	defer p.End()
	x := p.Var(tensor.Of([]tensor.Float{1, 2}, 2))
	first := tensor.GradGraph(x.Power(3).Sum(), x)[0]
	second := tensor.Grad(first.Sum(), x)[0]
	fmt.Println(first.Data(), second.Data())
	// Output:
	// [3 12] [6 12]
}

// SoftThreshold draws x towards zero by t, and to zero where it is nearer: the proximal operator of the L1 norm.
func SoftThreshold(x *tensor.Tensor, t tensor.Float) *tensor.Tensor {
	p := tensor.PassOf("SoftThreshold", x)
	y := p.Empty(x.Shape()...)
	for i, v := range x.Data() {
		y.Data()[i] = max(v-t, 0) + min(v+t, 0)
	}
	p.Op("SoftThreshold", func(b *tensor.Back) {
		b.Give(0, b.G(0).Gate(b.Y(0).Abs())) // the gradient passes where the result is not zero
	}, []*tensor.Tensor{y}, []*tensor.Tensor{x})
	return y
}

// A new operation computes its value into a tensor of the pass of its operands, and states its derivative with operations,
// so that there are derivatives of every order. Nothing else makes it different from the operations of the package.
func ExamplePass_Op() {
	p := tensor.Training(nil)
	defer p.End()
	x := p.Var(tensor.Of([]tensor.Float{-2, 0.5, 3}, 3))
	y := SoftThreshold(x, 1)
	gradient := tensor.GradGraph(y.Square().Sum(), x)[0]
	fmt.Println(y.Data(), gradient.Data(), tensor.Grad(gradient.Sum(), x)[0].Data())
	// Output:
	// [-1 0 2] [-2 0 4] [2 0 2]
}

// silu is x·sigmoid(x) (Elfwing et al. 2017) with loops of its own for the value and the first derivative.
var silu = tensor.Fusion{
	Kernel: func(b *tensor.Back) {
		dx := b.Pass().Empty(b.X(0).Shape()...)
		for i, x := range b.X(0).Data() {
			s := sigmoid(x)
			dx.Data()[i] = b.G(0).Data()[i] * s * (1 + x*(1-s))
		}
		b.Give(0, dx)
	},
	Compose: func(_ *tensor.Back, xs []*tensor.Tensor) []*tensor.Tensor {
		return []*tensor.Tensor{xs[0].Mul(xs[0].Sigmoid())}
	},
}

func sigmoid(x tensor.Float) tensor.Float { return tensor.Float(1 / (1 + math.Exp(-float64(x)))) }

// SiLU returns x·sigmoid(x).
func SiLU(x *tensor.Tensor) *tensor.Tensor {
	p := tensor.PassOf("SiLU", x)
	y := p.Empty(x.Shape()...)
	for i, v := range x.Data() {
		y.Data()[i] = v * sigmoid(v)
	}
	p.Fused("SiLU", &silu, []*tensor.Tensor{y}, []*tensor.Tensor{x})
	return y
}

// A fused operation has a loop of its own for its first derivative. For the higher ones its composition is differentiated,
// and the composition is what the loop is tested against: Grad runs the one, GradGraph the other.
func ExampleFusion() {
	p := tensor.Training(nil)
	defer p.End()
	x := p.Var(tensor.Of([]tensor.Float{-1, 0, 2}, 3))
	y := SiLU(x).Sum()
	kernel, composition := tensor.Grad(y, x)[0], tensor.GradGraph(y, x)[0]
	second := tensor.Grad(composition.Sum(), x)[0]
	fmt.Printf("%.4f\n%.4f\n%.4f\n", kernel.Data(), composition.Data(), second.Data())
	// Output:
	// [0.0723 0.5000 1.0908]
	// [0.0723 0.5000 1.0908]
	// [0.3024 0.5000 0.0501]
}
