package kernel

// few reports whether the forward convolution has few pixels: what takes time are the weights then, see fewForward.
func (g *Conv) few() bool { return g.Groups == 1 && g.N*g.OH*g.OW <= blockM }

// A fewPixels is the forward convolution of few pixels, as in inference. Its matrix, a row for every pixel, is made whole and
// handed to Gemm, which reads the weights once, where they lie, and cuts them between threads, not the pixels.
type fewPixels struct {
	tap    *tap
	matrix []Float
	ld     int
}

var (
	fewPixelses jobs[fewPixels, *fewPixels]
	fewMatrices shelf[[]Float]
)

// fewForward takes the weights, or those that were prepared.
func (g *Conv) fewForward(y, x, w []Float, prepared *PreparedConv, e Epilogue) {
	t := g.forwardTap(y, x, w, e)
	t.c0, t.c = 0, g.C
	t.p0, t.kc = 0, g.KH*g.KW*g.C
	pixels, ld := g.N*g.OH*g.OW, ceil(t.kc, rowPad)*rowPad+rowPad
	matrix := fewMatrices.get()
	*matrix = resized(*matrix, pixels*ld)
	fewPixelses.do(pixels, max(1, smallPiece/t.kc), fewPixels{t, *matrix, ld})
	if prepared != nil {
		prepared.packed.MultiplyEpilogue(pixels, *matrix, ld, y, g.OC, e)
	} else {
		GemmEpilogue(pixels, g.OC, t.kc, *matrix, ld, false, w, g.OC, false, y, g.OC, false, e)
	}
	fewMatrices.put(matrix)
	t.free()
}

func (f *fewPixels) run(lo, hi int) { f.tap.gather(f.matrix[lo*f.ld:], f.ld, lo, hi-lo) }
