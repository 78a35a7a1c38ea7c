package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A normalization's loops, as norm_other.go says, over arrays of numbers that lie alike.
func norms() {
	overColumns("NormMoments", []string{"x"}, []string{"mean"}, []string{"sums", "squares"}, ", stride int", func(b *block, i int) {
		d := b.centred(i)
		add(b.sums["sums"][i], b.sums["sums"][i], d)
		mulAdd(b.sums["squares"][i], d, d, b.sums["squares"][i])
	})
	overColumns("NormTotals", []string{"x"}, nil, []string{"sums"}, ", stride int", func(b *block, i int) {
		add(b.sums["sums"][i], b.sums["sums"][i], b.load("x", i))
	})
	for _, arrays := range [][]string{{"y", "x"}, {"y", "x", "r"}} {
		overColumns("Norm"+map[int]string{2: "", 3: "Add"}[len(arrays)], arrays, []string{"mean", "factor", "bias"}, nil,
			", stride int, floor, ceiling float32", func(b *block, i int) {
				y := b.value(b.centred(i), i)
				if len(arrays) == 3 {
					add(y, y, b.load("r", i))
				}
				greatest(y, in(floor), y) // NaN, if y is
				least(y, in(ceiling), y)
				b.store(y, "y", i)
			})
	}
	sums := []string{"sums", "products"}
	sum := func(b *block, i int, g, d vec) {
		add(b.sums["sums"][i], b.sums["sums"][i], g)
		mulAdd(b.sums["products"][i], g, d, b.sums["products"][i])
	}
	overColumns("NormSums", []string{"dy", "x"}, []string{"mean"}, sums, ", stride int", func(b *block, i int) {
		sum(b, i, b.load("dy", i), b.centred(i))
	})
	overColumns("NormSumsGatedX", []string{"dy", "x"}, []string{"mean", "factor", "bias"}, sums, ", stride int, ceiling float32", func(b *block, i int) {
		d := b.centred(i)
		sum(b, i, b.passed(d, i), d)
	})
	overColumns("NormSumsGatedY", []string{"dy", "x", "y", "dr"}, []string{"mean"}, sums, ", stride int, ceiling float32", func(b *block, i int) {
		g := b.load("dy", i)
		pass(g, b.load("y", i))
		b.store(g, "dr", i)
		sum(b, i, g, b.centred(i))
	})
	grad := []string{"dx", "dy", "x"}
	overColumns("NormGrad", grad, []string{"mean", "factor", "slope", "lift"}, nil, "", func(b *block, i int) {
		d := b.centred(i)
		b.grad(d, b.load("dy", i), i)
	})
	overColumns("NormGradGated", grad, []string{"mean", "factor", "bias", "slope", "lift"}, nil, ", ceiling float32", func(b *block, i int) {
		d := b.centred(i)
		b.grad(d, b.passed(d, i), i)
	})
}

// A block is some registers' worth of columns, in every row: arrays, constants of the columns, and sums over the rows.
type block struct {
	part      mask
	bases     map[string]reg.GPVirtual
	row       reg.GPVirtual // bytes from the first row
	constants map[string][]vec
	sums      map[string][]vec
}

// overColumns writes a loop over rows of width numbers. body is called for every register of a block, in every row. Sums are in
// single precision within a call and are added to numbers in double precision, of which there are a multiple of sixteen.
func overColumns(name string, arrays, constants, sums []string, further string, body func(b *block, i int)) {
	params := ""
	for _, s := range sums {
		params += s + " *float64, "
	}
	for _, names := range [][]string{arrays, constants} {
		for _, a := range names {
			params += a + " *float32, "
		}
	}
	distance := "width" // between rows
	if strings.Contains(further, "stride") {
		distance = "stride"
	}
	TEXT("vector"+name, NOSPLIT, "func("+params+"width, rows int"+further+")")
	Pragma("noescape")
	twice(func() {
		b := &block{bases: map[string]reg.GPVirtual{}}
		for _, names := range [][]string{arrays, constants, sums} {
			for _, a := range names {
				b.bases[a] = pointer(a)
			}
		}
		for _, limit := range []struct {
			name string
			to   *vec
		}{{"floor", &floor}, {"ceiling", &ceiling}} {
			if strings.Contains(further, limit.name) {
				*limit.to = register()
				VBROADCASTSS(parameter(limit.name), *limit.to)
			}
		}
		blocks := 0
		loop(pointer("width"), lanes()/4, func(registers int, part mask) {
			blocks++
			b.begin(registers, part, constants, sums)
			again := label(fmt.Sprint("row", blocks))
			rows := pointer("rows")
			Label(again)
			for i := range registers {
				body(b, i)
			}
			stride := pointer(distance)
			LEAQ(Mem{Base: b.row, Index: stride, Scale: 4}, b.row)
			DECQ(rows)
			JNZ(LabelRef(again))
			for _, s := range sums {
				for i, v := range b.sums[s] {
					addDoubles(v, Mem{Base: b.bases[s], Disp: 2 * i * bytes()})
				}
				advance(b.bases[s], 2*registers)
			}
			for _, names := range [][]string{arrays, constants} {
				for _, a := range names {
					advance(b.bases[a], registers)
				}
			}
		})
		finish()
	})
}

// floor and ceiling are the least and the greatest result of the normalization being written.
var floor, ceiling vec

func (b *block) begin(n int, part mask, constants, sums []string) {
	b.part, b.constants, b.sums, b.row = part, map[string][]vec{}, map[string][]vec{}, GP64()
	XORQ(b.row, b.row)
	for _, c := range constants {
		b.constants[c] = registers(n)
		for i, v := range b.constants[c] {
			load(Mem{Base: b.bases[c], Disp: i * bytes()}, part, v)
		}
	}
	for _, s := range sums {
		b.sums[s] = zeros(n)
	}
}

// addDoubles adds v to numbers in double precision.
func addDoubles(v vec, to Mem) {
	for half := range 2 {
		wider := doubles(v, half)
		VADDPD(to.Offset(half*bytes()), wider, wider)
		VMOVUPD(wider, to.Offset(half*bytes()))
	}
}

func (b *block) at(array string, i int) Mem {
	return Mem{Base: b.bases[array], Index: b.row, Scale: 1, Disp: i * bytes()}
}

func (b *block) load(array string, i int) vec {
	v := register()
	load(b.at(array, i), b.part, v)
	return v
}

func (b *block) store(v vec, array string, i int) { store(v, b.part, b.at(array, i)) }

// centred returns x − mean.
func (b *block) centred(i int) vec {
	d := b.load("x", i)
	sub(d, d, b.constants["mean"][i])
	return d
}

// value returns d·factor + bias.
func (b *block) value(d vec, i int) vec {
	y := register()
	move(y, d)
	mulAdd(y, y, b.constants["factor"][i], b.constants["bias"][i])
	return y
}

// passed returns what of dy passes the ReLU behind d·factor + bias.
func (b *block) passed(d vec, i int) vec {
	g := b.load("dy", i)
	pass(g, b.value(d, i))
	return g
}

// pass keeps of g what passes a ReLU, which has a slope where its value is above 0 and below the ceiling.
func pass(g, value vec) {
	keep(g, compared(greater, value, in(words(0))), g)
	keep(g, compared(greater, ceiling, value), g)
}

// grad stores g·factor + d·slope + lift.
func (b *block) grad(d, g vec, i int) {
	mulAdd(d, d, b.constants["slope"][i], b.constants["lift"][i])
	mulAdd(d, g, b.constants["factor"][i], d)
	b.store(d, "dx", i)
}
