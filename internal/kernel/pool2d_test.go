package kernel

import (
	"fmt"
	"testing"
)

// span is one axis of a window: the positions lo, lo+step, … below hi, of which some may lie outside of the image.
type span struct{ lo, hi, step int }

// oracle pools by definition: windows(o) is the window of output o along an axis of length in.
type oracle struct {
	n, h, w, c, oh, ow int
	rows, columns      func(o int) span
}

// each calls visit for every output with the places in x of its window, in order.
func (p oracle) each(visit func(y int, window []int)) {
	for n := range p.n {
		for i := range p.oh {
			for j := range p.ow {
				for c := range p.c {
					var window []int
					rows, columns := p.rows(i), p.columns(j)
					for a := rows.lo; a < rows.hi; a += rows.step {
						for b := columns.lo; b < columns.hi; b += columns.step {
							if a >= 0 && a < p.h && b >= 0 && b < p.w {
								window = append(window, ((n*p.h+a)*p.w+b)*p.c+c)
							}
						}
					}
					visit(((n*p.oh+i)*p.ow+j)*p.c+c, window)
				}
			}
		}
	}
}

// check compares max pooling, with and without places, and average pooling and its gradient with the definition.
func (p oracle) check(t *testing.T, name string, divisor int, maximum func(y []Float, index []int32, x []Float),
	maximumGrad func(dx, dy []Float, index []int32), average, gradient func(to, from []Float)) {
	t.Helper()
	for _, x := range [][]Float{normals(p.n*p.h*p.w*p.c, 1), special(p.n*p.h*p.w*p.c, 2)} {
		size := p.n * p.oh * p.ow * p.c
		y, want, index, wantIndex := make([]Float, size), make([]Float, size), make([]int32, size), make([]int32, size)
		p.each(func(i int, window []int) {
			want[i] = -inf
			for k, at := range window {
				v := x[at]
				if k == 0 || v > want[i] || v != v && want[i] == want[i] {
					want[i], wantIndex[i] = v, int32(at)
				}
			}
		})
		maximum(y, index, x)
		compare(t, name+" maximum", y, want, 0)
		compareIndex(t, name+" maximum", index, wantIndex)
		dx, wantDx, dy := normals(len(x), 6), make([]Float, len(x)), normals(size, 7)
		p.each(func(i int, window []int) {
			if len(window) > 0 {
				wantDx[index[i]] += dy[i]
			}
		})
		maximumGrad(dx, dy, index)
		compare(t, name+" maximum's gradient", dx, wantDx, 4*epsilon)
		clear(y)
		maximum(y, nil, x)
		compare(t, name+" maximum without places", y, want, 0)
	}

	x, dy := normals(p.n*p.h*p.w*p.c, 1), normals(p.n*p.oh*p.ow*p.c, 3)
	y, want := normals(len(dy), 4), make([]Float, len(dy))
	dx, wantDx := normals(len(x), 5), make([]Float, len(x))
	p.each(func(i int, window []int) {
		count := divisor
		if count == 0 {
			count = len(window)
		}
		var s float64
		for _, at := range window {
			s += float64(x[at])
			wantDx[at] += dy[i] / Float(count)
		}
		want[i] = Float(s / float64(max(count, 1)))
	})
	average(y, x)
	compare(t, name+" mean", y, want, 4*epsilon)
	gradient(dx, dy)
	compare(t, name+" mean's gradient", dx, wantDx, 16*epsilon)
	adjoint(t, name+" mean", x, y, dy, dx)
}

func TestPool(t *testing.T) { eachLevel(t, testPool) }

func testPool(t *testing.T) {
	for _, g := range []Pool{
		// N, H, W, C, OH, OW, KH, KW, StrideH, StrideW, PadTop, PadLeft, DilationH, DilationW, PadBottom, PadRight
		{0, 4, 4, 3, 2, 2, 2, 2, 2, 2, 0, 0, 1, 1, 99, 99},
		{2, 4, 6, 3, 2, 3, 2, 2, 2, 2, 0, 0, 1, 1, 99, 99},
		{2, 24, 25, 65, 12, 12, 2, 2, 2, 2, 0, 0, 1, 1, 99, 99},
		{1, 5, 4, 2, 4, 3, 2, 2, 1, 1, 0, 0, 1, 1, 99, 99},
		{2, 9, 7, 4, 5, 4, 3, 3, 2, 2, 1, 1, 1, 1, 99, 99},
		{1, 11, 9, 1, 4, 8, 3, 2, 2, 1, 2, 1, 3, 2, 99, 99},
		{1, 3, 3, 2, 2, 2, 3, 3, 3, 2, 0, 0, 1, 1, 99, 99},
		{1, 2, 2, 2, 3, 1, 2, 1, 4, 1, 4, 0, 1, 1, 99, 99},
		{3, 5, 7, 130, 1, 1, 5, 7, 1, 1, 0, 0, 1, 1, 99, 99},
	} {
		p := oracle{
			g.N, g.H, g.W, g.C, g.OH, g.OW,
			func(o int) span {
				lo := o*g.StrideH - g.PadTop
				return span{lo, lo + g.KH*g.DilationH, g.DilationH}
			},
			func(o int) span {
				lo := o*g.StrideW - g.PadLeft
				return span{lo, lo + g.KW*g.DilationW, g.DilationW}
			},
		}
		for _, countPad := range []bool{false, true} {
			divisor := 0
			if countPad {
				divisor = g.KH * g.KW
			}
			p.check(t, fmt.Sprint(g, countPad), divisor, g.Max, g.MaxGrad,
				func(y, x []Float) { g.Average(y, x, countPad) },
				func(dx, dy []Float) { g.AverageGrad(dx, dy, countPad) })
		}
	}
}

func TestAdaptive(t *testing.T) { eachLevel(t, testAdaptive) }

func testAdaptive(t *testing.T) {
	for _, c := range [][6]int{
		{0, 3, 3, 2, 1, 1}, {2, 5, 7, 3, 1, 1}, {1, 6, 6, 2, 3, 2}, {2, 7, 5, 4, 3, 4}, {1, 3, 2, 2, 5, 7},
		{2, 23, 31, 65, 7, 7},
	} {
		n, h, w, ch, oh, ow := c[0], c[1], c[2], c[3], c[4], c[5]
		p := oracle{
			n, h, w, ch, oh, ow,
			func(o int) span { return span{o * h / oh, ((o+1)*h + oh - 1) / oh, 1} },
			func(o int) span { return span{o * w / ow, ((o+1)*w + ow - 1) / ow, 1} },
		}
		g := Adaptive{n, h, w, ch, oh, ow}
		p.check(t, fmt.Sprint(c), 0, g.Max, g.MaxGrad, g.Average, g.AverageGrad)
	}
}
