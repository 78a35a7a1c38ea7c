package vision

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// ViT is the vision transformer of Dosovitskiy et al., "An Image is Worth 16x16 Words" (2020), https://arxiv.org/abs/2010.11929, as
// torchvision has it. A picture is a sequence of S patches; the scores are made of what a class token in front of them has gathered.
//
//	x: N×H×W×3 → scores: N×classes
type ViT struct {
	ClassToken *tensor.Tensor // 1×1×D
	ConvProj   *nn.Conv2D     // a patch → D features
	Encoder    struct {
		PosEmbedding *tensor.Tensor // 1×(S+1)×D, learned
		Layers       []*ViTBlock    `nn:",first=encoder_layer_0"`
		LN           *nn.LayerNorm
	}
	Head *nn.Linear `nn:"heads.head"`

	Dropout nn.Dropout
}

// A ViTBlock adds what attention makes of its normalized input, and then what a network of two layers makes of the normalized sum.
type ViTBlock struct {
	LN1           *nn.LayerNorm `nn:"ln_1"`
	SelfAttention *nn.MultiHeadAttention
	LN2           *nn.LayerNorm `nn:"ln_2"`
	MLP           nn.Chain

	Dropout nn.Dropout
}

// A ViTSize says how large a network is.
type ViTSize struct {
	Image, Patch  int // pixels a side of a picture and of a patch
	Width, Hidden int // features of a token, and those in the middle of a block's two layers
	Depth, Heads  int
	Dropout       tensor.Float // of the tokens, and behind every layer of a block
}

// The sizes of table 1; the number is that of the pixels of a patch. For a thousand classes B16 has 86,567,656 parameters and L16
// 304,326,632. ViTSmall is one for pictures of 32×32, with 460,906 parameters for ten classes.
var (
	ViTB16   = ViTSize{Image: 224, Patch: 16, Width: 768, Hidden: 3072, Depth: 12, Heads: 12}
	ViTB32   = ViTSize{Image: 224, Patch: 32, Width: 768, Hidden: 3072, Depth: 12, Heads: 12}
	ViTL16   = ViTSize{Image: 224, Patch: 16, Width: 1024, Hidden: 4096, Depth: 24, Heads: 16}
	ViTL32   = ViTSize{Image: 224, Patch: 32, Width: 1024, Hidden: 4096, Depth: 24, Heads: 16}
	ViTSmall = ViTSize{Image: 32, Patch: 4, Width: 96, Hidden: 192, Depth: 6, Heads: 3}
)

// NewViT returns a network with torchvision's initialization: in the beginning all scores are 0.
func NewViT(r *rand.Rand, size ViTSize, classes int) *ViT {
	if size.Patch < 1 || size.Image < size.Patch || size.Image%size.Patch != 0 {
		panic(fmt.Sprintf("vision: NewViT: patches of %d pixels do not fill a picture of %d", size.Patch, size.Image))
	}
	d, side := size.Width, size.Image/size.Patch
	m := &ViT{
		ClassToken: tensor.Param(1, 1, d),
		ConvProj:   nn.NewConv2D(r, 3, d, size.Patch, tensor.Conv{Stride: size.Patch}),
		Head:       nn.NewLinear(r, d, classes),
		Dropout:    nn.Dropout{P: size.Dropout},
	}
	in, _ := nn.Fans(m.ConvProj.Weight)
	nn.Normal(r, m.ConvProj.Weight, 0, 1/math.Sqrt(float64(in)))
	nn.Constant(m.ConvProj.Bias, 0)
	m.Encoder.PosEmbedding = tensor.Param(1, 1+side*side, d)
	nn.Normal(r, m.Encoder.PosEmbedding, 0, .02)
	for range size.Depth {
		m.Encoder.Layers = append(m.Encoder.Layers, newViTBlock(r, size))
	}
	m.Encoder.LN = layerNorm(d)
	nn.Constant(m.Head.Weight, 0)
	nn.Constant(m.Head.Bias, 0)
	return m
}

func newViTBlock(r *rand.Rand, size ViTSize) *ViTBlock {
	dropout := nn.Dropout{P: size.Dropout}
	in, out := nn.NewLinear(r, size.Width, size.Hidden), nn.NewLinear(r, size.Hidden, size.Width)
	for _, l := range []*nn.Linear{in, out} {
		nn.XavierUniform(r, l.Weight, 1)
		nn.Normal(r, l.Bias, 0, 1e-6)
	}
	return &ViTBlock{
		LN1: layerNorm(size.Width), SelfAttention: nn.NewMultiHeadAttention(r, size.Width, size.Heads),
		LN2: layerNorm(size.Width), MLP: nn.Chain{in, nn.Func(nn.GELU), dropout, out, dropout},
		Dropout: dropout,
	}
}

// Forward returns the scores (logits) of the classes.
func (m *ViT) Forward(x *tensor.Tensor) *tensor.Tensor {
	p, d := x.Pass(), m.ClassToken.Dim(-1)
	n := x.Dim(0)
	x = m.ConvProj.Forward(x)                                         // N×H/patch×W/patch×D
	x = x.Reshape(n, x.Dim(1)*x.Dim(2), d)                            // N×S×D
	x = tensor.Concat(1, p.Use(m.ClassToken).BroadcastTo(n, 1, d), x) // N×(S+1)×D
	if x.Dim(1) != m.Encoder.PosEmbedding.Dim(1) {
		panic(fmt.Sprintf("vision: ViT: a picture makes %d tokens, and there are positions for %d", x.Dim(1), m.Encoder.PosEmbedding.Dim(1)))
	}
	x = m.Dropout.Forward(x.Add(m.Encoder.PosEmbedding))
	layers := m.Encoder.Layers
	x = p.Sequence(x, len(layers), func(i int, x *tensor.Tensor) *tensor.Tensor { return layers[i].Forward(x) })
	x = x.Slice(1, 0, 1).Reshape(n, d) // the class token
	return m.Head.Forward(m.Encoder.LN.Forward(x))
}

// Forward makes of tokens, N×T×D, tokens of the same shape.
func (b *ViTBlock) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = b.Dropout.Forward(b.SelfAttention.Forward(b.LN1.Forward(x))).Add(x)
	return b.MLP.Forward(b.LN2.Forward(x)).Add(x)
}
