package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// square returns a convolution of n square images with square kernels.
func square(n, size, c, oc, k, stride, pad, dilation, groups int) Conv {
	out := (size+2*pad-dilation*(k-1)-1)/stride + 1
	return Conv{n, size, size, c, out, out, oc, k, k, stride, stride, pad, pad, dilation, dilation, groups}
}

var convShapes = []Conv{
	square(2, 5, 3, 4, 3, 1, 1, 1, 1),
	square(3, 9, 1, 6, 5, 1, 2, 1, 1),
	square(2, 14, 6, 16, 5, 1, 0, 1, 1),
	square(2, 8, 16, 33, 3, 1, 1, 1, 1),
	square(2, 7, 5, 7, 1, 1, 0, 1, 1), // one product
	square(2, 7, 5, 7, 1, 1, 1, 1, 1), // 1×1 with padding
	square(2, 7, 5, 7, 1, 2, 0, 1, 1), // 1×1 with stride: pixels of the input that nothing reads
	square(1, 9, 100, 100, 1, 1, 0, 1, 1),
	square(2, 8, 4, 6, 3, 2, 1, 1, 1),
	square(1, 11, 4, 6, 3, 3, 1, 1, 1),
	square(1, 11, 3, 6, 2, 3, 0, 1, 1), // stride beyond the kernel
	square(1, 11, 3, 5, 3, 1, 2, 2, 1),
	square(1, 13, 3, 5, 3, 2, 2, 3, 1), // stride and dilation
	square(1, 12, 3, 5, 3, 2, 2, 2, 1), // of which one divides the other
	square(2, 8, 6, 9, 3, 1, 1, 1, 3),
	square(2, 8, 32, 64, 3, 2, 1, 1, 2),
	square(2, 8, 7, 7, 3, 1, 1, 1, 7), // depthwise
	square(1, 8, 77, 77, 3, 2, 1, 1, 77),
	square(2, 9, 5, 10, 3, 2, 1, 2, 5),  // depthwise, two outputs a channel
	square(1, 4, 70, 20, 3, 1, 1, 1, 1), // few pixels
	square(1, 16, 70, 9, 3, 1, 1, 1, 1), // more than one block of weights
	square(4, 20, 40, 24, 3, 1, 1, 1, 1),
	square(1, 3, 2, 600, 3, 1, 1, 1, 1),
	square(1, 16, 2, 520, 3, 1, 1, 1, 1), // more than one block of channels
	square(1, 3, 600, 2, 3, 1, 1, 1, 1),
	{2, 1, 20, 4, 1, 20, 6, 1, 5, 1, 1, 0, 2, 1, 1, 1},   // one-dimensional
	{2, 1, 20, 4, 1, 20, 6, 1, 5, 1, 1, 0, 4, 1, 1, 1},   // padded in front only
	{1, 1, 20, 8, 1, 12, 8, 1, 3, 1, 1, 0, 0, 1, 4, 2},   // dilated, with groups
	{1, 6, 9, 2, 5, 4, 3, 2, 3, 1, 2, 0, 0, 1, 1, 1},     // not square
	{1, 6, 9, 2, 7, 5, 3, 3, 2, 1, 2, 2, 1, 1, 1, 1},     // not the same padding at both ends
	{1, 2, 2, 3, 7, 7, 4, 2, 2, 1, 1, 4, 4, 1, 1, 1},     // some windows lie wholly in the padding
	{1, 2, 2, 3, 5, 5, 3, 2, 2, 2, 2, 4, 4, 1, 1, 3},     // the same, depthwise and with stride
	{1, 5, 5, 2, 3, 3, 4, 3, 3, 1, 1, -1, 0, 1, 1, 1},    // negative padding: a crop
	{0, 4, 4, 2, 4, 4, 2, 3, 3, 1, 1, 1, 1, 1, 1, 1},     // nothing
	{3, 28, 28, 1, 28, 28, 6, 5, 5, 1, 1, 2, 2, 1, 1, 1}, // LeNet
	square(2, 17, 1, 33, 3, 1, 1, 1, 1),                  // one channel, more than two tiles
	square(1, 31, 1, 20, 4, 3, 2, 1, 1),                  // with stride
	{1, 12, 11, 1, 10, 9, 7, 3, 3, 1, 1, 0, -1, 1, 1, 1}, // cropped
	{1, 9, 30, 1, 5, 10, 3, 3, 2, 1, 3, 0, 2, 2, 1, 1},   // dilated down only
	square(2, 14, 6, 16, 5, 2, 3, 1, 1),                  // few channels, in bands
	square(1, 150, 3, 8, 7, 2, 3, 1, 1),                  // more than one block of pixels
	square(9, 12, 8, 5, 4, 3, 1, 1, 1),                   // a whole image a piece; rows that nothing reaches
	{1, 30, 9, 2, 29, 5, 3, 3, 3, 1, 2, 2, 1, 2, 1, 1},   // dilated down only
}

func (g *Conv) lens() (x, w, y int) {
	return g.N * g.H * g.W * g.C, g.KH * g.KW * g.C / g.Groups * g.OC, g.N * g.OH * g.OW * g.OC
}

// each calls f for every product in the sum that defines the convolution, with the places in y, x and w.
func (g *Conv) each(f func(y, x, w int)) {
	ic, oc := g.C/g.Groups, g.OC/g.Groups
	for n := range g.N {
		for oh := range g.OH {
			for ow := range g.OW {
				for kh := range g.KH {
					for kw := range g.KW {
						h, w := oh*g.StrideH+kh*g.DilationH-g.PadTop, ow*g.StrideW+kw*g.DilationW-g.PadLeft
						if h < 0 || h >= g.H || w < 0 || w >= g.W {
							continue
						}
						for o := range g.OC {
							for c := range ic {
								f(((n*g.OH+oh)*g.OW+ow)*g.OC+o, ((n*g.H+h)*g.W+w)*g.C+o/oc*ic+c,
									((kh*g.KW+kw)*ic+c)*g.OC+o)
							}
						}
					}
				}
			}
		}
	}
}

func TestConv(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, g := range convShapes {
		nx, nw, ny := g.lens()
		x, w, dy := random(r, nx), random(r, nw), random(r, ny)
		wantY, wantX, wantW := make([]float64, ny), make([]float64, nx), make([]float64, nw)
		g.each(func(iy, ix, iw int) {
			wantY[iy] += float64(x[ix]) * float64(w[iw])
			wantX[ix] += float64(dy[iy]) * float64(w[iw])
			wantW[iw] += float64(dy[iy]) * float64(x[ix])
		})
		y, dx, dw := random(r, ny), random(r, nx), random(r, nw) // what was there before is overwritten
		g.Forward(y, x, w)
		g.Input(dx, dy, w)
		g.Weight(dw, x, dy)
		k := g.KH * g.KW
		agree(t, fmt.Sprintf("Forward %+v", g), y, wantY, k*g.C/g.Groups)
		agree(t, fmt.Sprintf("Input %+v", g), dx, wantX, k*g.OC/g.Groups)
		agree(t, fmt.Sprintf("Weight %+v", g), dw, wantW, g.N*g.OH*g.OW)

		for _, e := range epilogues(r, g.N*g.OH*g.OW, g.OC) {
			got, want := random(r, ny), slices.Clone(y)
			g.ForwardEpilogue(got, x, w, e)
			e.apply(want, g.OC, 0, g.N*g.OH*g.OW, 0, g.OC)
			if !slices.Equal(got, want) {
				t.Errorf("ForwardEpilogue %+v is not Forward and the epilogue", g)
			}
		}

		// ⟨conv(x), dy⟩ = ⟨x, input(dy)⟩ = ⟨w, weight(x, dy)⟩
		byY, byX, byW := inner(y, dy), inner(x, dx), inner(w, dw)
		sides, want := []Float{Float(byX), Float(byW)}, []float64{byY, byY}
		agree(t, fmt.Sprintf("adjoints of %+v", g), sides, want, ny*k*g.C/g.Groups)

		y2, dx2, dw2 := make([]Float, ny), make([]Float, nx), make([]Float, nw)
		for _, threads := range []int{1, 3} {
			withThreads(t, threads, func() {
				g.Forward(y2, x, w)
				g.Input(dx2, dy, w)
				g.Weight(dw2, x, dy)
			})
			if !slices.Equal(y, y2) || !slices.Equal(dx, dx2) || !slices.Equal(dw, dw2) {
				t.Errorf("%+v: %d threads give other bits than %d", g, threads, Threads())
			}
		}
	}
}

func TestConvDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	for _, g := range []Conv{
		square(8, 28, 1, 6, 5, 1, 2, 1, 1),
		square(2, 8, 8, 8, 3, 2, 1, 1, 8),
		square(2, 8, 8, 8, 1, 1, 0, 1, 1),
		square(2, 8, 8, 8, 3, 1, 1, 1, 1),
		square(2, 32, 16, 16, 3, 1, 1, 1, 1),
	} {
		nx, nw, ny := g.lens()
		x, w, y := make([]Float, nx), make([]Float, nw), make([]Float, ny)
		run := func() {
			g.Forward(y, x, w)
			g.Input(x, y, w)
			g.Weight(w, x, y)
		}
		run()
		if n := testing.AllocsPerRun(20, run); n >= 1 {
			t.Errorf("%+v: allocates %v times, want 0", g, n)
		}
	}
}
