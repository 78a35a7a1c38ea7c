package kernel

import "sync"

// depthwise reports whether every input channel has its own kernels.
func (g *Conv) depthwise() bool { return g.Groups > 1 && g.Groups == g.C }

// A depthwise convolution, or one of its adjoints, goes directly over the pixels, a row at a time. Its channels are
// columns that do not meet.
type depthwise struct {
	g       Conv
	y, x, w []Float
	mode    depthwiseMode
	end     Epilogue // for forward
	chunks  int      // for byWeight: how many pieces the rows are cut into
	sums    []Float  // for byWeight: the sums of all pieces but the first, which goes to w
}

type depthwiseMode int

const (
	forward depthwiseMode = iota
	byInput
	byWeight
)

var depthwises = sync.Pool{New: func() any { return new(depthwise) }}

// runDepthwise runs the forward convolution or an adjoint.
func (g *Conv) runDepthwise(mode depthwiseMode, y, x, w []Float, e Epilogue) {
	t := depthwises.Get().(*depthwise)
	t.g, t.y, t.x, t.w, t.mode, t.end = *g, y, x, w, mode, e
	rows := g.N * g.OH
	width := g.OW
	if mode == byInput {
		rows, width = g.N*g.H, g.W
	}
	grain := max(1, smallPiece/max(1, width*g.OC*g.KH*g.KW))
	if mode == byWeight {
		// Every piece has its own sums, which are added in order.
		t.chunks = min(16, ceil(rows, grain))
		size := g.KH * g.KW * g.OC
		if need := (t.chunks - 1) * size; need > len(t.sums) {
			t.sums = make([]Float, need)
		}
		parallel(t.chunks, 1, t)
		for c := range t.chunks - 1 {
			for i, v := range t.sums[c*size:][:size] {
				w[i] += v
			}
		}
	} else {
		parallel(rows, grain, t)
	}
	t.y, t.x, t.w, t.end = nil, nil, nil, Epilogue{}
	depthwises.Put(t)
}

func (t *depthwise) run(lo, hi int) {
	g := &t.g
	switch t.mode {
	case forward:
		clear(t.y[lo*g.OW*g.OC : hi*g.OW*g.OC])
		for row := lo; row < hi; row++ {
			for kh := range g.KH {
				n, oh := row/g.OH, row%g.OH
				if h := oh*g.StrideH + kh*g.DilationH - g.PadTop; h >= 0 && h < g.H {
					t.row(n*g.OH+oh, n*g.H+h, kh, t.w)
				}
			}
			t.end.apply(t.y, g.OC, row*g.OW, g.OW, 0, g.OC)
		}
	case byInput:
		clear(t.x[lo*g.W*g.C : hi*g.W*g.C])
		for row := lo; row < hi; row++ {
			for kh := range g.KH {
				n, h := row/g.H, row%g.H
				if oh := h + g.PadTop - kh*g.DilationH; oh >= 0 && oh%g.StrideH == 0 && oh/g.StrideH < g.OH {
					t.row(n*g.OH+oh/g.StrideH, row, kh, t.w)
				}
			}
		}
	case byWeight:
		for c := lo; c < hi; c++ {
			size := g.KH * g.KW * g.OC
			w := t.w[:size]
			if c > 0 {
				w = t.sums[(c-1)*size:][:size]
			}
			clear(w)
			rows := g.N * g.OH
			for row := rows * c / t.chunks; row < rows*(c+1)/t.chunks; row++ {
				for kh := range g.KH {
					n, oh := row/g.OH, row%g.OH
					if h := oh*g.StrideH + kh*g.DilationH - g.PadTop; h >= 0 && h < g.H {
						t.row(row, n*g.H+h, kh, w)
					}
				}
			}
		}
	}
}

// row takes row i of y and row j of x, which meet in row kh of the kernel.
func (t *depthwise) row(i, j, kh int, weight []Float) {
	g := &t.g
	for kw := range g.KW {
		// The pixels of y that read x within the image.
		d := g.PadLeft - kw*g.DilationW
		first, last := 0, (g.W-1+d)/g.StrideW
		if d > 0 {
			first = ceil(d, g.StrideW)
		}
		if g.W-1+d < 0 {
			continue
		}
		pixels := min(last, g.OW-1) - first + 1
		if pixels <= 0 {
			continue
		}
		y := t.y[(i*g.OW+first)*g.OC:]
		x := t.x[(j*g.W+first*g.StrideW-d)*g.C:]
		w := weight[(kh*g.KW+kw)*g.OC:][:g.OC]
		xs := g.StrideW * g.C
		if times := g.OC / g.C; times > 1 {
			t.multiplied(y, x, w, times, xs, pixels)
			continue
		}
		switch t.mode {
		case forward:
			mulAdd(y, g.OC, x, xs, w, pixels)
		case byInput:
			mulAdd(x, xs, y, g.OC, w, pixels)
		case byWeight:
			dot(w, x, xs, y, g.OC, pixels)
		}
	}
}

// multiplied is the work of row where a channel of x has several of y.
func (t *depthwise) multiplied(y, x, w []Float, times, xs, pixels int) {
	for p := range pixels {
		y, x := y[p*len(w):][:len(w)], x[p*xs:]
		switch t.mode {
		case forward:
			for o := range y {
				y[o] += x[o/times] * w[o]
			}
		case byInput:
			for o := range y {
				x[o/times] += y[o] * w[o]
			}
		case byWeight:
			for o := range y {
				w[o] += y[o] * x[o/times]
			}
		}
	}
}

// mulAddGeneric is mulAdd in plain Go.
func mulAddGeneric(y []Float, ys int, x []Float, xs int, w []Float, pixels int) {
	for p := range pixels {
		y, x := y[p*ys:][:len(w)], x[p*xs:][:len(w)]
		for i, v := range w {
			y[i] += x[i] * v
		}
	}
}

// dotGeneric is dot in plain Go.
func dotGeneric(w, x []Float, xs int, y []Float, ys int, pixels int) {
	for i := range w {
		var s Float
		for p := range pixels {
			s += x[p*xs+i] * y[p*ys+i]
		}
		w[i] += s
	}
}
