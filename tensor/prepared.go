package tensor

import "github.com/hadal-go/hadal/internal/kernel"

// prepared is what has been made of a heap tensor for the convolution that last used it as its weights.
type prepared struct {
	writes  uint32 // of the tensor, then
	conv    kernel.Conv
	weights *kernel.PreparedConv // nil: it was used once
}

// convolveForward computes y. Where nothing is recorded, as in inference, weights on the heap that are used a second time as they are
// stay prepared for the next times, as long as nobody writes to them. Several passes may do that at once.
func convolveForward(g *kernel.Conv, y, x, w *Tensor, e kernel.Epilogue, recorded bool) {
	if !recorded {
		if p := w.preparedFor(g); p != nil {
			g.ForwardPrepared(y.data, x.data, p, e)
			return
		}
	}
	g.ForwardEpilogue(y.data, x.data, w.data, e)
}

// preparedFor returns t prepared as the weights of a convolution, nil if it is not worth it yet.
func (t *Tensor) preparedFor(g *kernel.Conv) *kernel.PreparedConv {
	root := t.root()
	if root.pass != nil || len(root.data) != len(t.data) || !g.Preparable() {
		return nil
	}
	had := root.prepared.Load()
	switch {
	case had == nil || had.writes != root.writes || had.conv != *g:
		root.prepared.Store(&prepared{root.writes, *g, nil})
		return nil
	case had.weights == nil:
		had = &prepared{root.writes, *g, g.Prepare(t.data)}
		root.prepared.Store(had)
	}
	return had.weights
}
