package kernel

import (
	"math"
	"slices"
	"sync"
)

// A Norm is the geometry of a normalization over rows: x is Images×Rows×C, and each of Groups groups of neighbouring channels is
// brought to mean 0 and variance 1 within its image. Batch normalization has one image and groups of one channel.
type Norm struct{ Images, Rows, C, Groups int }

// A Scaling says what becomes of x: (x − Mean)·Inverse·Weight + Bias, and with ReLU no less than 0.
type Scaling struct {
	Mean, Inverse []Float // Images×C
	Weight, Bias  []Float // C, or nil
	ReLU          bool
}

// Moments computes the mean and the variance (over n, not n − 1) of every group of x, as Images×C numbers: a channel has those of
// its group.
//
// A part of an image is read once, in single precision about the mean of its first rows, which are a sixteenth of it or more: that
// is near enough to the mean of the part for no digits to be lost. Parts are put together in float64 (Chan et al. 1983).
func (g *Norm) Moments(mean, variance, x []Float) {
	t := newNormJob(g)
	t.x = x
	t.shift = resized(t.shift, len(t.sums))
	parallel(g.Images*t.parts, 1, (*momentsOfParts)(t))
	parallel(g.Images*t.chunks, grainOf(8*t.parts*min(t.width, chunk)), (*joinMoments)(t))
	n := float64(g.Rows * t.group)
	for i := 0; i < g.Images*g.C; i += t.group {
		means, squares := t.means[i:][:t.group], t.squares[i:][:t.group]
		m := sum64(means) / float64(t.group)
		m2 := sum64(squares)
		for _, v := range means {
			m2 += float64(g.Rows) * (v - m) * (v - m)
		}
		Fill(mean[i:][:t.group], Float(m))
		Fill(variance[i:][:t.group], Float(max(m2, 0)/n))
	}
	t.put()
}

// InverseRoot computes 1/√(variance + eps).
func InverseRoot(dst, variance []Float, eps Float) {
	for i, v := range variance[:len(dst)] {
		dst[i] = Float(1 / math.Sqrt(float64(v)+float64(eps)))
	}
}

// Forward computes y from x. It adds the residual, unless that is nil, before the ReLU.
func (g *Norm) Forward(y, x, residual []Float, s *Scaling) {
	t := newNormJob(g)
	t.y, t.x, t.residual = y, x, residual
	t.scale(s)
	parallel(g.Images*t.parts, 1, (*normRows)(t))
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
	parallel(g.Images*t.parts, 1, (*sumsOfParts)(t))
	parallel(g.Images*t.chunks, grainOf(2*t.parts*min(t.width, chunk)), (*joinSums)(t))
	for c := range g.C {
		var w, b float64
		for i := c; i < g.Images*g.C; i += g.C {
			b += t.means[i]
			w += t.squares[i] * float64(s.Inverse[i])
		}
		if dw != nil {
			dw[c] = Float(w)
		}
		if db != nil {
			db[c] = Float(b)
		}
	}
	if dx != nil {
		t.slopes(s, fixed)
		if t.gate == gateOfY { // what the gate lets through stands in dr
			t.dy, t.gate = dr, noGate
		}
		parallel(g.Images*t.parts, 1, (*gradRows)(t))
	}
	t.put()
}

// The ways to know what a ReLU has let through.
const (
	noGate  = iota
	gateOfX // compute y from x once more
	gateOfY // look at y, and keep what passes, which is the gradient of the residual
)

// A normJob is a normalization under way. Its images are cut in parts, whose sums are joined in order. side rows lie side by side
// in the loops, width numbers, so that few channels fill a register too; constants are repeated for each of them.
type normJob struct {
	Norm
	group              int // channels of a group
	side, width        int
	pitch              int // of sums: width, rounded up to whole registers
	parts, rowsOfPart  int // of an image
	chunks             int // of channels
	gate               int
	floor              Float
	y, x, residual     []Float
	dx, dr, dy         []Float
	sums, products     []float64 // Images×parts×pitch
	means, squares     []float64 // Images×C: the joined moments; of the gradient, Σ dy and Σ dy·(x − mean)
	shift              []Float   // Images×parts×pitch: what the sums of a part are taken about
	mean, factor, bias []Float   // Images×width: y = (x − mean)·factor + bias
	slope, lift        []Float   // Images×width: dx = dy·factor + (x − mean)·slope + lift
}

var normJobs = sync.Pool{New: func() any { return new(normJob) }}

// blockOfNorm is how many numbers are summed up in single precision.
const blockOfNorm = 1 << 12

func newNormJob(g *Norm) *normJob {
	t := normJobs.Get().(*normJob)
	t.Norm, t.group = *g, max(1, g.C/max(1, g.Groups))
	t.side = max(1, chunk/max(1, g.C))
	t.width = t.side * g.C
	t.pitch = ceil(t.width, 16) * 16
	t.chunks = ceil(g.C, chunk)
	t.rowsOfPart = max(t.side, min(g.Rows, streamOf(g.Images*g.Rows, g.C)))
	t.parts = max(1, ceil(g.Rows, t.rowsOfPart))
	t.sums = resized(t.sums, g.Images*t.parts*t.pitch)
	t.products = resized(t.products, len(t.sums))
	t.means, t.squares = resized(t.means, g.Images*g.C), resized(t.squares, g.Images*g.C)
	return t
}

// put gives t back with its own memory only.
func (t *normJob) put() {
	t.gate = noGate
	t.y, t.x, t.residual, t.dx, t.dr, t.dy = nil, nil, nil, nil, nil, nil
	normJobs.Put(t)
}

// resized returns n numbers that are not set, in the memory of s if it is large enough.
func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// scale sets the constants of the value.
func (t *normJob) scale(s *Scaling) {
	t.floor = Float(math.Inf(-1))
	if s.ReLU {
		t.floor = 0
	}
	n := t.Images * t.width
	t.mean, t.factor, t.bias = resized(t.mean, n), resized(t.factor, n), resized(t.bias, n)
	t.slope, t.lift = resized(t.slope, n), resized(t.lift, n)
	for i := range t.Images {
		for j := range t.width {
			k, c := i*t.width+j, j%t.C
			t.mean[k], t.factor[k], t.bias[k] = s.Mean[i*t.C+c], s.Inverse[i*t.C+c], 0
			if s.Weight != nil {
				t.factor[k] *= s.Weight[c]
			}
			if s.Bias != nil {
				t.bias[k] = s.Bias[c]
			}
		}
	}
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
	for first := 0; first < t.Images*t.C; first += t.group {
		var sum, product float64
		for i := first; i < first+t.group; i++ {
			w := 1.
			if s.Weight != nil {
				w = float64(s.Weight[i%t.C])
			}
			sum += w * t.means[i]
			product += w * t.squares[i]
		}
		inverse := float64(s.Inverse[first])
		slope, lift := -inverse*inverse*inverse*product/n, -inverse*sum/n
		for i := first; i < first+t.group; i++ {
			for k := i/t.C*t.width + i%t.C; k < (i/t.C+1)*t.width; k += t.C {
				t.slope[k], t.lift[k] = Float(slope), Float(lift)
			}
		}
	}
}

// part returns where part k of x begins, of which image it is, and how often the loops run over width numbers and what is left
// over for one that is shorter.
func (t *normJob) part(k int) (at, image, rows, rest int) {
	image = k / t.parts
	from := k % t.parts * t.rowsOfPart
	to := min(from+t.rowsOfPart, t.Rows)
	return (image*t.Rows + from) * t.C, image, (to - from) / t.side, (to - from) % t.side * t.C
}

// blocks cuts rows of width numbers, with the rest behind them, in blocks: f gets where one begins, counted in numbers.
func (t *normJob) blocks(rows, rest int, f func(at, rows, width int)) {
	step := max(1, blockOfNorm/max(1, t.width))
	for from := 0; from < rows; from += step {
		f(from*t.width, min(step, rows-from), t.width)
	}
	if rest > 0 {
		f(rows*t.width, 1, rest)
	}
}

type momentsOfParts normJob

func (m *momentsOfParts) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		at, _, rows, rest := t.part(k)
		x := t.x[at:]
		shift, sums, products := t.shift[k*t.pitch:][:t.pitch], t.sums[k*t.pitch:][:t.pitch], t.products[k*t.pitch:][:t.pitch]
		clear(sums)
		first, width := max(1, min(rows, blockOfNorm/max(1, t.width))), t.width
		if rows == 0 {
			width = rest
		}
		addColumns(sums[:width], x, width, first)
		for j, s := range sums {
			shift[j] = Float(s / float64(first))
		}
		clear(sums)
		clear(products)
		t.blocks(rows, rest, func(at, rows, width int) {
			addMoments(sums, products, x[at:], shift, width, rows)
		})
	}
}

// A piece of joinMoments is a chunk of channels of an image.
type joinMoments normJob

func (m *joinMoments) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		image, from := k/t.chunks, k%t.chunks*chunk
		to := min(from+chunk, t.C)
		means, squares := t.means[image*t.C+from:image*t.C+to], t.squares[image*t.C+from:image*t.C+to]
		clear(means)
		clear(squares)
		t.columns(image, from, to, func(at int, n float64) {
			for c := range means {
				// The mean of the column of a part, and what it contributes to that of the channel.
				mean := t.sums[at+c]/n + float64(t.shift[at+c])
				means[c] += n * mean
			}
		})
		for c := range means {
			means[c] /= float64(t.Rows)
		}
		t.columns(image, from, to, func(at int, n float64) {
			for c := range squares {
				s := t.sums[at+c] / n
				d := s + float64(t.shift[at+c]) - means[c]
				squares[c] += max(t.products[at+c]-s*t.sums[at+c], 0) + n*d*d
			}
		})
	}
}

// columns calls f for every row of sums that channels from to to have, with how many numbers were added in each.
func (t *normJob) columns(image, from, to int, f func(at int, n float64)) {
	for part := range t.parts {
		_, _, rows, rest := t.part(image*t.parts + part)
		for j := range t.side {
			n := rows
			if j*t.C < rest {
				n++
			}
			if n > 0 {
				f((image*t.parts+part)*t.pitch+j*t.C+from, float64(n))
			}
		}
	}
}

// A piece of joinSums is a chunk of channels of an image.
type joinSums normJob

func (m *joinSums) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		image, from := k/t.chunks, k%t.chunks*chunk
		to := min(from+chunk, t.C)
		sums, products := t.means[image*t.C+from:image*t.C+to], t.squares[image*t.C+from:image*t.C+to]
		clear(sums)
		clear(products)
		t.columns(image, from, to, func(at int, _ float64) {
			for c := range sums {
				sums[c] += t.sums[at+c]
				products[c] += t.products[at+c]
			}
		})
	}
}

type sumsOfParts normJob

func (m *sumsOfParts) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		at, image, rows, rest := t.part(k)
		sums, products := t.sums[k*t.pitch:][:t.pitch], t.products[k*t.pitch:][:t.pitch]
		clear(sums)
		clear(products)
		s := t.constants(image)
		t.blocks(rows, rest, func(from, rows, width int) {
			from += at
			var y, dr []Float
			if t.gate == gateOfY {
				y, dr = t.y[from:], t.dr[from:]
			}
			addGradSums(sums, products, t.dy[from:], t.x[from:], y, dr, s, t.gate, width, rows)
		})
	}
}

// normConstants are those of one image.
type normConstants struct{ mean, factor, bias, slope, lift []Float }

func (t *normJob) constants(image int) normConstants {
	at := image * t.width
	return normConstants{t.mean[at:], t.factor[at:], t.bias[at:], t.slope[at:], t.lift[at:]}
}

// backward returns part k counted from the last one: the pass over memory before this one ended there, so that it is warm.
func (t *normJob) backward(k int) (at, image, rows, rest int) {
	return t.part(t.Images*t.parts - 1 - k)
}

type normRows normJob

func (m *normRows) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		at, image, rows, rest := t.backward(k)
		s := t.constants(image)
		for _, n := range [2][2]int{{rows, t.width}, {min(rest, 1), rest}} {
			if n[0]*n[1] > 0 {
				var r []Float
				if t.residual != nil {
					r = t.residual[at:]
				}
				normalize(t.y[at:], t.x[at:], r, s, t.floor, n[1], n[0])
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
		s := t.constants(image)
		for _, n := range [2][2]int{{rows, t.width}, {min(rest, 1), rest}} {
			if n[0]*n[1] > 0 {
				normalizeGrad(t.dx[at:], t.dy[at:], t.x[at:], s, t.gate == gateOfX, n[1], n[0])
				at += n[0] * n[1]
			}
		}
	}
}
