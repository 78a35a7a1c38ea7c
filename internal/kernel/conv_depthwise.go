package kernel

import "sync"

// depthwise reports whether every input channel has its own kernels.
func (g *Conv) depthwise() bool { return g.Groups > 1 && g.Groups == g.C }

// A depthwise convolution, or one of its adjoints, goes directly over the pixels, a row of the target at a time: its channels are
// columns that do not meet. The target of the gradient by the input is x, and its source y; otherwise the target is y.
type depthwise struct {
	g              Conv
	mode           depthwiseMode
	target, source image
	down, across   axis
	stretches      []stretch // of a row of the target
	columns        []column  // of all stretches
	w              []Float
	end            Epilogue // for forward
	chunks         int      // for byWeight: how many pieces the rows are cut into
	sums           []Float  // for byWeight: the sums of all pieces but the first, which goes to w
}

type depthwiseMode int

const (
	forward depthwiseMode = iota
	byInput
	byWeight
)

// A touch is a pixel of the source that a pixel of the target sees, and the weights through which it does, as the places of their
// first channels.
type touch struct{ source, weights int }

// A stretch is pixels of a row of the target, step apart, that see the source through the same columns of the kernel.
type stretch struct{ first, step, pixels, columns, end int }

// A column of the kernel, and which pixel of the source the first one of a stretch sees through it.
type column struct{ kernel, source int }

// An axis says which pixels of target and source meet. Backward, those of the source are the ones that are stride apart.
type axis struct {
	stride, dilation, pad, size int // size: of the source
	backward                    bool
}

// meet returns what pixel p of the target sees at place k of the kernel, or that it is nothing.
func (a *axis) meet(p, k int) (source int, ok bool) {
	if !a.backward {
		s := p*a.stride + k*a.dilation - a.pad
		return s, s >= 0 && s < a.size
	}
	s := p + a.pad - k*a.dilation
	return s / a.stride, s >= 0 && s%a.stride == 0 && s/a.stride < a.size
}

var depthwises = sync.Pool{New: func() any { return new(depthwise) }}

// runDepthwise runs the forward convolution or an adjoint.
func (g *Conv) runDepthwise(mode depthwiseMode, y, x, w []Float, e Epilogue) {
	t := depthwises.Get().(*depthwise)
	t.g, t.mode, t.w, t.end = *g, mode, w, e
	t.target, t.source = image{y, g.N, g.OH, g.OW, g.OC}, image{x, g.N, g.H, g.W, g.C}
	if mode == byInput {
		t.target, t.source = t.source, t.target
	}
	t.down = axis{g.StrideH, g.DilationH, g.PadTop, t.source.h, mode == byInput}
	t.across = axis{g.StrideW, g.DilationW, g.PadLeft, t.source.w, mode == byInput}
	t.stretch()
	rows := t.target.n * t.target.h
	grain := max(1, smallPiece/max(1, t.target.w*g.OC*g.KH*g.KW))
	if mode == byWeight {
		// Every piece has its own sums, which are added in order.
		t.chunks = min(16, ceil(rows, grain))
		size := g.KH * g.KW * g.OC
		t.sums = resized(t.sums, (t.chunks-1)*size)
		parallel(t.chunks, 1, t)
		for c := range t.chunks - 1 {
			Add.VV(w, w, t.sums[c*size:][:size])
		}
	} else {
		parallel(rows, grain, t)
	}
	t.target, t.source, t.w, t.end = image{}, image{}, nil, Epilogue{}
	depthwises.Put(t)
}

// stretch cuts a row of the target.
func (t *depthwise) stretch() {
	step := 1
	if t.mode == byInput {
		step = t.g.StrideW
	}
	t.stretches, t.columns = t.stretches[:0], t.columns[:0]
	for class := range min(step, t.target.w) {
		for p := class; p < t.target.w; p += step {
			from := len(t.columns)
			for k := range t.g.KW {
				if source, ok := t.across.meet(p, k); ok {
					t.columns = append(t.columns, column{k, source})
				}
			}
			if n := len(t.stretches); p > class && t.same(&t.stretches[n-1], t.columns[from:]) {
				t.stretches[n-1].pixels++
				t.columns = t.columns[:from]
				continue
			}
			t.stretches = append(t.stretches, stretch{p, step, 1, from, len(t.columns)})
		}
	}
}

// same reports whether the next pixel of the target sees the source through the columns of s.
func (t *depthwise) same(s *stretch, next []column) bool {
	own := t.columns[s.columns:s.end]
	if len(own) != len(next) {
		return false
	}
	for i, c := range own {
		if c.kernel != next[i].kernel {
			return false
		}
	}
	return true
}

func (t *depthwise) run(lo, hi int) {
	if t.mode != byWeight {
		for row := lo; row < hi; row++ {
			t.row(row, t.w)
			t.end.apply(t.target.data, t.target.c, row*t.target.w, t.target.w, 0, t.target.c)
		}
		return
	}
	size, rows := len(t.w), t.target.n*t.target.h
	for c := lo; c < hi; c++ {
		sums := t.w
		if c > 0 {
			sums = t.sums[(c-1)*size:][:size]
		}
		clear(sums)
		for row := rows * c / t.chunks; row < rows*(c+1)/t.chunks; row++ {
			t.row(row, sums)
		}
	}
}

// row computes a row of the target, or adds its share to the gradient w of the weights.
func (t *depthwise) row(row int, w []Float) {
	g := &t.g
	size := t.source.h * t.source.w * t.source.c
	source := t.source.data[row/t.target.h*size:][:size]
	target := t.target.data[row*t.target.w*t.target.c:][:t.target.w*t.target.c]
	ahead := 1 // pixels of the source from one pixel of a stretch to the next
	if t.mode != byInput {
		ahead = g.StrideW
	}
	var memory [64]touch
	touches := memory[:0]
	for i := range t.stretches {
		s := &t.stretches[i]
		touches = touches[:0]
		for kh := range g.KH {
			line, ok := t.down.meet(row%t.target.h, kh)
			if !ok {
				continue
			}
			for _, c := range t.columns[s.columns:s.end] {
				touches = append(touches, touch{(line*t.source.w + c.source) * t.source.c, (kh*g.KW + c.kernel) * g.OC})
			}
		}
		target, ts, ss := target[s.first*t.target.c:], s.step*t.target.c, ahead*t.source.c
		switch {
		case g.OC != g.C:
			t.multiplied(target, ts, source, ss, w, touches, s.pixels)
		case t.mode == byWeight:
			touchProducts(w, target, ts, source, ss, touches, g.C, s.pixels)
		default:
			touchSums(target, ts, source, ss, w, touches, g.C, s.pixels, false)
		}
	}
}

// multiplied is the work of row where a channel of x has several of y.
func (t *depthwise) multiplied(target []Float, ts int, source []Float, ss int, w []Float, touches []touch, pixels int) {
	times := t.g.OC / t.g.C
	for p := range pixels {
		target := target[p*ts:][:t.target.c]
		if t.mode != byWeight {
			clear(target)
		}
		for _, touch := range touches {
			source, w := source[touch.source+p*ss:][:t.source.c], w[touch.weights:][:t.g.OC]
			switch t.mode {
			case forward:
				for o, v := range w {
					target[o] += source[o/times] * v
				}
			case byInput:
				for o, v := range w {
					target[o/times] += source[o] * v
				}
			case byWeight:
				for o := range w {
					w[o] += target[o] * source[o/times]
				}
			}
		}
	}
}

// touchSumsGeneric is touchSums in plain Go.
func touchSumsGeneric(y []Float, ys int, x []Float, xs int, w []Float, touches []touch, n, pixels int, add bool) {
	for p := range pixels {
		y := y[p*ys:][:n]
		if !add {
			clear(y)
		}
		for _, t := range touches {
			x, w := x[t.source+p*xs:][:n], w[t.weights:][:n]
			for i, v := range w {
				y[i] += x[i] * v
			}
		}
	}
}

// touchProductsGeneric is touchProducts in plain Go.
func touchProductsGeneric(w, y []Float, ys int, x []Float, xs int, touches []touch, n, pixels int) {
	for _, t := range touches {
		for i := range n {
			var s Float
			for p := range pixels {
				s += x[t.source+p*xs+i] * y[p*ys+i]
			}
			w[t.weights+i] += s
		}
	}
}
