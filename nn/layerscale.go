package nn

import "github.com/hadal-go/hadal/tensor"

// LayerScale multiplies each feature by a trained number, which is small at first, so that the residual block that it ends begins
// near the identity (Touvron et al. 2021, https://arxiv.org/abs/2103.17239). A block embeds it.
type LayerScale struct {
	Factor *tensor.Tensor `nn:"layer_scale,scale"` // C×1×1, as in torchvision
}

// NewLayerScale returns a layer whose numbers are all v.
func NewLayerScale(features int, v tensor.Float) LayerScale {
	l := LayerScale{tensor.Param(features, 1, 1)}
	Constant(l.Factor, v)
	return l
}

// Forward scales x, N×…×C.
func (l LayerScale) Forward(x *tensor.Tensor) *tensor.Tensor {
	matches("LayerScale", x, l.Factor)
	return x.Mul(passOf("LayerScale", x).Use(l.Factor).Flatten(0))
}
