//go:build !amd64 || noasm || float64

package kernel

// lstmStep turns the sums g of the four gates of a sequence into the gates, and computes its next cells c from c0 and its next
// hidden state, which it writes to h and y. c may be c0.
func lstmStep(g, c0, c, h, y []Float) { lstmStepGeneric(g, c0, c, h, y) }

// lstmStepGrad computes the gradient dg of the sums from that of the hidden state, dy + dh, and of the cells, dc, of which it makes
// that of the cells before.
func lstmStepGrad(dg, g, c0, c, dy, dh, dc []Float) { lstmStepGradGeneric(dg, g, c0, c, dy, dh, dc) }

// gruStep turns the sums g of the gates of a sequence into the gates and computes its next hidden state from h, to h and y. The
// fourth part of g is what the hidden state adds to gate n, without the bias.
func gruStep(g, bias, h, y []Float) { gruStepGeneric(g, bias, h, y) }

// gruStepGrad computes the gradient dg of the sums from that of the hidden state, dy + dh, and makes dh the part of the gradient of
// the hidden state before, h0, that goes past the sums.
func gruStepGrad(dg, g, h0, dy, dh []Float) { gruStepGradGeneric(dg, g, h0, dy, dh) }
