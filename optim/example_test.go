package optim_test

import (
	"fmt"

	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// Adam finds the minimum of (w − 3)².
func ExampleAdam() {
	w := tensor.Param(1)
	optimizer := optim.NewAdam([]*tensor.Tensor{w}, 0.1)
	for range 300 {
		p := tensor.Recording(nil)
		loss := p.Use(w).Shift(-3).Square().Sum()
		optimizer.Step(tensor.Grad(loss, w))
		p.End()
	}
	fmt.Printf("w = %.2f after %d steps\n", w.Item(), optimizer.Steps)
	// Output: w = 3.00 after 300 steps
}

// Biases and the gains of normalizations usually take no weight decay.
func ExampleCore_Group() {
	params := []*tensor.Tensor{tensor.Param(10, 5), tensor.Param(5), tensor.Param(5, 1), tensor.Param(1)}
	optimizer := optim.NewAdamW(params, 1e-3)
	var vectors []*tensor.Tensor
	for _, w := range params {
		if w.Rank() < 2 {
			vectors = append(vectors, w)
		}
	}
	optimizer.Group(vectors, optim.Group{Decay: 0})
	fmt.Println(len(vectors), "of", len(params), "parameters without weight decay")
	// Output: 2 of 4 parameters without weight decay
}

// A tenth of the run warms up, the rest follows a cosine.
func ExampleWarmUp() {
	schedule := optim.WarmUp{Steps: 10, From: 0.1, Then: optim.Cosine{LR: 0.2, Steps: 90}}
	for _, step := range []int{0, 5, 10, 55, 100} {
		fmt.Printf("%3d %.3f\n", step, schedule.At(step))
	}
	// Output:
	//   0 0.020
	//   5 0.110
	//  10 0.200
	//  55 0.100
	// 100 0.000
}
