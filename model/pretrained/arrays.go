package pretrained

import (
	"bytes"

	"github.com/hadal-go/hadal/format/torch"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// array is one that lies in memory.
func array(name string, numbers []tensor.Float, shape ...int) nn.Array {
	return nn.Array{Name: name, DType: "F32", Shape: shape, Read: func() ([]tensor.Float, error) { return numbers, nil }}
}

// floats returns numbers in the precision of the build.
func floats(numbers []float32) []tensor.Float {
	floats := make([]tensor.Float, len(numbers))
	for i, v := range numbers {
		floats[i] = tensor.Float(v)
	}
	return floats
}

// loadTorch loads a file of PyTorch into a network; rename gives the network's name for one of the file.
func loadTorch(file []byte, net nn.Layer, rename func(string) string) error {
	f, err := torch.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	var arrays []nn.Array
	for _, name := range f.Names() {
		t, _ := f.Entry(name)
		arrays = append(arrays, nn.Array{
			Name: rename(name), DType: t.DType, Shape: t.Shape, Read: func() ([]tensor.Float, error) { return nn.Numbers(f, name) },
		})
	}
	return nn.LoadArrays(arrays, net)
}
