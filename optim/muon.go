package optim

import (
	"math"

	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// Muon moves a matrix along its momentum made orthogonal, so that all directions that the momentum has get the same length (Jordan et
// al. 2024, https://kellerjordan.github.io/posts/muon/, as in PyTorch):
//
//	v ← μ·v + (1 − μ)·g    u = (1 − μ)·g + μ·v    w ← (1 − lr·decay)·w − lr·√max(1, rows/columns)·orthogonal(u)
//
// orthogonal is five steps of Newton and Schulz, x ← a·x + (b·xxᵀ + c·(xxᵀ)²)·x, from u/‖u‖. They bring the singular values to about 1.
//
// The kernel of a convolution K×K×In×Out is the matrix Out×(K·K·In). What is no matrix (biases, gains of normalizations) is moved by
// AdamW inside. The author leaves embeddings and the last layer to it too; they are matrices like others here.
type Muon struct {
	Core
	Momentum float64 `json:"-"` // μ, 0.95
	Epsilon  float64 `json:"-"` // least ‖u‖, 1e-7

	Velocity []*tensor.Tensor `json:"-"` // v of matrices
	Others   *Adam            // of what is no matrix

	matrices []int // which parameters they are
	vectors  []int
	grads    []*tensor.Tensor // of the vectors
	x, y     []tensor.Float   // room for a matrix
	gram     [2][]tensor.Float
}

// NewMuon returns Muon for params with a weight decay of 0.1.
func NewMuon(params []*tensor.Tensor, lr float64) *Muon {
	m := &Muon{Core: newCore("NewMuon", params, lr), Momentum: 0.95, Epsilon: 1e-7}
	m.Decay = 0.1
	var others []*tensor.Tensor
	for i, w := range params {
		if w.Rank() < 2 {
			m.vectors, others = append(m.vectors, i), append(others, w)
			continue
		}
		m.matrices, m.Velocity = append(m.matrices, i), append(m.Velocity, tensor.New(w.Shape()...))
		short := min(w.Dim(-1), w.Len()/max(1, w.Dim(-1)))
		m.x, m.y = make([]tensor.Float, max(len(m.x), w.Len())), make([]tensor.Float, max(len(m.y), w.Len()))
		for j := range m.gram {
			m.gram[j] = make([]tensor.Float, max(len(m.gram[j]), short*short))
		}
	}
	m.Others = NewAdamW(others, lr)
	m.grads = make([]*tensor.Tensor, len(others))
	return m
}

// Step moves the parameters by their gradients; see [Optimizer].
func (m *Muon) Step(grads []*tensor.Tensor) {
	m.begin(grads)
	for at, i := range m.matrices {
		if grads[i] == nil || m.params[i].Len() == 0 {
			continue
		}
		_, lr, decay := m.update(i)
		w, g, v := m.params[i], grads[i].Data(), m.Velocity[at].Edit()
		mu := tensor.Float(m.Momentum)
		u := m.x[:len(g)]
		for j, d := range g {
			v[j] += (1 - mu) * (d - v[j])
			u[j] = d + mu*(v[j]-d)
		}
		columns := w.Dim(-1) // in memory: the inputs of a linear layer, the outputs of a convolution
		rows := len(u) / columns
		out, in := rows, columns
		if w.Rank() > 2 {
			out, in = columns, rows
		}
		u = m.orthogonal(u, rows, columns)
		kernel.Unary(kernel.Affine).Apply(w.Edit(), w.Edit(), tensor.Float(1-lr*decay), 0)
		kernel.AddScaled(w.Edit(), u, tensor.Float(-lr*math.Sqrt(max(1, float64(out)/float64(in)))))
	}
	for at, i := range m.vectors {
		m.grads[at] = grads[i]
		m.Others.groups[at] = m.groups[i]
		if grads[i] != nil {
			m.update(i)
		}
	}
	m.Others.SetLR(m.LR)
	m.Others.Decay = m.Decay
	m.Others.Step(m.grads)
	clear(m.grads) // gradients belong to passes
}

// orthogonal brings the singular values of x, n×k, near to 1. The result is in the memory of x or in the optimizer's.
func (m *Muon) orthogonal(x []tensor.Float, n, k int) []tensor.Float {
	const a, b, c = 3.4445, -4.7750, 2.0315 // the author's, for a steep rise at 0
	norm := max(math.Sqrt(kernel.SumSquares(x)), m.Epsilon)
	kernel.Unary(kernel.Affine).Apply(x, x, tensor.Float(1/norm), 0)
	short, wide := n, n <= k
	if !wide {
		short = k
	}
	size := short * short
	gram, square, y := m.gram[0][:size], m.gram[1][:size], m.y[:len(x)]
	for range 5 {
		if wide { // x·xᵀ
			kernel.Gemm(n, n, k, x, k, false, x, k, true, gram, n, false)
		} else { // xᵀ·x
			kernel.Gemm(k, k, n, x, k, true, x, k, false, gram, k, false)
		}
		kernel.Gemm(short, short, short, gram, short, false, gram, short, false, square, short, false)
		for i, g := range gram {
			gram[i] = b*g + c*square[i]
		}
		for i := range short {
			gram[i*short+i] += a
		}
		if wide {
			kernel.Gemm(n, k, n, gram, n, false, x, k, false, y, k, false)
		} else {
			kernel.Gemm(n, k, k, x, k, false, gram, k, false, y, k, false)
		}
		x, y = y, x
	}
	return x
}
