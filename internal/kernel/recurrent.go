package kernel

import "sync"

// A Cell is the arithmetic of one step of a recurrent layer.
type Cell int

const (
	LSTM      Cell = iota // gates i, f, g, o; a cell besides the hidden state
	GRU                   // gates r, z, n, of which r stands in front of the product with the hidden state
	ElmanTanh             // tanh of the sum
	ElmanReLU             // max(0, sum)
)

// Gates returns how many blocks of H rows the weights have.
func (c Cell) Gates() int { return [...]int{4, 3, 1, 1}[c] }

// Kept returns how many numbers a unit keeps of every step for the gradient, besides y and the cell: the gates, and of a GRU also
// what the hidden state adds to gate n.
func (c Cell) Kept() int { return [...]int{4, 4, 0, 0}[c] }

// A Recurrent is a recurrent layer of H units on N sequences of T steps with F features.
type Recurrent struct {
	Cell       Cell
	N, T, F, H int
}

// A Sequence is what a recurrent layer reads, computes and keeps, or the gradients of all these.
type Sequence struct {
	X              []Float // N×T×F
	H0, C0         []Float // N×H, the state before the first step; C0 of an LSTM only
	IH, HH         []Float // the weights, Gates·H×F and Gates·H×H
	BiasIH, BiasHH []Float // Gates·H; may be nil

	Y      []Float // N×T×H
	HN, CN []Float // N×H, the state behind the last step

	Kept []Float // N×T×Kept·H
	C    []Float // N×T×H, the cells of an LSTM; nil: not kept
}

// Forward computes Y, HN, CN, Kept and C.
//
// One product serves the inputs of all steps. The hidden state goes through the steps in blocks of sequences, which know nothing
// of one another, so that no core waits for another one; what they share are the packed weights.
func (r *Recurrent) Forward(s *Sequence) {
	copy(s.HN, s.H0)
	copy(s.CN, s.C0)
	if r.N*r.T*r.H == 0 {
		return
	}
	t := recurrentJobs.Get().(*recurrentJob)
	t.Recurrent, t.s = *r, s
	t.addBiases()
	sums, width := s.Kept, r.Cell.Kept()*r.H
	if width == 0 {
		sums, width = s.Y, r.H
	}
	gates := r.Cell.Gates() * r.H
	GemmEpilogue(r.N*r.T, gates, r.F, s.X, r.F, false, s.IH, r.F, true, sums, width, false, Epilogue{Bias: t.bias[:gates]})
	if r.Cell == GRU {
		t.first.set(r, r.H, 2*r.H, s.HH, true)
		t.second.set(r, r.H, r.H, s.HH[2*r.H*r.H:], true)
	} else {
		t.first.set(r, r.H, gates, s.HH, true)
	}
	parallel(r.N, r.block(), (*recurrentSteps)(t))
	t.put()
}

// Grad computes the gradients d.X, d.IH, d.HH, d.BiasIH and d.BiasHH, those that are not nil, and d.H0 and d.C0, from d.Y, d.HN and
// d.CN, of which nil ones are zero. It needs the memory d.Kept, N×T×max(1, Kept)·H, and past, N×T×H.
func (r *Recurrent) Grad(d, s *Sequence, past []Float) {
	start(d.H0, d.HN)
	start(d.C0, d.CN)
	rows, gates, width := r.N*r.T, r.Cell.Gates()*r.H, max(1, r.Cell.Kept())*r.H
	if rows*r.H == 0 {
		for _, w := range [][]Float{d.X, d.IH, d.HH, d.BiasIH, d.BiasHH} {
			clear(w)
		}
		return
	}
	t := recurrentJobs.Get().(*recurrentJob)
	t.Recurrent, t.s, t.d = *r, s, d
	t.zeros = resized(t.zeros, r.H)
	clear(t.zeros)
	if r.Cell == GRU {
		t.first.set(r, 2*r.H, r.H, s.HH, false)
		t.second.set(r, r.H, r.H, s.HH[2*r.H*r.H:], false)
	} else {
		t.first.set(r, gates, r.H, s.HH, false)
	}
	parallel(r.N, r.block(), (*recurrentGradSteps)(t))
	if d.X != nil {
		Gemm(rows, r.F, gates, d.Kept, width, false, s.IH, r.F, false, d.X, r.F, false)
	}
	if d.IH != nil {
		Gemm(gates, r.F, rows, d.Kept, width, true, s.X, r.F, false, d.IH, r.F, false)
	}
	if d.HH != nil {
		r.before(past, s)
		first := gates
		if r.Cell == GRU { // the gradient of what the hidden state adds to gate n stands behind the gates
			first = 2 * r.H
			Gemm(r.H, r.H, rows, d.Kept[3*r.H:], width, true, past, r.H, false, d.HH[2*r.H*r.H:], r.H, false)
		}
		Gemm(first, r.H, rows, d.Kept, width, true, past, r.H, false, d.HH, r.H, false)
	}
	if d.BiasIH != nil || d.BiasHH != nil {
		t.bias = resized(t.bias, width)
		Sum(t.bias, d.Kept, 1, rows, width)
		copy(d.BiasIH, t.bias)
		copy(d.BiasHH, t.bias)
		if r.Cell == GRU && d.BiasHH != nil {
			copy(d.BiasHH[2*r.H:], t.bias[3*r.H:])
		}
	}
	t.put()
}

// start makes dst what is to be added to.
func start(dst, src []Float) {
	if src == nil {
		clear(dst)
	} else {
		copy(dst, src)
	}
}

// before writes the hidden states before every step.
func (r *Recurrent) before(past []Float, s *Sequence) {
	length := r.T * r.H
	for n := range r.N {
		row := past[n*length:][:length]
		copy(row, s.H0[n*r.H:][:r.H])
		copy(row[r.H:], s.Y[n*length:])
	}
}

// block returns how many sequences go through the steps together: enough to make the best of the weights, which every step reads
// whole, and an even number of blocks, since two cores are the fewest.
func (r *Recurrent) block() int {
	if r.N < 8 {
		return r.N
	}
	return ceil(r.N, 2*ceil(r.N, 24))
}

// A recurrentJob is a run through the steps.
type recurrentJob struct {
	Recurrent
	s, d          *Sequence
	first, second stepWeights // second: of gate n of a GRU
	bias          []Float     // what is added to Kept
	zeros         []Float
}

var recurrentJobs = sync.Pool{New: func() any { return new(recurrentJob) }}

// put gives t back with its own memory only.
func (t *recurrentJob) put() {
	t.s, t.d, t.first.w, t.second.w = nil, nil, nil, nil
	recurrentJobs.Put(t)
}

// addBiases sums up the biases. The one that a GRU adds to gate n behind the reset stands apart, behind the others.
func (t *recurrentJob) addBiases() {
	gates := t.Cell.Gates() * t.H
	t.bias = resized(t.bias, max(gates, t.Cell.Kept()*t.H))
	clear(t.bias)
	copy(t.bias, t.s.BiasIH)
	for i, v := range t.s.BiasHH {
		if t.Cell == GRU && i >= 2*t.H {
			i += t.H
		}
		t.bias[i] += v
	}
}

// stepWeights are a matrix op(w), k×n, that is multiplied at every step: packed, unless by single vectors.
type stepWeights struct {
	packed Packed
	k, n   int
	w      []Float
	tw     bool
}

func (m *stepWeights) set(r *Recurrent, k, n int, w []Float, tw bool) {
	m.k, m.n, m.w, m.tw = k, n, w, tw
	if r.N > 1 {
		m.packed.Pack(k, n, w, m.ld(), tw)
	}
}

// ld returns the length of a row of w.
func (m *stepWeights) ld() int {
	if m.tw {
		return m.k
	}
	return m.n
}

// multiply computes c = a·op(w), or adds it to c, for rows of a.
func (m *stepWeights) multiply(r *Recurrent, rows int, a []Float, lda int, c []Float, ldc int, add bool) {
	if r.N > 1 {
		m.packed.Multiply(rows, a, lda, c, ldc, add)
	} else {
		Gemm(rows, m.n, m.k, a, lda, false, m.w, m.ld(), m.tw, c, ldc, add)
	}
}

// recurrentSteps takes blocks of sequences through all steps. HN and CN are the state on the way.
type recurrentSteps recurrentJob

func (m *recurrentSteps) run(lo, hi int) {
	t := (*recurrentJob)(m)
	s, size, rows := t.s, t.H, hi-lo
	h := s.HN[lo*size : hi*size]
	for step := range t.T {
		at := lo*t.T + step
		switch t.Cell {
		case LSTM:
			t.first.multiply(&t.Recurrent, rows, h, size, s.Kept[at*4*size:], t.T*4*size, true)
		case GRU:
			t.first.multiply(&t.Recurrent, rows, h, size, s.Kept[at*4*size:], t.T*4*size, true)
			t.second.multiply(&t.Recurrent, rows, h, size, s.Kept[at*4*size+3*size:], t.T*4*size, false)
		default:
			t.first.multiply(&t.Recurrent, rows, h, size, s.Y[at*size:], t.T*size, true)
		}
		for n := lo; n < hi; n++ {
			at := n*t.T + step
			y, h := s.Y[at*size:][:size], s.HN[n*size:][:size]
			switch t.Cell {
			case LSTM:
				c := s.CN[n*size:][:size]
				next := c
				if s.C != nil {
					next = s.C[at*size:][:size]
				}
				lstmStep(s.Kept[at*4*size:][:4*size], t.cell(n, step), next, h, y)
			case GRU:
				gruStep(s.Kept[at*4*size:][:4*size], t.bias[3*size:], h, y)
			case ElmanTanh:
				Tanh(y, y, 0, 0)
				copy(h, y)
			case ElmanReLU:
				ReLU(y, y, 0, 0)
				copy(h, y)
			}
		}
	}
	if s.C != nil && t.Cell == LSTM {
		for n := lo; n < hi; n++ {
			copy(s.CN[n*size:][:size], s.C[((n+1)*t.T-1)*size:])
		}
	}
}

// cell returns the cells of sequence n before a step.
func (t *recurrentJob) cell(n, step int) []Float {
	switch {
	case t.s.C == nil:
		return t.s.CN[n*t.H:][:t.H]
	case step == 0:
		return t.s.C0[n*t.H:][:t.H]
	}
	return t.s.C[(n*t.T+step-1)*t.H:][:t.H]
}

// hidden does so for the hidden state.
func (t *recurrentJob) hidden(n, step int) []Float {
	if step == 0 {
		return t.s.H0[n*t.H:][:t.H]
	}
	return t.s.Y[(n*t.T+step-1)*t.H:][:t.H]
}

// recurrentGradSteps takes gradients back through all steps. d.H0 and d.C0 are the gradient of the state on the way.
type recurrentGradSteps recurrentJob

func (m *recurrentGradSteps) run(lo, hi int) {
	t := (*recurrentJob)(m)
	s, d, size, rows := t.s, t.d, t.H, hi-lo
	width := max(1, t.Cell.Kept()) * size
	for step := t.T - 1; step >= 0; step-- {
		for n := lo; n < hi; n++ {
			at := n*t.T + step
			dy, dh, dg := t.zeros, d.H0[n*size:][:size], d.Kept[at*width:][:width]
			if d.Y != nil {
				dy = d.Y[at*size:][:size]
			}
			switch t.Cell {
			case LSTM:
				lstmStepGrad(dg, s.Kept[at*width:][:width], t.cell(n, step), s.C[at*size:][:size], dy, dh, d.C0[n*size:][:size])
			case GRU:
				gruStepGrad(dg, s.Kept[at*width:][:width], t.hidden(n, step), dy, dh)
			default:
				elmanStepGrad(dg, s.Y[at*size:][:size], dy, dh, t.Cell == ElmanReLU)
			}
		}
		dg := d.Kept[(lo*t.T+step)*width:]
		dh := d.H0[lo*size : hi*size]
		t.first.multiply(&t.Recurrent, rows, dg, t.T*width, dh, size, t.Cell == GRU)
		if t.Cell == GRU {
			t.second.multiply(&t.Recurrent, rows, dg[3*size:], t.T*width, dh, size, true)
		}
	}
}

// lstmStepGeneric is lstmStep in plain Go.
func lstmStepGeneric(g, c0, c, h, y []Float) {
	n := len(y)
	Sigmoid(g[:2*n], g, 0, 0)
	Tanh(g[2*n:3*n], g[2*n:], 0, 0)
	Sigmoid(g[3*n:], g[3*n:], 0, 0)
	in, forget, candidate, out := g[:n], g[n:2*n], g[2*n:3*n], g[3*n:4*n]
	for i := range c {
		c[i] = forget[i]*c0[i] + in[i]*candidate[i]
	}
	Tanh(y, c, 0, 0)
	Mul.VV(y, y, out)
	copy(h, y)
}

// lstmStepGradGeneric is lstmStepGrad in plain Go.
func lstmStepGradGeneric(dg, g, c0, c, dy, dh, dc []Float) {
	n := len(dy)
	squashed := dg[3*n : 4*n]
	Tanh(squashed, c, 0, 0)
	for j := range n {
		i, f, k, o, s := g[j], g[n+j], g[2*n+j], g[3*n+j], squashed[j]
		d := dy[j] + dh[j]
		e := dc[j] + d*o*(1-s*s)
		dg[j] = e * k * i * (1 - i)
		dg[n+j] = e * c0[j] * f * (1 - f)
		dg[2*n+j] = e * i * (1 - k*k)
		dg[3*n+j] = d * s * o * (1 - o)
		dc[j] = e * f
	}
}

// gruStepGeneric is gruStep in plain Go.
func gruStepGeneric(g, bias, h, y []Float) {
	n := len(y)
	Sigmoid(g[:2*n], g, 0, 0)
	reset, update, candidate, own := g[:n], g[n:2*n], g[2*n:3*n], g[3*n:4*n]
	for i := range own {
		own[i] += bias[i]
		candidate[i] += reset[i] * own[i]
	}
	Tanh(candidate, candidate, 0, 0)
	for i, k := range candidate {
		y[i] = k + update[i]*(h[i]-k)
	}
	copy(h, y)
}

// gruStepGradGeneric is gruStepGrad in plain Go.
func gruStepGradGeneric(dg, g, h0, dy, dh []Float) {
	n := len(dy)
	for j := range n {
		r, z, k, q := g[j], g[n+j], g[2*n+j], g[3*n+j]
		d := dy[j] + dh[j]
		e := d * (1 - z) * (1 - k*k)
		dg[j] = e * q * r * (1 - r)
		dg[n+j] = d * (h0[j] - k) * z * (1 - z)
		dg[2*n+j] = e
		dg[3*n+j] = e * r
		dh[j] = d * z
	}
}

// elmanStepGrad computes the gradient dg of the sum from that of y, dy + dh.
func elmanStepGrad(dg, y, dy, dh []Float, relu bool) {
	Add.VV(dg, dy, dh)
	if relu {
		Gate.VV(dg, dg, y)
		return
	}
	for i, v := range y {
		dg[i] *= 1 - v*v
	}
}
