package flat_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim/flat"
	"github.com/hadal-go/hadal/optim/minimize"
	"github.com/hadal-go/hadal/tensor"
)

// A network learns exclusive or, from all of its examples at once.
func Example() {
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.Chain{nn.NewLinear(r, 2, 8), nn.Func((*tensor.Tensor).Tanh), nn.NewLinear(r, 8, 1)}
	x := tensor.Of([]tensor.Float{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	y := tensor.Of([]tensor.Float{0, 1, 1, 0}, 4, 1)

	f := flat.New(nn.Params(net), func(p *tensor.Pass) *tensor.Tensor {
		return net.Forward(p.Input(x)).Sub(y).Square().Mean()
	})
	result := minimize.Minimize(f, f.Start(), &minimize.LBFGS{Search: minimize.HagerZhang{}}, minimize.Settings{})
	f.Set(result.X)

	p := tensor.Inference()
	defer p.End()
	for _, v := range net.Forward(p.Input(x)).Data() {
		fmt.Printf("%.0f ", max(v, 0))
	}
	fmt.Println(result.Status)
	// Output: 0 1 1 0 converged
}
