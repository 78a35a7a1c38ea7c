package tflite

import "fmt"

// A Code is the number of a builtin operator. Those without a name here keep theirs.
type Code int

// Codes of classification and segmentation networks.
const (
	OpAdd             Code = 0
	OpAveragePool2D   Code = 1
	OpConcatenation   Code = 2
	OpConv2D          Code = 3
	OpDepthwiseConv2D Code = 4
	OpDequantize      Code = 6
	OpFullyConnected  Code = 9
	OpLogistic        Code = 14
	OpMaxPool2D       Code = 17
	OpMul             Code = 18
	OpReLU            Code = 19
	OpReLU6           Code = 21
	OpReshape         Code = 22
	OpResizeBilinear  Code = 23
	OpSoftmax         Code = 25
	OpCustom          Code = 32
	OpPad             Code = 34
	OpMean            Code = 40
	OpSqueeze         Code = 43
	OpArgMax          Code = 56
	OpQuantize        Code = 114
)

var codes = map[Code]string{
	OpAdd: "ADD", OpAveragePool2D: "AVERAGE_POOL_2D", OpConcatenation: "CONCATENATION", OpConv2D: "CONV_2D", OpDepthwiseConv2D: "DEPTHWISE_CONV_2D",
	OpDequantize: "DEQUANTIZE", OpFullyConnected: "FULLY_CONNECTED", OpLogistic: "LOGISTIC", OpMaxPool2D: "MAX_POOL_2D", OpMul: "MUL", OpReLU: "RELU",
	OpReLU6: "RELU6", OpReshape: "RESHAPE", OpResizeBilinear: "RESIZE_BILINEAR", OpSoftmax: "SOFTMAX", OpCustom: "CUSTOM", OpPad: "PAD",
	OpMean: "MEAN", OpSqueeze: "SQUEEZE", OpArgMax: "ARG_MAX", OpQuantize: "QUANTIZE",
}

// String returns the name of the schema.
func (c Code) String() string {
	if name, ok := codes[c]; ok {
		return name
	}
	return fmt.Sprintf("operator %d", int(c))
}

// A Padding says where a window may stand.
type Padding int

// How windows are padded.
const (
	Same  Padding = 0 // The output has ⌈size/stride⌉ pixels; what is missing is zeros, the odd one at the end.
	Valid Padding = 1 // The window stays inside.
)

// An Activation is applied to what an operator computes.
type Activation int

// Activations of the schema.
const (
	NoActivation Activation = 0
	FusedReLU    Activation = 1
	ReLUN1To1    Activation = 2 // clamped to -1 … 1
	FusedReLU6   Activation = 3 // clamped to 0 … 6
	Tanh         Activation = 4
	SignBit      Activation = 5
)

// Conv2D is of CONV_2D, whose weights are O×H×W×I.
type Conv2D struct {
	Padding                                Padding
	StrideH, StrideW, DilationH, DilationW int
	Activation                             Activation
}

// DepthwiseConv2D is of DEPTHWISE_CONV_2D, whose weights are 1×H×W×O.
type DepthwiseConv2D struct {
	Conv2D
	Multiplier int // output channels of one input channel
}

// Pool2D is of AVERAGE_POOL_2D and MAX_POOL_2D.
type Pool2D struct {
	Padding                            Padding
	StrideH, StrideW, FilterH, FilterW int // of the steps and of the window
	Activation                         Activation
}

// FullyConnected is of FULLY_CONNECTED, whose weights are O×I.
type FullyConnected struct {
	Activation Activation
	Shuffled   bool // Weights are in blocks of 4×16.
	KeepDims   bool
}

// Arithmetic is of ADD and MUL.
type Arithmetic struct{ Activation Activation }

// Concatenation is of CONCATENATION.
type Concatenation struct {
	Axis       int
	Activation Activation
}

// Reshape is of RESHAPE; a second input overrides it.
type Reshape struct{ Shape []int }

// Softmax is of SOFTMAX: inputs are multiplied by Beta.
type Softmax struct{ Beta float32 }

// Reduction is of MEAN; the axes are its second input.
type Reduction struct{ KeepDims bool }

// Resize is of RESIZE_BILINEAR; the size is its second input.
type Resize struct{ AlignCorners, HalfPixelCenters bool }

// ArgMax is of ARG_MAX; the axis is its second input.
type ArgMax struct{ Output Type }

// Squeeze is of SQUEEZE: the axes of one element that go.
type Squeeze struct{ Axes []int }

// options reads the options of operator k, of a kind of the schema's union; nil if that is none of those above.
func (t table) options(k, kind int) any {
	choice := func(field, most int) int {
		v := t.int(field, 1, 0)
		if v < 0 || v > most {
			t.b.fail("operator %d: option %d is %d, must be at most %d", k, field, v, most)
		}
		return v
	}
	positive := func(field, missing int) int {
		v := t.int(field, 4, missing)
		if v < 1 {
			t.b.fail("operator %d: option %d (a stride, dilation or size) is %d, must be at least 1", k, field, v)
		}
		return v
	}
	activation := func(field int) Activation { return Activation(choice(field, int(SignBit))) }
	switch kind {
	case 1:
		return Conv2D{Padding(choice(0, 1)), positive(2, 0), positive(1, 0), positive(5, 1), positive(4, 1), activation(3)}
	case 2:
		c := Conv2D{Padding(choice(0, 1)), positive(2, 0), positive(1, 0), positive(6, 1), positive(5, 1), activation(4)}
		return DepthwiseConv2D{c, t.int(3, 4, 0)}
	case 5:
		return Pool2D{Padding(choice(0, 1)), positive(2, 0), positive(1, 0), positive(4, 0), positive(3, 0), activation(5)}
	case 8:
		return FullyConnected{activation(0), choice(1, 1) == 1, t.bool(2)}
	case 9:
		return Softmax{t.float(0)}
	case 10:
		return Concatenation{t.int(0, 4, 0), activation(1)}
	case 11, 21:
		return Arithmetic{activation(0)}
	case 15:
		return Resize{t.bool(2), t.bool(3)}
	case 17:
		return Reshape{t.ints(0, 4)}
	case 27:
		return Reduction{t.bool(0)}
	case 30:
		return Squeeze{t.ints(0, 4)}
	case 40:
		return ArgMax{Type(t.int(0, 1, 0))}
	}
	return nil
}
