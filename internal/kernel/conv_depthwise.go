package kernel

import "sync"

// depthwise reports whether every input channel has its own kernels.
func (g *Conv) depthwise() bool { return g.Groups > 1 && g.Groups == g.C }

// depthwiseGrain returns how many rows of width pixels are a piece of work.
func (g *Conv) depthwiseGrain(width int) int {
	return max(1, 1<<15/max(1, width*g.OC*g.KH*g.KW))
}

// A depthwise convolution, or its adjoint by the input, goes directly over the pixels, a row at a time.
type depthwise struct {
	g       Conv
	y, x, w []Float
	adjoint bool
}

var depthwises = sync.Pool{New: func() any { return new(depthwise) }}

func (t *depthwise) run(lo, hi int) {
	for row := lo; row < hi; row++ {
		if t.adjoint {
			t.input(row)
		} else {
			t.forward(row)
		}
	}
}

func (t *depthwise) forward(row int) {
	g := &t.g
	n, oh := row/g.OH, row%g.OH
	times := g.OC / g.C
	out := t.y[row*g.OW*g.OC:][:g.OW*g.OC]
	clear(out)
	for kh := range g.KH {
		h := oh*g.StrideH + kh*g.DilationH - g.PadTop
		if h < 0 || h >= g.H {
			continue
		}
		in := t.x[(n*g.H+h)*g.W*g.C:][:g.W*g.C]
		for kw := range g.KW {
			w := t.w[(kh*g.KW+kw)*g.OC:][:g.OC]
			for ow := range g.OW {
				iw := ow*g.StrideW + kw*g.DilationW - g.PadLeft
				if iw < 0 || iw >= g.W {
					continue
				}
				x := in[iw*g.C:][:g.C]
				y := out[ow*g.OC:][:g.OC]
				if times == 1 {
					mulAdd(y, x, w)
					continue
				}
				for o := range y {
					y[o] += x[o/times] * w[o]
				}
			}
		}
	}
}

func (t *depthwise) input(row int) {
	g := &t.g
	n, h := row/g.H, row%g.H
	times := g.OC / g.C
	out := t.x[row*g.W*g.C:][:g.W*g.C]
	clear(out)
	for kh := range g.KH {
		oh := h + g.PadTop - kh*g.DilationH
		if oh < 0 || oh%g.StrideH != 0 || oh/g.StrideH >= g.OH {
			continue
		}
		in := t.y[(n*g.OH+oh/g.StrideH)*g.OW*g.OC:][:g.OW*g.OC]
		for kw := range g.KW {
			w := t.w[(kh*g.KW+kw)*g.OC:][:g.OC]
			for ow := range g.OW {
				iw := ow*g.StrideW + kw*g.DilationW - g.PadLeft
				if iw < 0 || iw >= g.W {
					continue
				}
				x := out[iw*g.C:][:g.C]
				y := in[ow*g.OC:][:g.OC]
				if times == 1 {
					mulAdd(x, y, w)
					continue
				}
				for o, v := range y {
					x[o/times] += v * w[o]
				}
			}
		}
	}
}

// mulAdd adds x·w to y, element by element.
func mulAdd(y, x, w []Float) {
	x, w = x[:len(y)], w[:len(y)]
	for i := range y {
		y[i] += x[i] * w[i]
	}
}
