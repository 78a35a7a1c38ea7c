package tensor

import (
	"math"

	"github.com/hadal-go/hadal/internal/kernel"
)

// Softmax returns e^x / Σ e^x along the last axis.
func (t *Tensor) Softmax() *Tensor { return t.alongRows("Softmax", kernel.Softmax, &softmax) }

// LogSoftmax returns x − log Σ e^x along the last axis.
func (t *Tensor) LogSoftmax() *Tensor {
	return t.alongRows("LogSoftmax", kernel.LogSoftmax, &logSoftmax)
}

var softmax = Fusion{
	Kernel: func(b *Back) { b.giveRows(kernel.SoftmaxGrad) },
	Compose: func(_ *Back, xs []*Tensor) []*Tensor {
		e := xs[0].shifted().Exp()
		return []*Tensor{e.Div(e.SumKeep(-1))}
	},
}

var logSoftmax = Fusion{
	Kernel: func(b *Back) { b.giveRows(kernel.LogSoftmaxGrad) },
	Compose: func(_ *Back, xs []*Tensor) []*Tensor {
		x := xs[0].shifted()
		return []*Tensor{x.Sub(x.Exp().SumKeep(-1).Log())}
	},
}

func (t *Tensor) alongRows(name string, loop func(y, x []Float, rows, columns int), f *Fusion) *Tensor {
	p := owner(name, t)
	rows, n := t.rows(name)
	y := p.makeDims(t.shape())
	loop(y.data, t.data, rows, n)
	p.fuse(name, f, y, t)
	return y
}

// giveRows gives the gradient that a kernel computes from the output.
func (b *Back) giveRows(loop func(dx, dy, y []Float, rows, columns int)) {
	y := b.Y(0)
	rows, n := y.rows("Softmax")
	dx := b.room(0)
	loop(dx.data, b.G(0).data, y.data, rows, n)
	b.Give(0, dx)
}

// shifted returns x less its greatest value along the last axis, as a constant: e^x does not overflow.
func (t *Tensor) shifted() *Tensor { return t.Sub(t.Detach().Max(-1).Unsqueeze(-1)) }

// LogSumExp returns log Σ e^x along the last axis, which disappears; −Inf for a row of −Inf.
func (t *Tensor) LogSumExp() *Tensor {
	if _, n := t.rows("LogSumExp"); n == 0 {
		fail("LogSumExp", "shape %v is empty along its last axis", t.Shape())
	}
	greatest := t.Detach().Max(-1).Clamp(-math.MaxFloat32, math.MaxFloat32) // Inf less Inf would be NaN
	return t.Sub(greatest.Unsqueeze(-1)).Exp().Sum(-1).Log().Add(greatest)
}

// CrossEntropy returns Σ wᵢ·(−log softmax(xᵢ)[labelᵢ]) for x, N×C, and N labels. A label of −1 leaves its row out. weights has a
// number for each row; without it each row that counts has the same, so that the result is their mean.
func (t *Tensor) CrossEntropy(labels []int, weights []Float) *Tensor {
	const name = "CrossEntropy"
	p := owner(name, t)
	if t.rank != 2 || len(labels) != int(t.dims[0]) {
		fail(name, "%d labels do not fit shape %v, rows×classes", len(labels), t.Shape())
	}
	if weights != nil && len(weights) != len(labels) {
		fail(name, "%d weights do not fit %d labels", len(weights), len(labels))
	}
	rows, classes := t.rows(name)
	keep := p.recording(t)
	at := p.temporary(rows, keep)
	w := p.makeDims([]int32{int32(rows)})
	counted := 0
	for i, l := range labels {
		if l < -1 || l >= classes {
			fail(name, "label %d of row %d is not one of %d classes", l, i, classes)
		}
		at[i] = int32(l)
		if l >= 0 {
			counted++
		}
	}
	for i, l := range labels {
		switch {
		case l < 0:
			w.data[i] = 0
		case weights != nil:
			w.data[i] = weights[i]
		default:
			w.data[i] = 1 / Float(counted)
		}
	}
	stats, y := p.makeDims([]int32{int32(rows), 2}), p.makeDims(nil)
	y.data[0] = Float(kernel.CrossEntropy(t.data, at, w.data, stats.data, classes))
	if counted == 0 && weights == nil {
		y.data[0] = 0 / y.data[0] // the mean of nothing, as PyTorch has it: NaN
	}
	if keep {
		o := p.fuse(name, &crossEntropy, y, t)
		o.index, o.saved = at, [2]*Tensor{stats, w}
	}
	return y
}

var crossEntropy = Fusion{
	Kernel: func(b *Back) {
		x, stats, w := b.in(0).t, b.op.saved[0], b.op.saved[1]
		dx := b.p.makeDims(x.shape())
		kernel.CrossEntropyGrad(dx.data, x.data, b.op.index, w.data, stats.data, b.G(0).data[0], int(x.dims[1]))
		b.Give(0, dx)
	},
	Compose: func(b *Back, xs []*Tensor) []*Tensor {
		target := b.p.Zeros(xs[0].Shape()...) // weight where the label is
		for i, l := range b.op.index {
			if l >= 0 {
				target.data[i*xs[0].Dim(1)+int(l)] = b.op.saved[1].data[i]
			}
		}
		return []*Tensor{xs[0].LogSoftmax().Mul(target).Sum().Neg()}
	},
}
