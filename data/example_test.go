package data_test

import (
	"fmt"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/tensor"
)

// A loop over the batches of one epoch, as training does it: the last batch is smaller.
func ExampleBatches() {
	set := &data.Pictures{
		H: 1, W: 2, C: 1,
		Pixels: []byte{0, 51, 102, 153, 204, 255},
		Labels: []int{0, 1, 0},
		Names:  []string{"cat", "dog"},
	}
	batches := data.Batches{Set: set, Size: 2, Scale: data.Scale{Mean: []tensor.Float{0.5}, Std: []tensor.Float{0.5}}}
	for batch, err := range batches.Epoch(0, 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v %.1f %v\n", batch.Images.Shape(), batch.Images.Data(), batch.Labels)
	}
	// Output:
	// [2 1 2 1] [-1.0 -0.6 -0.2 0.2] [0 1]
	// [1 1 2 1] [0.6 1.0] [0]
}
