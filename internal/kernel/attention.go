package kernel

import (
	"math"
	"sync"
)

// An Attention is the geometry of scaled dot-product attention: softmax(q·kᵀ·Scale)·v for every sequence and head. q is
// N×T×(Heads·D), k N×S×(Heads·D), v N×S×(Heads·E) and the result N×T×(Heads·E).
//
// A block of queries sees all its keys at once: its scores, at most attentionScores numbers or twelve rows, stay in the second
// cache level, and those of a whole head are never in memory. Backward, they are computed again from the saved log Σ eˢ of each
// row (Dao et al. 2022, https://arxiv.org/abs/2205.14135).
type Attention struct {
	N, T, S     int // sequences, queries, keys
	Heads, D, E int
	Scale       Float
	Causal      bool  // query i sees the keys up to i + S − T
	Lengths     []int // of each sequence: how many keys there are; nil: S
	Rows        int   // of k and v in memory for each sequence, of which S are keys; 0: S

	// Weights are dropped at random: one is kept with the probability Keep and is then 1/Keep times as large, as the numbers are with
	// which Bernoulli fills N×Heads×T×S by Key. 0: all are kept.
	Keep Float
	Key  uint64
}

const attentionScores = 1 << 17

// Keys returns how many keys query t of sequence n sees.
func (a *Attention) Keys(n, t int) int {
	keys := a.S
	if a.Lengths != nil {
		keys = a.Lengths[n]
	}
	if a.Causal {
		keys = min(keys, t+1+a.S-a.T)
	}
	return max(0, keys)
}

// block returns how many queries are worked on together: whole tiles.
func (a *Attention) block() int { return max(12, min(96, attentionScores/max(1, a.S)/12*12)) }

// An attentionJob's pieces are heads, and forward where there are few of them, parts of their queries.
type attentionJob struct {
	Attention
	parts         int
	y, logs       []Float // logs is log Σ eˢ of each row: N×Heads×T
	q, k, v       []Float
	dy            []Float // nil: forward
	dq, dk, dv    []Float // any may be nil
	rows, columns int     // of a block of scores
}

// An attentionHead is what a piece works with: of its head the first number of the first row.
type attentionHead struct {
	*attentionJob
	*attentionBuffer
	n, i, keys       int // its sequence, its number among all heads, and how many keys any of the queries sees
	q, k, v, y, dy   []Float
	dq, dk, dv       []Float
	logs             []Float
	strideD, strideE int // from one row to the next
}

// An attentionBuffer has the matrices in panels (keys turned and not, values as the product needs them) and a block of queries.
type attentionBuffer struct{ keysIn, keysOut, values, queries, scores, slopes, packed []Float }

var (
	attentionJobs    jobs[attentionJob, *attentionJob]
	attentionBuffers = sync.Pool{New: func() any { return new(attentionBuffer) }}
)

// Forward computes y and logs, N×Heads×T, which may be nil.
func (a *Attention) Forward(y, logs, q, k, v []Float) {
	heads := a.N * a.Heads
	parts := min(ceil(8, max(1, heads)), ceil(a.T, a.block()))
	a.do(heads*parts, attentionJob{Attention: *a, parts: parts, y: y, logs: logs, q: q, k: k, v: v})
}

// Backward computes the gradients by q, k and v, each of which may be nil, from dy and what Forward gave.
func (a *Attention) Backward(dq, dk, dv, dy, y, logs, q, k, v []Float) {
	a.do(a.N*a.Heads, attentionJob{Attention: *a, parts: 1, y: y, logs: logs, q: q, k: k, v: v, dy: dy, dq: dq, dk: dk, dv: dv})
}

func (a *Attention) do(pieces int, work attentionJob) {
	if work.Rows == 0 {
		work.Rows = a.S
	}
	work.rows, work.columns = a.block(), ceil(a.S, 2*tileN)*2*tileN+rowPad
	attentionJobs.do(pieces, 1, work)
}

func (t *attentionJob) run(lo, hi int) {
	b := attentionBuffers.Get().(*attentionBuffer)
	b.scores = resized(b.scores, t.rows*t.columns)
	for piece := lo; piece < hi; piece++ {
		h := t.of(b, piece/t.parts)
		blocks, part := ceil(t.T, t.rows), piece%t.parts
		first, last := blocks*part/t.parts*t.rows, min(t.T, blocks*(part+1)/t.parts*t.rows)
		if t.dy != nil {
			h.backward()
		} else if t.direct() {
			h.forwardOne()
		} else {
			h.forward(first, last)
		}
	}
	attentionBuffers.Put(b)
}

// of returns head number i of all sequences.
func (t *attentionJob) of(b *attentionBuffer, i int) attentionHead {
	n, head := i/t.Heads, i%t.Heads
	h := attentionHead{attentionJob: t, attentionBuffer: b, n: n, i: i, strideD: t.Heads * t.D, strideE: t.Heads * t.E}
	at := func(x []Float, rows, width int) []Float {
		if x == nil {
			return nil
		}
		return x[min(len(x), n*rows*t.Heads*width+head*width):]
	}
	h.q, h.k, h.v, h.y, h.dy = at(t.q, t.T, t.D), at(t.k, t.Rows, t.D), at(t.v, t.Rows, t.E), at(t.y, t.T, t.E), at(t.dy, t.T, t.E)
	h.dq, h.dk, h.dv = at(t.dq, t.T, t.D), at(t.dk, t.Rows, t.D), at(t.dv, t.Rows, t.E)
	if t.logs != nil {
		h.logs = t.logs[i*t.T:][:t.T]
	}
	h.keys = t.Keys(n, t.T-1)
	return h
}

// panels packs the keys of a matrix, rows ld apart and width wide, as the right operand of a product: keys × width, or turned.
func (h *attentionHead) panels(dst, x []Float, ld, width int, turned bool) []Float {
	rows, columns := h.keys, width
	if turned {
		rows, columns = width, h.keys
	}
	dst = resized(dst, rows*ceil(columns, tileN)*tileN)
	for j := 0; j < columns; j += tileN {
		packPanel(dst[j*rows:], x, ld, turned, 0, rows, j, columns)
	}
	return dst
}

// multiply computes c = a·b for m×k by k×n. b is in panels of rows rows, of which the first k are used.
func multiply(m, n, k int, a []Float, lda int, b []Float, rows int, c []Float, ldc int) {
	for j := 0; j < n; j += 2 * tileN {
		pair(m, min(2*tileN, n-j), k, a, lda, 1, b[j*rows:], tileN, tileN*rows, c[j:], ldc, false, Epilogue{})
	}
}

// score computes the scores of m queries from t0 on with the keys that any of them sees, and returns how many those are.
func (h *attentionHead) score(t0, m int) (keys int) {
	keys = min(h.keys, h.Keys(h.n, t0+m-1))
	if keys == 0 {
		return 0
	}
	h.queries = resized(h.queries, m*h.D)
	for i := range m {
		Mul.VS(h.queries[i*h.D:][:h.D], h.q[(t0+i)*h.strideD:][:h.D], h.Scale)
	}
	multiply(m, keys, h.D, h.queries, h.D, h.keysIn, h.D, h.scores, h.columns)
	return keys
}

func (h *attentionHead) forward(first, last int) {
	h.keysIn = h.panels(h.keysIn, h.k, h.strideD, h.D, true)
	h.values = h.panels(h.values, h.v, h.strideE, h.E, false)
	for t0 := first; t0 < last; t0 += h.rows {
		m := min(h.rows, last-t0)
		keys := h.score(t0, m)
		for i := range m {
			h.weigh(t0+i, h.scores[i*h.columns:][:keys])
		}
		h.product(t0, m, keys)
	}
}

// direct tells whether the one query of a sequence reads keys and values where they lie: panels would be written to be read once. Of
// narrower heads they are as fast.
func (a *Attention) direct() bool { return a.T == 1 && a.E > 0 && a.E%vectorN == 0 }

// forwardOne is forward for one query.
func (h *attentionHead) forwardOne() {
	weights := h.scores[:h.keys]
	for s := range weights {
		weights[s] = h.Scale * dotRow(h.q[:h.D], h.k[s*h.strideD:][:h.D])
	}
	h.weigh(0, weights)
	for j := 0; j < h.E; j += vectorN {
		vectorColumns((*[vectorN]Float)(h.y[j:]), h.keys, weights, 1, h.v[j:], h.strideE)
	}
}

// weigh turns the scores of query t into weights, those of keys that it does not see into 0, and notes their logarithm.
func (h *attentionHead) weigh(t int, row []Float) {
	seen, log := h.Keys(h.n, t), Float(0)
	clear(row[seen:])
	if row = row[:seen]; seen > 0 {
		greatest := greatestOf(row)
		sum := expStore(row, row, greatest)
		Mul.VS(row, row, Float(1/sum))
		log = Float(float64(greatest) + math.Log(sum))
		h.drop(t, row)
	}
	if h.logs != nil {
		h.logs[t] = log
	}
}

// drop multiplies numbers by the mask of the weights of query t.
func (h *attentionHead) drop(t int, row []Float) {
	if h.Keep > 0 {
		timesBernoulli(row, h.Key, (h.i*h.T+t)*h.S, h.Keep, 1/h.Keep)
	}
}

// product multiplies the probabilities of m queries by the values.
func (h *attentionHead) product(t0, m, keys int) {
	if keys == 0 {
		for i := range m {
			clear(h.y[(t0+i)*h.strideE:][:h.E])
		}
		return
	}
	multiply(m, h.E, keys, h.scores, h.columns, h.values, h.keys, h.y[t0*h.strideE:], h.strideE)
}

func (h *attentionHead) backward() {
	h.keysIn = h.panels(h.keysIn, h.k, h.strideD, h.D, true)
	h.keysOut = h.panels(h.keysOut, h.k, h.strideD, h.D, false)
	h.values = h.panels(h.values, h.v, h.strideE, h.E, true)
	h.slopes = resized(h.slopes, h.rows*h.columns)
	h.packed = resized(h.packed, h.rows*2*tileN)
	for s := range h.Rows {
		if h.dk != nil {
			clear(h.dk[s*h.strideD:][:h.D])
		}
		if h.dv != nil {
			clear(h.dv[s*h.strideE:][:h.E])
		}
	}
	for t0 := 0; t0 < h.T; t0 += h.rows {
		m := min(h.rows, h.T-t0)
		keys := h.score(t0, m)
		if keys == 0 {
			for i := 0; i < m && h.dq != nil; i++ {
				clear(h.dq[(t0+i)*h.strideD:][:h.D])
			}
			continue
		}
		h.differentiate(t0, m, keys)
		if h.dv != nil {
			h.addProduct(h.dv, h.strideE, h.E, h.scores, h.dy[t0*h.strideE:], h.strideE, m, keys)
		}
		if h.dq != nil {
			multiply(m, h.D, keys, h.slopes, h.columns, h.keysOut, h.keys, h.dq[t0*h.strideD:], h.strideD)
			for i := range m {
				row := h.dq[(t0+i)*h.strideD:][:h.D]
				Mul.VS(row, row, h.Scale)
			}
		}
		if h.dk != nil {
			h.addProduct(h.dk, h.strideD, h.D, h.slopes, h.queries, h.D, m, keys)
		}
	}
}

// differentiate turns the scores of m queries into weights p, of which some are dropped, and where they are wanted, slopes into the
// derivatives by the scores: p·(dp − Σ dp·p), dp being those by the weights.
func (h *attentionHead) differentiate(t0, m, keys int) {
	dy, slopes := h.dy[t0*h.strideE:], h.dq != nil || h.dk != nil
	if slopes {
		multiply(m, keys, h.E, dy, h.strideE, h.values, h.E, h.slopes, h.columns)
	}
	for i := range m {
		t := t0 + i
		p, seen := h.scores[i*h.columns:][:keys], h.Keys(h.n, t)
		scaledExp(p[:seen], p[:seen], 1, h.logs[t])
		clear(p[seen:])
		if slopes {
			row := h.slopes[i*h.columns:][:keys]
			h.drop(t, row[:seen])
			mean := innerProduct(dy[i*h.strideE:][:h.E], h.y[t*h.strideE:][:h.E])
			softmaxGradLoop(row, row, p, Float(mean), 0)
		}
		h.drop(t, p[:seen])
	}
}

// addProduct adds xᵀ·b to y, keys×width, for m rows of scores x and m rows of b.
func (h *attentionHead) addProduct(y []Float, ldy, width int, x, b []Float, ldb, m, keys int) {
	for j := 0; j < width; j += 2 * tileN {
		packingProduct(h.packed, keys, min(2*tileN, width-j), m, x, 1, h.columns, b[j:], ldb, y[j:], ldy, true)
	}
}
