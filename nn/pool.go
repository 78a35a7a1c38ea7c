package nn

import "github.com/hadal-go/hadal/tensor"

// MaxPool2D takes the greatest value of each window: N×H×W×C → N×OH×OW×C.
//
//	nn.MaxPool2D{Pool: tensor.Pool{Kernel: 2}}
type MaxPool2D struct{ tensor.Pool }

// Forward pools x.
func (l MaxPool2D) Forward(x *tensor.Tensor) *tensor.Tensor { return x.MaxPool2D(l.Pool) }

// AvgPool2D takes the average of each window: N×H×W×C → N×OH×OW×C.
type AvgPool2D struct{ tensor.Pool }

// Forward pools x.
func (l AvgPool2D) Forward(x *tensor.Tensor) *tensor.Tensor { return x.AvgPool2D(l.Pool) }

// AdaptiveAvgPool2D averages over H×W windows of nearly equal size: N×·×·×C → N×H×W×C.
type AdaptiveAvgPool2D struct{ H, W int }

// Forward pools x.
func (l AdaptiveAvgPool2D) Forward(x *tensor.Tensor) *tensor.Tensor {
	return x.AdaptiveAvgPool2D(l.H, l.W)
}

// GlobalAvgPool averages an image over its pixels: N×H×W×C → N×C.
func GlobalAvgPool(x *tensor.Tensor) *tensor.Tensor { return x.AdaptiveAvgPool2D(1, 1).Flatten(1) }
