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
func (l *BatchNorm) Forward(x *tensor.Tensor) *tensor.Tensor { return l.forward(x, tensor.Tail{}) }

// ForwardReLU normalizes x, adds residual, of the same shape or nil, and takes the ReLU of the sum, in one pass over memory: the end
// of a block of a residual network.
func (l *BatchNorm) ForwardReLU(x, residual *tensor.Tensor) *tensor.Tensor {
	return l.forward(x, tensor.Tail{Residual: residual, Activation: tensor.ActReLU})
}

func (l *BatchNorm) forward(x *tensor.Tensor, tail tensor.Tail) *tensor.Tensor {
	if x.Rank() < 2 {
		fail("BatchNorm", "shape %v is not N×…×C", x.Shape())
	}
	matches("BatchNorm", x, l.Weight, l.RunningMean)
	p := x.Pass()
	if l.byRunning(p) {
		return x.Normalize(l.fixed(), tail)
	}
	y, mean, variance := x.BatchNorm(l.Weight, l.Bias, l.Eps, tail)
	if p.Train() && l.RunningMean != nil {
		n := x.Len() / x.Dim(-1)
		if n < 2 {
			fail("BatchNorm", "a batch of shape %v has one value for each feature; training needs two", x.Shape())
		}
		l.follow(l.RunningMean, mean, 1)
		l.follow(l.RunningVar, variance, tensor.Float(n)/tensor.Float(n-1))
	}
	return y
}

// byRunning tells whether the layer normalizes by its running statistics in a pass.
func (l *BatchNorm) byRunning(p *tensor.Pass) bool {
	return l.RunningMean != nil && (!p.Train() || l.Frozen)
}

// fixed is the normalization by running statistics.
func (l *BatchNorm) fixed() tensor.FixedNorm {
	return tensor.FixedNorm{Mean: l.RunningMean, Variance: l.RunningVar, Weight: l.Weight, Bias: l.Bias, Eps: l.Eps}
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
	return x.LayerNorm(l.Weight, l.Bias, l.Eps)
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
	matches("GroupNorm", x, l.Weight)
	return x.GroupNorm(l.Groups, l.Weight, l.Bias, l.Eps)
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
	return x.GroupNorm(x.Dim(-1), l.Weight, l.Bias, l.Eps)
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
	return x.RMSNorm(l.Weight, l.Eps)
}

// scaleAndShift returns a weight of ones and a bias of zeros.
func scaleAndShift(shape ...int) (weight, bias *tensor.Tensor) {
	weight, bias = tensor.Param(shape...), tensor.Param(shape...)
	Constant(weight, 1)
	return weight, bias
}

// matches checks that vectors of a layer have an element for each feature of x.
func matches(op string, x *tensor.Tensor, vectors ...*tensor.Tensor) {
	for _, v := range vectors {
		if v != nil && v.Len() != x.Dim(-1) {
			fail(op, "the layer has %d features, shape %v has %d", v.Len(), x.Shape(), x.Dim(-1))
		}
	}
}
