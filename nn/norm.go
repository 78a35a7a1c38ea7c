package nn

import "github.com/hadal-go/hadal/tensor"

// BatchNorm normalizes each feature over the batch and over space, to mean 0 and variance 1, then scales and shifts it (Ioffe and
// Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1). The features are the last axis of any number of axes, so that it
// is PyTorch's BatchNorm1d, 2d and 3d.
//
// In a training pass it uses the statistics of the batch and moves the running ones towards them; elsewhere, or if it is Frozen,
// it uses the running ones. The running variance is the unbiased one, n/(n − 1) times that of the batch, as in PyTorch.
type BatchNorm struct {
	Weight      *tensor.Tensor // C, the scale; may be nil
	Bias        *tensor.Tensor // C; may be nil
	RunningMean *tensor.Tensor `nn:",buffer"` // C; nil: the batch's own statistics are used in every pass
	RunningVar  *tensor.Tensor `nn:",buffer"` // C
	Momentum    tensor.Float   // how far the running statistics go towards those of a batch
	Eps         tensor.Float   // added to the variance
	Frozen      bool           // keep and use the running statistics in training passes also
}

// NewBatchNorm returns a batch normalization with PyTorch's defaults: momentum 0.1, ε = 1e-5.
func NewBatchNorm(features int) *BatchNorm {
	w, b := scaleAndShift(features)
	mean, variance := tensor.New(features), tensor.New(features)
	Constant(variance, 1)
	return &BatchNorm{Weight: w, Bias: b, RunningMean: mean, RunningVar: variance, Momentum: .1, Eps: 1e-5}
}

// Forward normalizes x, N×…×C.
func (l *BatchNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() < 2 {
		fail("BatchNorm", "shape %v is not N×…×C", x.Shape())
	}
	matches("BatchNorm", x, l.Weight, l.RunningMean)
	p := x.Pass()
	if l.RunningMean != nil && (!p.Train() || l.Frozen) {
		// Copies, because a later step of the same pass may write the buffers.
		mean := p.Values(l.RunningMean.Data(), l.RunningMean.Shape()...)
		variance := p.Values(l.RunningVar.Data(), l.RunningVar.Shape()...)
		return affine(x.Sub(mean), inverseRoot(variance, l.Eps), l.Weight, l.Bias)
	}
	rows := x.Reshape(-1, x.Dim(-1))
	mean := rows.Mean(0)
	centred := rows.Sub(mean)
	variance := centred.Square().Mean(0)
	if p.Train() && l.RunningMean != nil {
		n := rows.Dim(0)
		if n < 2 {
			fail("BatchNorm", "a batch of shape %v has one value for each feature; training needs two", x.Shape())
		}
		l.follow(l.RunningMean, mean, 1)
		l.follow(l.RunningVar, variance, tensor.Float(n)/tensor.Float(n-1))
	}
	return affine(centred, inverseRoot(variance, l.Eps), l.Weight, l.Bias).Reshape(x.Shape()...)
}

// follow moves running statistics towards k times those of a batch.
func (l *BatchNorm) follow(running, batch *tensor.Tensor, k tensor.Float) {
	data := running.Edit()
	for i, v := range batch.Data() {
		data[i] += l.Momentum * (k*v - data[i])
	}
}

// LayerNorm normalizes each example by itself over its last axes, as many as Weight has, to mean 0 and variance 1, then scales and
// shifts it (Ba et al. 2016, https://arxiv.org/abs/1607.06450).
type LayerNorm struct {
	Weight *tensor.Tensor // scale, of the shape of the last axes; nil: the last axis is normalized and not scaled
	Bias   *tensor.Tensor // may be nil
	Eps    tensor.Float   // added to the variance
}

// NewLayerNorm returns a layer normalization over the last axes, whose lengths are given, with ε = 1e-5.
func NewLayerNorm(shape ...int) *LayerNorm {
	w, b := scaleAndShift(shape...)
	return &LayerNorm{Weight: w, Bias: b, Eps: 1e-5}
}

// Forward normalizes x.
func (l *LayerNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	axes := lastAxes("LayerNorm", x, l.Weight)
	centred := x.Sub(x.MeanKeep(axes...))
	y := centred.Mul(inverseRoot(centred.Square().MeanKeep(axes...), l.Eps))
	return scaled(y, l.Weight, l.Bias)
}

// GroupNorm normalizes each example by itself over space and over groups of neighbouring channels, then scales and shifts each
// channel (Wu and He 2018, https://arxiv.org/abs/1803.08494).
type GroupNorm struct {
	Weight *tensor.Tensor // C; may be nil
	Bias   *tensor.Tensor // C; may be nil
	Groups int
	Eps    tensor.Float // added to the variance
}

// NewGroupNorm returns a group normalization with ε = 1e-5.
func NewGroupNorm(groups, channels int) *GroupNorm {
	if groups < 1 || channels%groups != 0 {
		fail("GroupNorm", "%d groups do not divide %d channels", groups, channels)
	}
	w, b := scaleAndShift(channels)
	return &GroupNorm{Weight: w, Bias: b, Groups: groups, Eps: 1e-5}
}

// Forward normalizes x, N×…×C.
func (l *GroupNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() < 2 || l.Groups < 1 || x.Dim(-1)%l.Groups != 0 {
		fail("GroupNorm", "shape %v is not N×…×C with channels in %d groups", x.Shape(), l.Groups)
	}
	matches("GroupNorm", x, l.Weight)
	n, c := x.Dim(0), x.Dim(-1)
	grouped := x.Reshape(n, space(x), l.Groups, c/l.Groups)
	centred := grouped.Sub(grouped.MeanKeep(1, 3))
	y := centred.Mul(inverseRoot(centred.Square().MeanKeep(1, 3), l.Eps)).Reshape(x.Shape()...)
	return scaled(y, l.Weight, l.Bias)
}

// InstanceNorm normalizes each channel of each example by itself over space (Ulyanov et al. 2016,
// https://arxiv.org/abs/1607.08022), in every pass.
type InstanceNorm struct {
	Weight *tensor.Tensor // C, the scale; nil as a rule
	Bias   *tensor.Tensor // C; nil as a rule
	Eps    tensor.Float   // added to the variance
}

// NewInstanceNorm returns an instance normalization without scale and shift, as in PyTorch, with ε = 1e-5.
func NewInstanceNorm() *InstanceNorm { return &InstanceNorm{Eps: 1e-5} }

// NewInstanceNormAffine is NewInstanceNorm with a scale and a shift for each channel.
func NewInstanceNormAffine(channels int) *InstanceNorm {
	w, b := scaleAndShift(channels)
	return &InstanceNorm{Weight: w, Bias: b, Eps: 1e-5}
}

// Forward normalizes x, N×…×C.
func (l *InstanceNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() < 3 {
		fail("InstanceNorm", "shape %v is not N×…×C with a space between", x.Shape())
	}
	matches("InstanceNorm", x, l.Weight)
	flat := x.Reshape(x.Dim(0), space(x), x.Dim(-1))
	centred := flat.Sub(flat.MeanKeep(1))
	return affine(centred, inverseRoot(centred.Square().MeanKeep(1), l.Eps), l.Weight, l.Bias).Reshape(x.Shape()...)
}

// RMSNorm divides each example by the root of its mean square over its last axes, as many as Weight has, and scales it (Zhang and
// Sennrich 2019, https://arxiv.org/abs/1910.07467).
type RMSNorm struct {
	Weight *tensor.Tensor // scale, of the shape of the last axes; nil: the last axis is normalized and not scaled
	Eps    tensor.Float   // added to the mean square
}

// NewRMSNorm returns a normalization over the last axes, whose lengths are given. ε is, as in PyTorch, the distance from 1 to the
// next number in single precision.
func NewRMSNorm(shape ...int) *RMSNorm {
	w, _ := scaleAndShift(shape...)
	return &RMSNorm{Weight: w, Eps: 0x1p-23}
}

// Forward normalizes x.
func (l *RMSNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	axes := lastAxes("RMSNorm", x, l.Weight)
	return scaled(x.Mul(inverseRoot(x.Square().MeanKeep(axes...), l.Eps)), l.Weight, nil)
}

// scaleAndShift returns a weight of ones and a bias of zeros.
func scaleAndShift(shape ...int) (weight, bias *tensor.Tensor) {
	weight, bias = tensor.Param(shape...), tensor.Param(shape...)
	Constant(weight, 1)
	return weight, bias
}

// inverseRoot returns 1/√(v + ε).
func inverseRoot(v *tensor.Tensor, eps tensor.Float) *tensor.Tensor {
	return v.Shift(eps).Sqrt().Reciprocal()
}

// affine returns x·factor·weight + bias. The small tensors are multiplied first.
func affine(x, factor, weight, bias *tensor.Tensor) *tensor.Tensor {
	if weight != nil {
		factor = factor.Mul(weight)
	}
	return addBias(x.Mul(factor), bias)
}

// scaled returns x·weight + bias.
func scaled(x, weight, bias *tensor.Tensor) *tensor.Tensor {
	if weight != nil {
		x = x.Mul(weight)
	}
	return addBias(x, bias)
}

// space returns how many positions x, N×…×C, has between its first and its last axis.
func space(x *tensor.Tensor) int {
	n := 1
	for axis := 1; axis < x.Rank()-1; axis++ {
		n *= x.Dim(axis)
	}
	return n
}

// matches checks that vectors of a layer have an element for each feature of x.
func matches(op string, x *tensor.Tensor, vectors ...*tensor.Tensor) {
	for _, v := range vectors {
		if v != nil && v.Len() != x.Dim(-1) {
			fail(op, "the layer has %d features, shape %v has %d", v.Len(), x.Shape(), x.Dim(-1))
		}
	}
}

// lastAxes returns the axes of x that weight stands for, which must have the same lengths; the last axis if weight is nil.
func lastAxes(op string, x, weight *tensor.Tensor) []int {
	if weight == nil {
		return []int{-1}
	}
	axes := make([]int, weight.Rank())
	for i := range axes {
		axes[i] = i - len(axes)
		if len(axes) > x.Rank() || x.Dim(axes[i]) != weight.Dim(axes[i]) {
			fail(op, "the layer normalizes %v, which shape %v does not end in", weight.Shape(), x.Shape())
		}
	}
	return axes
}
