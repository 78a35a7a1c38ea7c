package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// recurrent is the arithmetic of recurrent layers between two products, as lstmStep and the others say it: n units of one sequence.
func recurrent() {
	lstm()
	lstmGrad()
	gru()
	gruGrad()
}

// gates are four vectors of n numbers, one behind the other.
type gates struct{ at, step, triple reg.GPVirtual }

// newGates returns those at a pointer; steps are computed for the first.
func newGates(name string, steps *gates) gates {
	g := gates{at: pointer(name)}
	if steps != nil {
		g.step, g.triple = steps.step, steps.triple
		return g
	}
	g.step, g.triple = pointer("n"), GP64()
	SHLQ(Imm(2), g.step)
	LEAQ(Mem{Base: g.step, Index: g.step, Scale: 2}, g.triple)
	return g
}

// of returns where gate i is.
func (g gates) of(i int) Mem {
	switch i {
	case 1, 2:
		return Mem{Base: g.at, Index: g.step, Scale: uint8(i)}
	case 3:
		return Mem{Base: g.at, Index: g.triple, Scale: 1}
	}
	return Mem{Base: g.at}
}

// loaded reads a register.
func loaded(m Mem, part mask) vec {
	x := register()
	load(m, part, x)
	return x
}

// gate replaces the sums of gate i by f of them and returns them.
func (g gates) gate(i int, f func([]vec), part mask) vec {
	x := loaded(g.of(i), part)
	f([]vec{x})
	store(x, part, g.of(i))
	return x
}

// rest returns 1 − x·y.
func rest(x, y vec) vec {
	to := register()
	mulSub(to, x, y, floats(1))
	return to
}

// slope returns x·(1 − x), the derivative of a sigmoid, exactly where x is near 1.
func slope(x vec) vec {
	to := register()
	sub(to, floats(1), x)
	mul(to, to, x)
	return to
}

func lstm() {
	TEXT("vectorLSTM", NOSPLIT, "func(gates, c0, c, h, y *float32, n int)")
	Pragma("noescape")
	twice(func() {
		g := newGates("gates", nil)
		c0, c, h, y, n := pointer("c0"), pointer("c"), pointer("h"), pointer("y"), pointer("n")
		loop(n, 1, func(_ int, part mask) {
			cell := loaded(Mem{Base: c0}, part)
			forget := g.gate(1, sigmoid, part)
			mul(cell, cell, forget)
			input := g.gate(0, sigmoid, part)
			candidate := g.gate(2, tanh, part)
			mulAdd(cell, input, candidate, cell)
			store(cell, part, Mem{Base: c})
			tanh([]vec{cell})
			output := g.gate(3, sigmoid, part)
			mul(cell, cell, output)
			store(cell, part, Mem{Base: h})
			store(cell, part, Mem{Base: y})
			for _, p := range []reg.GPVirtual{g.at, c0, c, h, y} {
				advance(p, 1)
			}
		})
		finish()
	})
}

func lstmGrad() {
	TEXT("vectorLSTMGrad", NOSPLIT, "func(dg, gates, c0, c, dy, dh, dc *float32, n int)")
	Pragma("noescape")
	twice(func() {
		g := newGates("gates", nil)
		dg := newGates("dg", &g)
		c0, c, dy, dh, dc, n := pointer("c0"), pointer("c"), pointer("dy"), pointer("dh"), pointer("dc"), pointer("n")
		loop(n, 1, func(_ int, part mask) {
			squashed := loaded(Mem{Base: c}, part)
			tanh([]vec{squashed})
			d := loaded(Mem{Base: dy}, part)
			add(d, d, loaded(Mem{Base: dh}, part))
			output := loaded(g.of(3), part)
			e, to := register(), register()
			mul(e, d, output)
			mul(e, e, rest(squashed, squashed))
			add(e, e, loaded(Mem{Base: dc}, part))

			mul(to, d, squashed)
			mul(to, to, slope(output))
			store(to, part, dg.of(3))
			forget := loaded(g.of(1), part)
			mul(to, e, forget)
			store(to, part, Mem{Base: dc})
			mul(to, e, loaded(Mem{Base: c0}, part))
			mul(to, to, slope(forget))
			store(to, part, dg.of(1))
			input, candidate := loaded(g.of(0), part), loaded(g.of(2), part)
			mul(to, e, candidate)
			mul(to, to, slope(input))
			store(to, part, dg.of(0))
			mul(to, e, input)
			mul(to, to, rest(candidate, candidate))
			store(to, part, dg.of(2))
			for _, p := range []reg.GPVirtual{g.at, dg.at, c0, c, dy, dh, dc} {
				advance(p, 1)
			}
		})
		finish()
	})
}

func gru() {
	TEXT("vectorGRU", NOSPLIT, "func(gates, bias, h, y *float32, n int)")
	Pragma("noescape")
	twice(func() {
		g := newGates("gates", nil)
		bias, h, y, n := pointer("bias"), pointer("h"), pointer("y"), pointer("n")
		loop(n, 1, func(_ int, part mask) {
			reset := g.gate(0, sigmoid, part)
			own, candidate := loaded(g.of(3), part), loaded(g.of(2), part)
			add(own, own, loaded(Mem{Base: bias}, part))
			store(own, part, g.of(3))
			mulAdd(candidate, reset, own, candidate)
			tanh([]vec{candidate})
			store(candidate, part, g.of(2))
			update := g.gate(1, sigmoid, part)
			next := loaded(Mem{Base: h}, part)
			sub(next, next, candidate)
			mulAdd(next, next, update, candidate)
			store(next, part, Mem{Base: h})
			store(next, part, Mem{Base: y})
			for _, p := range []reg.GPVirtual{g.at, bias, h, y} {
				advance(p, 1)
			}
		})
		finish()
	})
}

func gruGrad() {
	TEXT("vectorGRUGrad", NOSPLIT, "func(dg, gates, h0, dy, dh *float32, n int)")
	Pragma("noescape")
	twice(func() {
		g := newGates("gates", nil)
		dg := newGates("dg", &g)
		h0, dy, dh, n := pointer("h0"), pointer("dy"), pointer("dh"), pointer("n")
		loop(n, 1, func(_ int, part mask) {
			reset, update, candidate := loaded(g.of(0), part), loaded(g.of(1), part), loaded(g.of(2), part)
			d, e, to := loaded(Mem{Base: dy}, part), register(), register()
			add(d, d, loaded(Mem{Base: dh}, part))
			mul(to, d, update)
			store(to, part, Mem{Base: dh})
			sub(e, d, to)
			mul(e, e, rest(candidate, candidate))
			store(e, part, dg.of(2))
			mul(to, e, reset)
			store(to, part, dg.of(3))
			mul(to, e, loaded(g.of(3), part))
			mul(to, to, slope(reset))
			store(to, part, dg.of(0))
			before := loaded(Mem{Base: h0}, part)
			sub(before, before, candidate)
			mul(to, d, before)
			mul(to, to, slope(update))
			store(to, part, dg.of(1))
			for _, p := range []reg.GPVirtual{g.at, dg.at, h0, dy, dh} {
				advance(p, 1)
			}
		})
		finish()
	})
}
