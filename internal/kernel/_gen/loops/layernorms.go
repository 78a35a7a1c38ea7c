package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// layerNorms writes the loops over one row, as norm_other.go says. Sums are in single precision.
func layerNorms() {
	overRow("RowMoments", []string{"x"}, "shift", true, func(r *row, i int) {
		d := r.load("x", i)
		sub(d, d, r.scalars["shift"])
		if r.part != nil {
			keep(d, r.part, d)
		}
		add(r.sums[0][i], r.sums[0][i], d)
		mulAdd(r.sums[1][i], d, d, r.sums[1][i])
	})
	overRow("RowScale", []string{"y", "x", "w", "b"}, "mean, inverse", false, func(r *row, i int) {
		y := r.normal(i)
		mulAdd(y, y, r.load("w", i), r.load("b", i))
		r.store(y, "y", i)
	})
	overRow("RowGradSums", []string{"dw", "db", "dy", "x", "w"}, "mean, inverse", true, func(r *row, i int) {
		x, g := r.normal(i), r.load("dy", i)
		dw, db := r.load("dw", i), r.load("db", i)
		mulAdd(dw, g, x, dw)
		r.store(dw, "dw", i)
		add(db, db, g)
		r.store(db, "db", i)
		mul(g, g, r.load("w", i))
		add(r.sums[0][i], r.sums[0][i], g)
		mulAdd(r.sums[1][i], g, x, r.sums[1][i])
	})
	overRow("RowGrad", []string{"dx", "dy", "x", "w"}, "mean, inverse, slope, lift", false, func(r *row, i int) {
		d := r.load("x", i)
		sub(d, d, r.scalars["mean"])
		mulAdd(d, d, r.scalars["slope"], r.scalars["lift"])
		g := r.load("dy", i)
		mul(g, g, r.load("w", i))
		mulAdd(d, g, r.scalars["inverse"], d)
		r.store(d, "dx", i)
	})
}

// A row is some registers' worth of one.
type row struct {
	part    mask
	bases   map[string]reg.GPVirtual
	scalars map[string]vec
	sums    [2][]vec
}

func overRow(name string, arrays []string, scalars string, sums bool, body func(r *row, i int)) {
	params := ""
	for _, a := range arrays {
		params += a + " *float32, "
	}
	results := ""
	if sums {
		results = " (sum, product float32)"
	}
	TEXT("vector"+name, NOSPLIT, "func("+params+"n int, "+scalars+" float32)"+results)
	Pragma("noescape")
	twice(func() {
		r := &row{bases: map[string]reg.GPVirtual{}, scalars: map[string]vec{}}
		for _, a := range arrays {
			r.bases[a] = pointer(a)
		}
		for _, s := range strings.Split(scalars, ", ") {
			r.scalars[s] = register()
			VBROADCASTSS(parameter(s), r.scalars[s])
		}
		if sums {
			r.sums = [2][]vec{zeros(lanes() / 4), zeros(lanes() / 4)}
		}
		loop(pointer("n"), lanes()/4, func(registers int, part mask) {
			r.part = part
			for i := range registers {
				body(r, i)
			}
			for _, a := range arrays {
				advance(r.bases[a], registers)
			}
		})
		if sums {
			for i, s := range r.sums {
				returnTotal(s, i)
			}
		}
		finish()
	})
}

// returnTotal adds all lanes of all sums to one number, result number i.
func returnTotal(sums []vec, i int) {
	s := sums[0]
	for _, v := range sums[1:] {
		add(s, s, v)
	}
	other := register()
	if wide {
		VEXTRACTF64X4(Imm(1), s, other.AsY())
		VADDPS(other.AsY(), s.AsY(), s.AsY())
	}
	VEXTRACTF128(Imm(1), s.AsY(), other.AsX())
	VADDPS(other.AsX(), s.AsX(), s.AsX())
	for _, order := range []uint64{0x4e, 0xb1} {
		VPERMILPS(Imm(order), s.AsX(), other.AsX())
		VADDPS(other.AsX(), s.AsX(), s.AsX())
	}
	m, err := ReturnIndex(i).Resolve()
	if err != nil {
		panic(err)
	}
	VMOVSS(s.AsX(), m.Addr)
}

func (r *row) load(array string, i int) vec {
	v := register()
	load(Mem{Base: r.bases[array], Disp: i * bytes()}, r.part, v)
	return v
}

func (r *row) store(v vec, array string, i int) {
	store(v, r.part, Mem{Base: r.bases[array], Disp: i * bytes()})
}

// normal returns (x − mean)·inverse.
func (r *row) normal(i int) vec {
	x := r.load("x", i)
	sub(x, x, r.scalars["mean"])
	mul(x, x, r.scalars["inverse"])
	return x
}
