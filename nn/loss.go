package nn

import (
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// A loss is a single number, the mean over all elements or examples as in PyTorch; those that end in Each leave the mean to the
// caller, who weighs or masks the elements first. Targets are constants unless stated otherwise.

// CrossEntropy returns the mean of −log softmax(x)[label] over the rows of scores x, …×C, for as many labels. A label of −1
// leaves its row out. Images of scores, N×H×W×C, take N·H·W labels.
func CrossEntropy(x *tensor.Tensor, labels []int) *tensor.Tensor {
	return asRows("CrossEntropy", x).CrossEntropy(labels, nil)
}

// CrossEntropyLoss is CrossEntropy with options. With w the weight of the label's class, it is Σ w·loss / Σ w over the rows.
type CrossEntropyLoss struct {
	Smoothing tensor.Float   // ε, the part of the target that all classes share (Szegedy et al. 2015, section 7)
	Weights   []tensor.Float // of each class; nil: 1
	Ignore    []int          // labels that are left out as −1 is: the id of padding, the border of a mask
	Sum       bool           // return the sum, not the mean
}

// Loss returns the loss of scores x, …×C.
func (l CrossEntropyLoss) Loss(x *tensor.Tensor, labels []int) *tensor.Tensor {
	const op = "CrossEntropyLoss"
	x = asRows(op, x)
	classes := x.Dim(1)
	labels, weights, scale := l.weigh(op, labels, x)
	if l.Smoothing == 0 {
		return x.CrossEntropy(labels, weights).Scale(scale)
	}
	// What all classes share is weighed by their own weights, the rest by that of the label.
	target := x.Pass().Zeros(x.Shape()...)
	for i, label := range labels {
		if label < 0 {
			continue
		}
		row := target.Data()[i*classes : (i+1)*classes]
		for c := range row {
			row[c] = l.Smoothing / tensor.Float(classes) * l.weight(c)
		}
		row[label] += (1 - l.Smoothing) * weights[i]
	}
	return x.LogSoftmax().Mul(target).Sum().Scale(-scale)
}

// weigh returns the labels of scores x, N×C, with those left out as −1, the weight of each row, and by what the sum is multiplied.
func (l CrossEntropyLoss) weigh(op string, labels []int, x *tensor.Tensor) ([]int, []tensor.Float, tensor.Float) {
	rows, classes := x.Dim(0), x.Dim(1)
	switch {
	case len(labels) != rows:
		fail(op, "%d labels do not fit %d rows of scores", len(labels), rows)
	case l.Weights != nil && len(l.Weights) != classes:
		fail(op, "%d weights do not fit %d classes", len(l.Weights), classes)
	}
	labels = slices.Clone(labels)
	weights := make([]tensor.Float, rows)
	total := 0.0
	for i, label := range labels {
		switch {
		case slices.Contains(l.Ignore, label):
			labels[i] = -1
		case label < -1 || label >= classes:
			fail(op, "label %d of row %d is not one of %d classes", label, i, classes)
		case label >= 0:
			weights[i] = l.weight(label)
			total += float64(weights[i])
		}
	}
	if l.Sum {
		return labels, weights, 1
	}
	return labels, weights, tensor.Float(1 / total) // of no rows: 0·∞, as PyTorch has it
}

// weight returns the weight of a class.
func (l CrossEntropyLoss) weight(class int) tensor.Float {
	if l.Weights == nil {
		return 1
	}
	return l.Weights[class]
}

// Soft is Loss for targets that are distributions, of the shape of the scores x, …×C: mixed labels, the softmax of a teacher. It is the
// mean over rows of −Σ w·target·log softmax(x), w being the weights of the classes, which do not divide it, as in PyTorch.
func (l CrossEntropyLoss) Soft(x, target *tensor.Tensor) *tensor.Tensor {
	const op = "CrossEntropyLoss"
	target = paired(op, x, target)
	x, target = asRows(op, x), asRows(op, target)
	rows, classes := x.Dim(0), x.Dim(1)
	if l.Weights != nil && len(l.Weights) != classes {
		fail(op, "%d weights do not fit %d classes", len(l.Weights), classes)
	}
	if l.Smoothing > 0 {
		target = target.Affine(1-l.Smoothing, l.Smoothing/tensor.Float(classes))
	}
	y := x.LogSoftmax().Mul(target)
	if l.Weights != nil {
		y = y.Mul(x.Pass().Values(l.Weights, classes))
	}
	if l.Sum {
		return y.Sum().Neg()
	}
	return y.Sum().Scale(-1 / tensor.Float(rows))
}

// SoftCrossEntropy is CrossEntropy for targets that are distributions, of the shape of x, …×C.
func SoftCrossEntropy(x, target *tensor.Tensor) *tensor.Tensor {
	return CrossEntropyLoss{}.Soft(x, target)
}

// NLL returns the mean of −logp[label] over the rows of log-probabilities, …×C. A label of −1 leaves its row out.
func NLL(logp *tensor.Tensor, labels []int) *tensor.Tensor {
	logp = asRows("NLL", logp)
	labels, _, _ = CrossEntropyLoss{}.weigh("NLL", labels, logp)
	var rows, kept []int
	for i, label := range labels {
		if label >= 0 {
			rows, kept = append(rows, i), append(kept, label)
		}
	}
	switch len(kept) {
	case 0:
		return logp.Slice(0, 0, 0).Mean() // not a number
	case len(labels):
		return logp.TakeAlong(1, kept).Mean().Neg()
	}
	return logp.Gather(0, rows).TakeAlong(1, kept).Mean().Neg()
}

// BCEWithLogits returns the mean of −t·log σ(x) − (1 − t)·log(1 − σ(x)) for scores x and targets t within [0, 1].
func BCEWithLogits(x, target *tensor.Tensor) *tensor.Tensor {
	return BCEWithLogitsEach(x, target).Mean()
}

// BCEWithLogitsEach is BCEWithLogits of each element.
func BCEWithLogitsEach(x, target *tensor.Tensor) *tensor.Tensor {
	return bceWithLogits("BCEWithLogits", x, target, nil)
}

// BCEWithLogitsWeighted is BCEWithLogits with its first term multiplied by positive, which is broadcast: a number for each label
// of the last axis that makes rare ones count.
func BCEWithLogitsWeighted(x, target, positive *tensor.Tensor) *tensor.Tensor {
	return bceWithLogits("BCEWithLogitsWeighted", x, target, positive).Mean()
}

// bceWithLogits returns t·softplus(−x) + (1 − t)·softplus(x), in which nothing overflows or cancels.
func bceWithLogits(op string, x, target, positive *tensor.Tensor) *tensor.Tensor {
	target = paired(op, x, target)
	yes := x.Neg().Softplus().Mul(target)
	if positive != nil {
		yes = yes.Mul(positive)
	}
	return yes.Add(x.Softplus().Mul(target.Affine(-1, 1)))
}

// BCE returns the mean of −t·log p − (1 − t)·log(1 − p) for probabilities p and targets t within [0, 1]. As in PyTorch, logarithms
// are no less than −100. BCEWithLogits is the one to be preferred where there are scores.
func BCE(p, target *tensor.Tensor) *tensor.Tensor {
	target = paired("BCE", p, target)
	yes := boundedLog(p).Mul(target)
	no := boundedLog(p.Affine(-1, 1)).Mul(target.Affine(-1, 1))
	return yes.Add(no).Mean().Neg()
}

// tiny is about the least number of single precision whose reciprocal is finite.
const tiny = 1e-37

// boundedLog returns log p, and −100 with derivative 0 where p is nearly 0.
func boundedLog(p *tensor.Tensor) *tensor.Tensor {
	high := p.Clamp(tiny, 2)
	above := p.Shift(-tiny).ReLU().Sign()
	return high.Log().Mul(above).Add(above.Affine(100, -100))
}

// KL returns the divergence of q from the target p, Σ p·(log p − log q) summed over the last axes and averaged over the first, for
// logarithms of probabilities logq and probabilities p: PyTorch's kl_div with reduction batchmean.
func KL(logq, p *tensor.Tensor) *tensor.Tensor {
	p = paired("KL", logq, p)
	if p.Rank() == 0 {
		fail("KL", "a single number is no distribution")
	}
	logp := p.Clamp(tiny, 2).Log() // 0·log 0 is 0
	return p.Mul(logp.Sub(logq)).Sum().Scale(1 / tensor.Float(p.Dim(0)))
}

// MSE returns the mean of (x − t)².
func MSE(x, target *tensor.Tensor) *tensor.Tensor {
	target = paired("MSE", x, target)
	return x.Sub(target).Square().Mean()
}

// L1 returns the mean of |x − t|.
func L1(x, target *tensor.Tensor) *tensor.Tensor {
	target = paired("L1", x, target)
	return x.Sub(target).Abs().Mean()
}

// SmoothL1 returns the mean of d²/(2·beta) where the distance d = |x − t| is less than beta, and of d − beta/2 elsewhere (Girshick
// 2015, https://arxiv.org/abs/1504.08083, equation 3). PyTorch's default beta is 1; 0 makes it L1.
func SmoothL1(x, target *tensor.Tensor, beta tensor.Float) *tensor.Tensor {
	return SmoothL1Each(x, target, beta).Mean()
}

// SmoothL1Each is SmoothL1 of each element.
func SmoothL1Each(x, target *tensor.Tensor, beta tensor.Float) *tensor.Tensor {
	target = paired("SmoothL1", x, target)
	if beta == 0 {
		return x.Sub(target).Abs()
	}
	return huber("SmoothL1", x, target, beta).Scale(1 / beta)
}

// Huber returns the mean of d²/2 where the distance d = |x − t| is less than delta, and of delta·(d − delta/2) elsewhere (Huber
// 1964, https://doi.org/10.1214/aoms/1177703732). PyTorch's default delta is 1.
func Huber(x, target *tensor.Tensor, delta tensor.Float) *tensor.Tensor {
	target = paired("Huber", x, target)
	return huber("Huber", x, target, delta).Mean()
}

// huber returns c·(d − c/2), c being the distance d limited to delta.
func huber(op string, x, target *tensor.Tensor, delta tensor.Float) *tensor.Tensor {
	if !(delta > 0) {
		fail(op, "the width %v of the quadratic part is not positive", delta)
	}
	d := x.Sub(target).Abs()
	c := d.Clamp(0, delta)
	return c.Mul(d.Sub(c.Scale(.5)))
}

// Hinge returns the mean of max(0, 1 − t·x) for scores x and targets t of 1 or −1 (Cortes and Vapnik 1995,
// https://doi.org/10.1007/BF00994018).
func Hinge(x, target *tensor.Tensor) *tensor.Tensor {
	target = paired("Hinge", x, target)
	return x.Mul(target).Affine(-1, 1).ReLU().Mean()
}

// Focal returns the mean of −α·(1 − p)^gamma·log p, p being the probability that the score x gives to the truth, for targets of 0
// or 1; α is alpha where the target is 1 and 1 − alpha where it is 0 (Lin et al. 2017, https://arxiv.org/abs/1708.02002, equation
// 5, which has alpha = 0.25 and gamma = 2). A negative alpha leaves α out. It is torchvision's sigmoid_focal_loss.
func Focal(x, target *tensor.Tensor, alpha, gamma tensor.Float) *tensor.Tensor {
	return FocalEach(x, target, alpha, gamma).Mean()
}

// FocalEach is Focal of each element.
func FocalEach(x, target *tensor.Tensor, alpha, gamma tensor.Float) *tensor.Tensor {
	target = paired("Focal", x, target)
	y := bceWithLogits("Focal", x, target, nil)
	if gamma != 0 {
		wrong := x.Sigmoid().Mul(target.Affine(-1, 1)).Add(x.Neg().Sigmoid().Mul(target)) // 1 − p, without cancellation
		y = y.Mul(wrong.Power(gamma))
	}
	if alpha >= 0 {
		y = y.Mul(target.Affine(2*alpha-1, 1-alpha))
	}
	return y
}

// Dice returns the mean over examples and channels of 1 − (2·Σ p·t + smooth)/(Σ p + Σ t + smooth), the sums going over space, for
// probabilities p and masks t, N×…×C (Milletari et al. 2016, https://arxiv.org/abs/1606.04797, there with squares in the
// denominator). smooth > 0 makes an empty mask that is found empty a loss of 0.
func Dice(p, target *tensor.Tensor, smooth tensor.Float) *tensor.Tensor {
	target = paired("Dice", p, target)
	if p.Rank() < 3 {
		fail("Dice", "shape %v is not N×…×C with a space between", p.Shape())
	}
	n, c := p.Dim(0), p.Dim(-1)
	flat, mask := p.Reshape(n, space(p), c), target.Reshape(n, space(p), c)
	both := flat.Mul(mask).Sum(1).Affine(2, smooth)
	all := flat.Sum(1).Add(mask.Sum(1)).Shift(smooth)
	return both.Div(all).Mean().Affine(-1, 1)
}

// CosineEmbedding returns the mean over rows of 1 − cos(a, b) where the label is 1, and of max(0, cos(a, b) − margin) where it is
// −1, for a and b N×F. PyTorch's default margin is 0.
func CosineEmbedding(a, b *tensor.Tensor, labels []int, margin tensor.Float) *tensor.Tensor {
	const op = "CosineEmbedding"
	b = paired(op, a, b)
	if a.Rank() != 2 || len(labels) != a.Dim(0) {
		fail(op, "%d labels do not fit shape %v", len(labels), a.Shape())
	}
	alike := make([]tensor.Float, len(labels))
	for i, label := range labels {
		if label != 1 && label != -1 {
			fail(op, "label %d of row %d is neither 1 nor -1", label, i)
		}
		alike[i] = tensor.Float(1+label) / 2
	}
	const eps = 1e-12 // as in PyTorch, for rows of zeros
	norms := a.Square().Sum(-1).Shift(eps).Mul(b.Square().Sum(-1).Shift(eps)).Sqrt()
	cos := a.Mul(b).Sum(-1).Div(norms)
	positive := tensor.PassOf(op, a, b).Values(alike, len(alike))
	return positive.Where(cos.Affine(-1, 1), cos.Shift(-margin).ReLU()).Mean()
}

// TripletMargin returns the mean over rows of max(0, ‖a − p‖ − ‖a − n‖ + margin) for an anchor, one that is to be near and one that
// is to be far, all …×F (Schroff et al. 2015, https://arxiv.org/abs/1503.03832, there with squares). PyTorch's default margin is 1.
func TripletMargin(anchor, positive, negative *tensor.Tensor, margin tensor.Float) *tensor.Tensor {
	positive, negative = paired("TripletMargin", anchor, positive), paired("TripletMargin", anchor, negative)
	distance := func(x *tensor.Tensor) *tensor.Tensor {
		return anchor.Sub(x).Shift(1e-6).Square().Sum(-1).Sqrt() // the shift, as in PyTorch, keeps the root from 0
	}
	return distance(positive).Sub(distance(negative)).Shift(margin).ReLU().Mean()
}

// paired checks that x and its target have one shape, since broadcasting one of them would be a mistake that nobody sees, and brings
// a target on the heap into the pass of x, so that what is computed from it is made there.
func paired(op string, x, target *tensor.Tensor) *tensor.Tensor {
	if !slices.Equal(x.Shape(), target.Shape()) {
		fail(op, "shapes %v and %v differ", x.Shape(), target.Shape())
	}
	if x.Pass() == nil || target.Pass() != nil || target.Tracked() {
		return target
	}
	return x.Pass().Input(target)
}

// asRows returns x, …×C, as rows of scores.
func asRows(op string, x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() < 2 {
		fail(op, "shape %v is not …×C", x.Shape())
	}
	return x.Reshape(-1, x.Dim(-1))
}

// space returns how many positions x, N×…×C, has between its first and its last axis.
func space(x *tensor.Tensor) int {
	n := 1
	for axis := 1; axis < x.Rank()-1; axis++ {
		n *= x.Dim(axis)
	}
	return n
}
