package kernel

import (
	"math"
	"sync"
)

// A Norm is the geometry of a normalization over rows: x is Images×Rows×C, and each of Groups groups of neighbouring channels is
// brought to mean 0 and variance 1 within its image. Batch normalization has one image and groups of one channel.
type Norm struct{ Images, Rows, C, Groups int }

// A Scaling says what becomes of x: (x − Mean)·Inverse·Weight + Bias, and with ReLU no less than 0 and no more than Ceiling.
type Scaling struct {
	Mean, Inverse []Float // Images×C
	Weight, Bias  []Float // C, or nil
	ReLU          bool
	Ceiling       Float // of the ReLU; 0 is none
}

// Moments computes the mean and the variance (over n, not n − 1) of every group of x, as Images×C numbers: a channel has those of
// its group. Those of nothing are 0.
//
// A part of an image is read once, in single precision about the mean of its first rows, which are a sixteenth of it or more: that
// is near enough to the mean of the part for no digits to be lost. Parts are put together in float64 (Chan et al. 1983).
func (g *Norm) Moments(mean, variance, x []Float) {
	t := newNormJob(g)
	t.x, t.mean, t.variance = x, mean, variance
	t.shift = resized(t.shift, len(t.sums))
	t.sumUp((*momentsOfParts)(t))
	t.join((*joinMoments)(t))
	t.put()
}

// InverseRoot computes 1/√(variance + eps).
func InverseRoot(dst, variance []Float, eps Float) {
	Affine(dst, variance, 1, eps)
	Rsqrt(dst, dst, 0, 0)
}

// Forward computes y from x. It adds the residual, unless that is nil, before the ReLU.
func (g *Norm) Forward(y, x, residual []Float, s *Scaling) {
	t := newNormJob(g)
	t.y, t.x, t.residual = y, x, residual
	t.scale(s)
	parallel(g.Images*t.pieces, 1, (*normRows)(t))
	t.put()
}

// Grad computes the gradients dx, dw and db of x, the weight and the bias from the gradient dy of y; those that are nil are not
// wanted. If there were a residual and a ReLU, y is what Forward computed, and dr becomes the gradient of the residual; otherwise
// both are nil. fixed says that mean and variance did not depend on x.
func (g *Norm) Grad(dx, dw, db, dr, dy, x, y []Float, s *Scaling, fixed bool) {
	t := newNormJob(g)
	t.y, t.x, t.dy, t.dr, t.dx = y, x, dy, dr, dx
	switch {
	case dr != nil:
		t.gate = gateOfY
	case s.ReLU:
		t.gate = gateOfX
	}
	t.scale(s)
	t.sumUp((*sumsOfParts)(t))
	t.join((*joinSums)(t))
	if dw != nil {
		t.addImages(dw, t.squares, s.Inverse)
	}
	if db != nil {
		t.addImages(db, t.means, nil)
	}
	if dx != nil {
		t.slopes(s, fixed)
		if t.gate == gateOfY { // what the gate lets through stands in dr
			t.dy, t.gate = dr, noGate
		}
		parallel(g.Images*t.pieces, 1, (*gradRows)(t))
	}
	t.put()
}

// addImages adds up what the images have for every channel, times a factor unless that is nil.
func (t *normJob) addImages(dst []Float, sums []float64, factor []Float) {
	total := resized(t.total, t.C)
	t.total = total
	clear(total)
	for i := 0; i < t.Images*t.C; i += t.C {
		sums := sums[i:][:t.C]
		if factor == nil {
			for c, v := range sums {
				total[c] += v
			}
			continue
		}
		factor := factor[i:][:t.C]
		for c, v := range sums {
			total[c] += v * float64(factor[c])
		}
	}
	for c, v := range total {
		dst[c] = Float(v)
	}
}

// The ways to know what a ReLU has let through.
const (
	noGate  = iota
	gateOfX // compute y from x once more
	gateOfY // look at y, and keep what passes, which is the gradient of the residual
)

// A normJob is a normalization under way. Sums are those of parts of images, by slices of the channels, and are joined in order.
// side rows lie side by side in the loops, width numbers, so that few channels fill a register too; constants are repeated for each
// of them.
type normJob struct {
	Norm
	group                int // channels of a group
	side, width          int
	pitch                int // of sums: width, rounded up to whole registers
	parts, rowsOfPart    int // of an image
	slices, slice        int // how many, and of how many numbers
	blockRows            int // rows of width numbers that are summed up in single precision
	pieces, rowsOfPiece  int // of an image, in loops that write
	groupsOfJoin, joins  int // groups whose sums are joined at a time, and how often that is for an image
	gate                 int
	floor, ceiling       Float
	y, x, residual       []Float
	dx, dr, dy           []Float
	mean, variance       []Float   // Images×C
	sums, products       []float64 // Images×parts×pitch
	means, squares       []float64 // Images×C: the joined moments; of the gradient, Σ dy and Σ dy·(x − mean)
	total                []float64 // C
	shift                []Float   // Images×parts×pitch: what the sums of a part are taken about
	centre, factor, bias []Float   // Images×width: y = (x − centre)·factor + bias
	slope, lift          []Float   // Images×width: dx = dy·factor + (x − centre)·slope + lift
}

// blockOfNorm is how many numbers are summed up in single precision, or more of wide rows.
const blockOfNorm = 1 << 12

var normJobs = sync.Pool{New: func() any { return new(normJob) }}

func newNormJob(g *Norm) *normJob {
	t := normJobs.Get().(*normJob)
	t.Norm, t.group = *g, max(1, g.C/max(1, g.Groups))
	t.side = max(1, chunk/max(1, g.C))
	t.width = t.side * g.C
	t.pitch = ceil(t.width, 16) * 16
	stream := streamOf(g.Images*g.Rows, g.C)
	t.rowsOfPiece = max(t.side, stream)
	t.pieces = ceil(g.Rows, t.rowsOfPiece)
	// Joining costs as much as a few rows, so that a part is of many; channels are cut instead where there are too few parts.
	t.rowsOfPart = max(t.side, stream, 2*chunk)
	t.parts = max(1, ceil(g.Rows, t.rowsOfPart))
	t.slices, t.slice = 1, t.width
	if parts := g.Images * t.parts; parts < maxParts && g.C > chunk {
		t.slice = ceil(ceil(g.C, ceil(maxParts, parts)), chunk) * chunk
		t.slices = ceil(g.C, t.slice)
	}
	t.blockRows = max(1, blockOfNorm/max(1, t.width), min(t.rowsOfPart, g.Rows)/t.side/16)
	t.groupsOfJoin = min(g.Groups, max(1, chunk/t.group))
	t.joins = ceil(g.Groups, max(1, t.groupsOfJoin))
	t.sums = resized(t.sums, g.Images*t.parts*t.pitch)
	t.products = resized(t.products, len(t.sums))
	t.means, t.squares = resized(t.means, g.Images*g.C), resized(t.squares, g.Images*g.C)
	return t
}

// put gives t back with its own memory only.
func (t *normJob) put() {
	t.gate = noGate
	t.y, t.x, t.residual, t.dx, t.dr, t.dy, t.mean, t.variance = nil, nil, nil, nil, nil, nil, nil, nil
	normJobs.Put(t)
}

// scale sets the constants of the value.
func (t *normJob) scale(s *Scaling) {
	t.floor, t.ceiling = between(s.ReLU, s.Ceiling)
	n := t.Images * t.width
	t.centre, t.factor, t.bias = resized(t.centre, n), resized(t.factor, n), resized(t.bias, n)
	t.slope, t.lift = resized(t.slope, n), resized(t.lift, n)
	for k := range t.Images * t.side {
		from := k / t.side * t.C
		factor, bias := t.factor[k*t.C:][:t.C], t.bias[k*t.C:][:t.C]
		copy(t.centre[k*t.C:][:t.C], s.Mean[from:])
		copy(factor, s.Inverse[from:])
		if s.Weight != nil {
			Mul.VV(factor, factor, s.Weight)
		}
		clear(bias)
		copy(bias, s.Bias)
	}
}

// between returns the least and the greatest result behind a ReLU that there may be, with a ceiling unless that is 0.
func between(relu bool, ceiling Float) (least, greatest Float) {
	least, greatest = Float(math.Inf(-1)), Float(math.Inf(1))
	if relu {
		least = 0
	}
	if ceiling != 0 {
		greatest = ceiling
	}
	return least, greatest
}

// slopes sets the constants of the gradient by x. With x̂ = (x − mean)·inverse and g = dy·weight it is
// inverse·(g − average g − x̂·average g·x̂), the averages being those of the group.
func (t *normJob) slopes(s *Scaling, fixed bool) {
	if fixed {
		clear(t.slope)
		clear(t.lift)
		return
	}
	n := float64(t.Rows * t.group)
	for i := range t.Images {
		slope, lift := t.slope[i*t.width:][:t.width], t.lift[i*t.width:][:t.width]
		for c := 0; c < t.C; c += t.group {
			at := i*t.C + c
			sums, products := t.means[at:][:t.group], t.squares[at:][:t.group]
			var sum, product float64
			if s.Weight == nil {
				sum, product = sum64(sums), sum64(products)
			} else {
				for k, w := range s.Weight[c:][:t.group] {
					sum += float64(w) * sums[k]
					product += float64(w) * products[k]
				}
			}
			inverse := float64(s.Inverse[at])
			Fill(slope[c:][:t.group], Float(-inverse*inverse*inverse*product/n))
			Fill(lift[c:][:t.group], Float(-inverse*sum/n))
		}
		for k := t.C; k < t.width; k += t.C {
			copy(slope[k:], slope[:t.C])
			copy(lift[k:], lift[:t.C])
		}
	}
}

// rowsAt returns where rows k·size, … of the images begin in x, images being cut in so many pieces, of which image they are, and how
// often the loops run over width numbers and what is left over for one that is shorter.
func (t *normJob) rowsAt(k, pieces, size int) (at, image, rows, rest int) {
	image = k / pieces
	from := k % pieces * size
	to := min(from+size, t.Rows)
	return (image*t.Rows + from) * t.C, image, (to - from) / t.side, (to - from) % t.side * t.C
}

// normConstants are the constants of the columns of an image, from one of them on, and between which values a gate lets through.
type normConstants struct {
	mean, factor, bias, slope, lift []Float
	floor, ceiling                  Float
}

func (t *normJob) constants(image, column int) normConstants {
	at := image*t.width + column
	return normConstants{t.centre[at:], t.factor[at:], t.bias[at:], t.slope[at:], t.lift[at:], t.floor, t.ceiling}
}

// backward returns piece k counted from the last one: the pass over memory before this one ended there, so that it is warm.
func (t *normJob) backward(k int) (at, image, rows, rest int) {
	return t.rowsAt(t.Images*t.pieces-1-k, t.pieces, t.rowsOfPiece)
}

type normRows normJob

func (m *normRows) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		at, image, rows, rest := t.backward(k)
		s := t.constants(image, 0)
		for _, n := range [2][2]int{{rows, t.width}, {min(rest, 1), rest}} {
			if n[0]*n[1] > 0 {
				var r []Float
				if t.residual != nil {
					r = t.residual[at:]
				}
				normalize(t.y[at:], t.x[at:], r, s, n[1], n[0], n[1])
				at += n[0] * n[1]
			}
		}
	}
}

type gradRows normJob

func (m *gradRows) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		at, image, rows, rest := t.backward(k)
		s := t.constants(image, 0)
		for _, n := range [2][2]int{{rows, t.width}, {min(rest, 1), rest}} {
			if n[0]*n[1] > 0 {
				normalizeGrad(t.dx[at:], t.dy[at:], t.x[at:], s, t.gate == gateOfX, n[1], n[0])
				at += n[0] * n[1]
			}
		}
	}
}
