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

// MaxPool1D takes the greatest value of each window along time: N×T×F → N×OT×F.
type MaxPool1D struct{ tensor.Pool }

// Forward pools x.
func (l MaxPool1D) Forward(x *tensor.Tensor) *tensor.Tensor { return x.MaxPool1D(l.Pool) }

// AvgPool1D takes the average of each window along time: N×T×F → N×OT×F.
type AvgPool1D struct{ tensor.Pool }

// Forward pools x.
func (l AvgPool1D) Forward(x *tensor.Tensor) *tensor.Tensor { return x.AvgPool1D(l.Pool) }

// AdaptiveMaxPool2D takes the greatest value of each of H×W windows of nearly equal size: N×·×·×C → N×H×W×C.
type AdaptiveMaxPool2D struct{ H, W int }

// Forward pools x.
func (l AdaptiveMaxPool2D) Forward(x *tensor.Tensor) *tensor.Tensor {
	return x.AdaptiveMaxPool2D(l.H, l.W)
}

// AdaptiveAvgPool2D averages over H×W windows of nearly equal size: N×·×·×C → N×H×W×C.
type AdaptiveAvgPool2D struct{ H, W int }

// Forward pools x.
func (l AdaptiveAvgPool2D) Forward(x *tensor.Tensor) *tensor.Tensor {
	return x.AdaptiveAvgPool2D(l.H, l.W)
}

// GlobalAvgPool averages an image over its pixels: N×H×W×C → N×C.
func GlobalAvgPool(x *tensor.Tensor) *tensor.Tensor { return x.AdaptiveAvgPool2D(1, 1).Flatten(1) }

// Upsample enlarges images: N×H×W×C → N×(Scale·H)×(Scale·W)×C. It repeats pixels, or interpolates between them.
type Upsample struct {
	Scale        int
	Bilinear     bool // interpolate
	AlignCorners bool // Bilinear only: put the centres of the corner pixels on each other, not the corners of the images
}

// Forward enlarges x.
func (l Upsample) Forward(x *tensor.Tensor) *tensor.Tensor {
	if l.Scale < 1 || x.Rank() != 4 {
		fail("Upsample", "cannot enlarge shape %v by %d", x.Shape(), l.Scale)
	}
	h, w := l.Scale*x.Dim(1), l.Scale*x.Dim(2)
	if l.Bilinear {
		return x.UpsampleBilinear(h, w, l.AlignCorners)
	}
	return x.UpsampleNearest(h, w)
}
