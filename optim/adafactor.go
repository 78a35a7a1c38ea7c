package optim

import (
	"math"

	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// Adafactor keeps, of the mean squares of a matrix of gradients, the means of rows and columns alone, and takes their outer product
// for the rest; its steps are in proportion to the parameters, and limited (Shazeer and Stern 2018, algorithms 4 and 5,
// https://arxiv.org/abs/1804.04235, in the form of PyTorch):
//
//	β = 1 − t^−0.8    R ← β·R + (1 − β)·mean over columns of g²    C ← β·C + (1 − β)·mean over rows of g²
//	v = R·C/mean R    u = g/√v    w ← w − max(ε, rms w)·min(lr, 1/√t)·u/max(1, rms u)
//
// A vector has a v of its own. A kernel of a convolution, K×K×In×Out, is so many matrices In×Out, one for each tap.
type Adafactor struct {
	Core
	Fall    float64 `json:"-"` // exponent of t, −0.8
	Least   float64 `json:"-"` // ε, the least size of a parameter, 1e-3
	Limit   float64 `json:"-"` // of rms u, 1
	Epsilon float64 `json:"-"` // least mean of R, and least √v; the spacing of numbers at 1

	Rows    []*tensor.Tensor `json:"-"` // R, matrices × rows
	Columns []*tensor.Tensor `json:"-"` // C, matrices × columns
	Square  []*tensor.Tensor `json:"-"` // v of vectors; of a matrix, empty

	room []tensor.Float
}

// NewAdafactor returns Adafactor for params.
func NewAdafactor(params []*tensor.Tensor, lr float64) *Adafactor {
	a := &Adafactor{Core: newCore("NewAdafactor", params, lr), Fall: -0.8, Least: 1e-3, Limit: 1, Epsilon: spacing}
	for _, w := range params {
		matrices, rows, columns := matrixOf(w)
		square := 0
		if rows == 0 {
			square = w.Len()
		}
		a.Rows, a.Columns = append(a.Rows, tensor.New(matrices*rows)), append(a.Columns, tensor.New(matrices*columns))
		a.Square = append(a.Square, tensor.New(square))
		a.room = make([]tensor.Float, max(len(a.room), w.Len()))
	}
	return a
}

// spacing is the distance from 1 to the next number of the type of tensors.
const spacing = 1.0 / (1 << (23 + 29*(kernel.FloatBytes/8)))

// matrixOf reads a parameter as matrices in its last two axes; a vector has none.
func matrixOf(w *tensor.Tensor) (matrices, rows, columns int) {
	if w.Rank() < 2 {
		return 0, 0, 0
	}
	rows, columns = w.Dim(-2), w.Dim(-1)
	return w.Len() / max(1, rows*columns), rows, columns
}

// Step moves the parameters by their gradients; see [Optimizer].
func (a *Adafactor) Step(grads []*tensor.Tensor) {
	a.begin(grads)
	for i, w := range a.params {
		if grads[i] == nil || w.Len() == 0 {
			continue
		}
		t, lr, decay := a.update(i)
		x, g, u := w.Edit(), grads[i].Data(), a.room[:w.Len()]
		take := tensor.Float(math.Pow(float64(t), a.Fall)) // 1 − β
		if w.Rank() < 2 {
			follow(a.Square[i].Edit(), take, func(j int) tensor.Float { return g[j] * g[j] })
			copy(u, a.Square[i].Data())
		} else {
			a.factored(i, g, u, take)
		}
		least := tensor.Float(a.Epsilon * a.Epsilon)
		for j, v := range u {
			u[j] = g[j] / tensor.Float(math.Sqrt(float64(max(v, least))))
		}
		length := max(a.Least, rms(x)) * min(lr, 1/math.Sqrt(float64(t)))
		length /= max(1, rms(u)/a.Limit)
		kernel.Unary(kernel.Affine).Apply(x, x, tensor.Float(1-lr*decay), 0)
		kernel.AddScaled(x, u, tensor.Float(-length))
	}
}

// factored updates R and C of parameter i and writes v to u.
func (a *Adafactor) factored(i int, g, u []tensor.Float, take tensor.Float) {
	matrices, n, k := matrixOf(a.params[i])
	for m := range matrices {
		g, u := g[m*n*k:][:n*k], u[m*n*k:][:n*k]
		rows, columns := a.Rows[i].Edit()[m*n:][:n], a.Columns[i].Edit()[m*k:][:k]
		follow(rows, take, func(r int) tensor.Float {
			return tensor.Float(kernel.SumSquares(g[r*k:][:k]) / float64(k))
		})
		follow(columns, take, func(c int) tensor.Float {
			sum := 0.0
			for r := range n {
				sum += float64(g[r*k+c]) * float64(g[r*k+c])
			}
			return tensor.Float(sum / float64(n))
		})
		mean := 0.0
		for _, r := range rows {
			mean += float64(r)
		}
		mean = max(mean/float64(n), a.Epsilon)
		for r, v := range rows {
			for c, h := range columns {
				u[r*k+c] = tensor.Float(float64(v) * float64(h) / mean)
			}
		}
	}
}

// follow moves means towards new values, by the part take.
func follow(means []tensor.Float, take tensor.Float, value func(i int) tensor.Float) {
	for i, m := range means {
		means[i] = m + take*(value(i)-m)
	}
}

// rms is the root of the mean square.
func rms(x []tensor.Float) float64 { return math.Sqrt(kernel.SumSquares(x) / float64(max(1, len(x)))) }
