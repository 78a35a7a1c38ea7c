package onnx

import (
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// normalizations belong to images, but for the layer normalization.
var normalizations = map[string]operator{
	"BatchNormalization": batchNorm, "InstanceNormalization": instanceNorm, "GroupNormalization": groupNorm,
	"LayerNormalization": layerNorm, "LRN": lrn, "LpNormalization": lpNorm, "MeanVarianceNormalization": meanVariance,
	"RMSNormalization": rmsNorm,
}

// features returns input 0 with its channels as the last axis, and the order of that.
func (c *call) features() (v *value, x *tensor.Tensor, order []int) {
	v = c.floats(0)
	if len(v.shape) < 2 {
		c.fail("shape %v has no channels", v.shape)
	}
	order = imageOrder(len(v.shape))
	return v, v.in(c.p, order), order
}

// batchNorm normalizes by the statistics of the file; with training_mode by those of the batch, towards which it then moves the others.
func batchNorm(c *call) []*value {
	v, x, order := c.features()
	eps := tensor.Float(c.float("epsilon", 1e-5))
	if c.int("spatial", 1) != 1 {
		c.fail("statistics of each pixel (spatial = 0) are not supported")
	}
	weight, bias, mean, variance := c.plain(1), c.plain(2), c.plain(3), c.plain(4)
	if c.int("training_mode", 0) == 0 {
		f := tensor.FixedNorm{Mean: mean, Variance: variance, Weight: weight, Bias: bias, Eps: eps}
		return one(v.ordered(x.Normalize(f, tensor.Tail{}), order))
	}
	y, batchMean, batchVariance := x.BatchNorm(weight, bias, eps, tensor.Tail{})
	m := tensor.Float(c.float("momentum", .9))
	move := func(old, now *tensor.Tensor) *value { return v.like(old.Scale(m).Add(now.Scale(1 - m))) }
	return []*value{v.ordered(y, order), move(mean, batchMean), move(variance, batchVariance)}
}

func instanceNorm(c *call) []*value {
	v, x, order := c.features()
	y := x.GroupNorm(v.shape[1], c.plain(1), c.plain(2), tensor.Float(c.float("epsilon", 1e-5)))
	return one(v.ordered(y, order))
}

// groupNorm has scales for each group before opset 21, and for each channel since.
func groupNorm(c *call) []*value {
	v, x, order := c.features()
	groups := c.positive("num_groups", 0)
	weight, bias := c.plain(1), c.plain(2)
	if v.shape[1]%groups != 0 {
		c.fail("%d channels are not %d groups", v.shape[1], groups)
	}
	if c.opset < 21 {
		each := v.shape[1] / groups
		wide := func(x *tensor.Tensor) *tensor.Tensor {
			return x.Reshape(groups, 1).BroadcastTo(groups, each).Flatten(0)
		}
		weight, bias = wide(weight), wide(bias)
	}
	return one(v.ordered(x.GroupNorm(groups, weight, bias, tensor.Float(c.float("epsilon", 1e-5))), order))
}

// fromAxis returns the axes from that of the node's attribute on.
func (c *call) fromAxis(rank int) []int { return identity(rank)[c.axis(c.int("axis", -1), rank):] }

func layerNorm(c *call) []*value {
	v, x := c.floats(0), c.plain(0)
	axes := c.fromAxis(x.Rank())
	eps := tensor.Float(c.float("epsilon", 1e-5))
	weight := c.plain(1)
	var bias *tensor.Tensor
	if c.has(2) {
		bias = c.plain(2)
	}
	if len(c.Outputs) == 1 && slices.Equal(weight.Shape(), v.shape[axes[0]:]) && (bias == nil || slices.Equal(bias.Shape(), weight.Shape())) {
		return one(v.like(x.LayerNorm(weight, bias, eps)))
	}
	mean := x.MeanKeep(axes...)
	centred := x.Sub(mean)
	inverse := centred.Square().MeanKeep(axes...).Shift(eps).Sqrt().Reciprocal()
	y := centred.Mul(inverse).Mul(weight)
	if bias != nil {
		y = y.Add(bias)
	}
	return []*value{v.like(y), v.like(mean), v.like(inverse)}
}

func rmsNorm(c *call) []*value {
	v, x := c.floats(0), c.plain(0)
	axes := c.fromAxis(x.Rank())
	inverse := x.Square().MeanKeep(axes...).Shift(tensor.Float(c.float("epsilon", 1e-5))).Sqrt().Reciprocal()
	return one(v.like(x.Mul(inverse).Mul(c.plain(1))))
}

// lrn divides by the squares of neighbouring channels (Krizhevsky et al. 2012, section 3.3).
func lrn(c *call) []*value {
	v, x, order := c.features()
	n := c.positive("size", 0)
	if n > 2*v.shape[1]+1 {
		c.fail("the size is %d, there are %d channels", n, v.shape[1])
	}
	before := (n - 1) / 2
	last := x.Rank() - 1
	squares := x.Square().Pad(last, before, n-1-before)
	sum := squares.Slice(last, 0, v.shape[1])
	for i := 1; i < n; i++ {
		sum = sum.Add(squares.Slice(last, i, i+v.shape[1]))
	}
	alpha, beta, bias := c.float("alpha", 1e-4), c.float("beta", .75), c.float("bias", 1)
	y := x.Mul(sum.Affine(tensor.Float(alpha/float64(n)), tensor.Float(bias)).Power(tensor.Float(-beta)))
	return one(v.ordered(y, order))
}

// lpNorm divides by the 1- or 2-norm along an axis; nothing is divided by 0.
func lpNorm(c *call) []*value {
	v, x := c.floats(0), c.plain(0)
	axis := c.axis(c.int("axis", -1), x.Rank())
	var norm *tensor.Tensor
	if c.int("p", 2) == 1 {
		norm = x.Abs().SumKeep(axis)
	} else {
		norm = x.Square().SumKeep(axis).Sqrt()
	}
	return one(v.like(x.Div(norm.Add(norm.Equal(c.p.Full(0))))))
}

func meanVariance(c *call) []*value {
	v, x := c.floats(0), c.plain(0)
	given := c.intsOf("axes")
	if given == nil {
		given = []int64{0, 2, 3}
	}
	axes := c.axes(given, x.Rank())
	centred := x.Sub(x.MeanKeep(axes...))
	return one(v.like(centred.Div(centred.Square().MeanKeep(axes...).Sqrt().Shift(1e-9))))
}
