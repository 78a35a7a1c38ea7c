package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// ConvNeXt is the network of Liu et al., "A ConvNet for the 2020s" (2022), https://arxiv.org/abs/2201.03545, as torchvision has it: a
// residual network with what vision transformers have taught.
//
//	x: N×H×W×3 → scores: N×classes
type ConvNeXt struct {
	Features   nn.Chain // in turn: what makes the pictures smaller, and a chain of blocks
	Classifier nn.Chain
}

// A ConvNeXtBlock filters each channel by 7×7 pixels, normalizes every pixel and gives it to a network of two layers (figure 4).
type ConvNeXtBlock struct {
	nn.LayerScale
	Block nn.Chain
	Drop  nn.StochasticDepth // of the block
}

// A ConvNeXtSize says how large a network is.
type ConvNeXtSize struct {
	Widths []int        // channels of the stages
	Depths []int        // blocks of the stages
	Drop   tensor.Float // how probably the last block is dropped in training; the first one never is
}

// The sizes of section 3. For a thousand classes the networks have 28,589,128, 50,223,688, 88,591,464 and 197,767,336 parameters.
var (
	ConvNeXtTiny  = ConvNeXtSize{[]int{96, 192, 384, 768}, []int{3, 3, 9, 3}, .1}
	ConvNeXtSmall = ConvNeXtSize{[]int{96, 192, 384, 768}, []int{3, 3, 27, 3}, .4}
	ConvNeXtBase  = ConvNeXtSize{[]int{128, 256, 512, 1024}, []int{3, 3, 27, 3}, .5}
	ConvNeXtLarge = ConvNeXtSize{[]int{192, 384, 768, 1536}, []int{3, 3, 27, 3}, .5}
)

// NewConvNeXt returns a network for pictures of about 224×224.
func NewConvNeXt(r *rand.Rand, size ConvNeXtSize, classes int) *ConvNeXt {
	in := size.Widths[0]
	m := &ConvNeXt{Features: nn.Chain{nn.Chain{nn.NewConv2D(r, 3, in, 4, tensor.Conv{Stride: 4}), layerNorm(in)}}}
	blocks := -1
	for _, n := range size.Depths {
		blocks += n
	}
	done := 0
	for i, width := range size.Widths {
		if i > 0 {
			m.Features = append(m.Features, nn.Chain{layerNorm(in), nn.NewConv2D(r, in, width, 2, tensor.Conv{Stride: 2})})
		}
		var stage nn.Chain
		for range size.Depths[i] {
			b := newConvNeXtBlock(r, width)
			b.Drop.P = size.Drop * tensor.Float(done) / tensor.Float(max(1, blocks))
			stage = append(stage, b)
			done++
		}
		m.Features, in = append(m.Features, stage), width
	}
	m.Classifier = nn.Chain{layerNorm(in), nothing, nn.NewLinear(r, in, classes)}
	normal := func(w *tensor.Tensor) { nn.Normal(r, w, 0, .02) }
	initialize(m, normal, normal)
	return m
}

func newConvNeXtBlock(r *rand.Rand, width int) *ConvNeXtBlock {
	return &ConvNeXtBlock{LayerScale: nn.NewLayerScale(width, 1e-6), Block: nn.Chain{
		nn.NewConv2D(r, width, width, 7, tensor.Conv{Pad: 3, Groups: width}),
		nothing,
		layerNorm(width),
		nn.NewLinear(r, width, 4*width),
		nn.Func(nn.GELU),
		nn.NewLinear(r, 4*width, width),
	}}
}

// nothing stands where torchvision moves the channels, so that what is behind has the same number.
var nothing nn.Chain

// layerNorm is one with the ε that transformers have.
func layerNorm(features int) *nn.LayerNorm {
	l := nn.NewLayerNorm(features)
	l.Eps = 1e-6
	return l
}

// Forward returns the scores (logits) of the classes.
func (m *ConvNeXt) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Classifier.Forward(nn.GlobalAvgPool(m.Features.Forward(x)))
}

// Forward returns x, N×H×W×C, plus what the block makes of it.
func (b *ConvNeXtBlock) Forward(x *tensor.Tensor) *tensor.Tensor {
	return b.Drop.Forward(b.LayerScale.Forward(b.Block.Forward(x))).Add(x)
}
