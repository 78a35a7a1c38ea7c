package bench

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math"
	"strings"

	"github.com/hadal-go/hadal/format/safetensors"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// made returns n numbers in [−1, 1) that everybody who takes part can make: splitmix64 of a counter that begins at a place given by
// the name.
func made(name string, n int) []tensor.Float {
	hash := fnv.New32a()
	hash.Write([]byte(name))
	counter := uint64(hash.Sum32())<<32 + 0x9E3779B97F4A7C15
	numbers := make([]tensor.Float, n)
	for i := range numbers {
		x := counter + uint64(i)
		x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
		x = (x ^ x>>27) * 0x94D049BB133111EB
		x ^= x >> 31
		numbers[i] = tensor.Float(x>>40)/(1<<23) - 1
	}
	return numbers
}

func madeTensor(name string, shape ...int) *tensor.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return tensor.Of(made(name, n), shape...)
}

// madeImages returns N×H×H×C, made as N×C×H×H.
func madeImages(name string, n, c, h int) *tensor.Tensor {
	return madeTensor(name, n, c, h, h).Permute(0, 2, 3, 1)
}

// madeLabels returns labels below classes.
func madeLabels(n, classes int) []int {
	labels := make([]int, n)
	for i := range labels {
		labels[i] = i * 7 % classes
	}
	return labels
}

// fill gives a model the weights that everybody makes: matrices and kernels by their names in PyTorch and in its order of axes,
// scaled by the root of what is summed over; vectors of scales 1 and of shifts 0, as they begin.
func fill(model any) {
	var entries []safetensors.Entry
	for l := range nn.Leaves(model) {
		shape := l.Tensor.Shape()
		for i, axis := range l.Order {
			shape[i] = l.Tensor.Dim(axis)
		}
		data := append([]tensor.Float(nil), l.Tensor.Data()...)
		switch {
		case len(shape) > 1:
			fan := l.Tensor.Len() / shape[0]
			data = made(l.Name, len(data))
			for i := range data {
				data[i] *= tensor.Float(math.Sqrt(3 / float64(fan)))
			}
		case strings.Contains(l.Name, "bias"):
			clear(data)
		}
		entries = append(entries, safetensors.Entry{Name: l.Name, Shape: shape, Data: data})
	}
	var file bytes.Buffer
	err := safetensors.Write(&file, entries, nil)
	if err == nil {
		err = nn.Load(bytes.NewReader(file.Bytes()), int64(file.Len()), model)
	}
	if err != nil {
		panic(fmt.Sprintf("bench: fill: %v", err))
	}
}

// sums are two numbers that tell results apart: Σ|y| and Σy².
func sums(tensors ...*tensor.Tensor) []float64 {
	var all []float64
	for _, t := range tensors {
		var size, square float64
		for _, v := range t.Data() {
			size += math.Abs(float64(v))
			square += float64(v) * float64(v)
		}
		all = append(all, size, square)
	}
	return all
}
