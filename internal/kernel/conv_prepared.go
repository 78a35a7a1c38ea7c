package kernel

// A PreparedConv is the weights of a forward convolution as its algorithm reads them, made once for many uses, as in inference.
type PreparedConv struct {
	packed Packed  // of a product
	points []Float // of Winograd's algorithm, of all channels
}

// Preparable reports whether the convolution has so few pixels that bringing its weights in order takes much of its time, which
// Prepare saves.
func (g *Conv) Preparable() bool {
	switch pixels := g.N * g.OH * g.OW; {
	case g.empty(), pixels == 1, g.OC == 1: // products with vectors read weights where they lie
		return false
	case g.pointwise():
		return pixels <= 4*blockM
	case g.depthwise(), g.lined():
		return false
	case g.winogradWins():
		return g.N*ceil(g.OH, winTile)*ceil(g.OW, winTile) <= 2*winBlock
	}
	return g.few()
}

// Prepare prepares the weights of a convolution that is Preparable.
func (g *Conv) Prepare(w []Float) *PreparedConv {
	p := &PreparedConv{}
	if !g.pointwise() && g.winogradWins() {
		t := g.newWinograd(nil, nil, w, Epilogue{})
		panels := ceil(g.OC, tileN)
		p.points = make([]Float, winPoints*panels*g.C*tileN)
		t.points = p.points
		t.do((*winograd).prepare, panels)
		return p
	}
	p.packed.Pack(g.KH*g.KW*g.C, g.OC, w, g.OC, false)
	return p
}

// ForwardPrepared is ForwardEpilogue with weights that were prepared for this geometry. The result has the same bits.
func (g *Conv) ForwardPrepared(y, x []Float, p *PreparedConv, e Epilogue) {
	switch {
	case p.points != nil:
		t := g.newWinograd(y, x, nil, e)
		t.prepared = p.points
		t.compute()
	case g.pointwise():
		p.packed.MultiplyEpilogue(g.N*g.H*g.W, x, g.C, y, g.OC, e)
	default:
		g.fewForward(y, x, nil, p, e)
	}
}
