// Package nn has the layers, losses and initializations that networks are made of, and names, saves and loads their parameters.
//
// A layer is a plain struct with exported fields and a Forward method; a model is a struct of layers. Nothing is registered:
// [Leaves] finds the parameters. The last axis is always the features: images are N×H×W×C, sequences N×T×F.
//
// Layers behave as those of PyTorch with the same name, defaults included, and files have PyTorch's names and axis orders.
//
// Constructors take the source of the random numbers that weights are drawn from. If it is nil, nothing is drawn, and weights are zero:
// for a network that is loaded from a file.
package nn

import (
	"fmt"
	"reflect"

	"github.com/hadal-go/hadal/tensor"
)

// A Layer maps a tensor to a tensor.
type Layer interface {
	Forward(x *tensor.Tensor) *tensor.Tensor
}

// A Func is a function as a layer: nn.Func(nn.GELU), nn.Func((*tensor.Tensor).ReLU).
type Func func(x *tensor.Tensor) *tensor.Tensor

// Forward returns f(x).
func (f Func) Forward(x *tensor.Tensor) *tensor.Tensor { return f(x) }

// A Chain applies its layers in turn. A nil Chain is the identity. In a pass that does not record, what one layer hands to the
// next is freed behind it. A Func(ReLU) behind a Linear, Conv2D or BatchNorm costs no pass over memory of its own, nor does a
// BatchNorm behind a Conv2D where its ForwardNorm is one pass; there, a ReLU6, HardSwish or SiLU behind them costs none either.
type Chain []Layer

// Forward applies the layers to x in turn.
func (c Chain) Forward(x *tensor.Tensor) *tensor.Tensor {
	taken := 0 // layers that one before them has done
	return x.Pass().Sequence(x, len(c), func(i int, x *tensor.Tensor) *tensor.Tensor {
		if taken > 0 {
			taken--
			return x
		}
		if l, ok := c[i].(taker); ok {
			x, taken = l.take(x, c[i+1:])
			return x
		}
		return c[i].Forward(x)
	})
}

// A taker is a layer that can do what stands behind it in the same pass over memory.
type taker interface {
	// take returns what the layer makes of x and the first of the next ones make of that; it says how many.
	take(x *tensor.Tensor, next []Layer) (y *tensor.Tensor, taken int)
}

func (l *Linear) take(x *tensor.Tensor, next []Layer) (*tensor.Tensor, int) {
	if beginsWithReLU(next) {
		return l.ForwardReLU(x), 1
	}
	return l.Forward(x), 0
}

func (l *Conv2D) take(x *tensor.Tensor, next []Layer) (*tensor.Tensor, int) {
	if beginsWithReLU(next) {
		return l.ForwardReLU(x), 1
	}
	if len(next) > 0 {
		if norm, ok := next[0].(*BatchNorm); ok {
			activation, taken := firstActivation(next[1:])
			return l.forwardNorm(x, norm, tensor.Tail{Activation: activation}), 1 + taken
		}
	}
	return l.Forward(x), 0
}

func (l *BatchNorm) take(x *tensor.Tensor, next []Layer) (*tensor.Tensor, int) {
	activation, taken := firstActivation(next)
	return l.forward(x, tensor.Tail{Activation: activation}), taken
}

// beginsWithReLU tells whether the first layer is Func(ReLU).
func beginsWithReLU(layers []Layer) bool {
	activation, _ := firstActivation(layers)
	return activation == tensor.ActReLU
}

// firstActivation returns which activation of a tail the first layer is, and that it is one layer, or none and 0.
func firstActivation(layers []Layer) (a tensor.Activation, taken int) {
	if len(layers) == 0 {
		return tensor.NoActivation, 0
	}
	if f, ok := layers[0].(Func); ok {
		if a := tailActivations[reflect.ValueOf(f).Pointer()]; a != tensor.NoActivation {
			return a, 1
		}
	}
	return tensor.NoActivation, 0
}

// tailActivations are the functions that a tail can end in, by their addresses.
var tailActivations = map[uintptr]tensor.Activation{
	reflect.ValueOf(ReLU).Pointer():      tensor.ActReLU,
	reflect.ValueOf(ReLU6).Pointer():     tensor.ActReLU6,
	reflect.ValueOf(HardSwish).Pointer(): tensor.ActHardSwish,
	reflect.ValueOf(SiLU).Pointer():      tensor.ActSiLU,
}

// A Residual adds what Body makes of x to x, or to what Shortcut makes of it (He et al. 2015, https://arxiv.org/abs/1512.03385).
type Residual struct {
	Body     Layer
	Shortcut Chain // nil: x itself
}

// Forward returns Body(x) + Shortcut(x).
func (r *Residual) Forward(x *tensor.Tensor) *tensor.Tensor {
	return r.Body.Forward(x).Add(r.Shortcut.Forward(x))
}

// FlattenCHW turns N×H×W×C into N×(C·H·W) with the channels slowest, as PyTorch flattens N×C×H×W. It is the one place where a
// model moves channels, so that the weights of a linear layer behind it are those of PyTorch.
func FlattenCHW(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() != 4 {
		fail("FlattenCHW", "shape %v is not N×H×W×C", x.Shape())
	}
	if x.Dim(1) == 1 && x.Dim(2) == 1 {
		return x.Flatten(1)
	}
	return x.Permute(0, 3, 1, 2).Flatten(1)
}

// fail panics in the one form in which the package reports mistakes of the program.
func fail(op, format string, args ...any) {
	panic("nn: " + op + ": " + fmt.Sprintf(format, args...))
}
