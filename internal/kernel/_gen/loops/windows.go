package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// windows writes the loops of pooling, as pool2d_other.go says. All lengths count numbers, not bytes.
func windows() {
	const sizes = "channels, pixels, step, rows, columns, down, right int"
	overPixels("MaxWindows", "y *float32, index *int32, x *float32, first, "+sizes, func(w *window) {
		best, where := registers(w.size), zeros(w.size)
		for i := range best {
			load(w.at(w.x, i), w.part, best[i])
		}
		line, here := zeros(1)[0], register() // the places in the window of a row and of a pixel
		toDown, toRight := integers("down"), integers("right")
		w.nested(func() { move(here, line) }, func(at reg.GPVirtual) {
			for i := range best {
				v := register()
				load(w.at(at, i), w.part, v)
				better := both(compared(notLessEqual, v, best[i]), compared(isNumber, best[i], best[i]))
				choose(best[i], better, v, best[i])
				choose(where[i], better, here, where[i])
			}
			addInts(here, here, toRight)
		}, func() { addInts(line, line, toDown) })
		for i := range best {
			store(best[i], w.part, w.at(w.y, i))
		}
		TESTQ(w.index, w.index)
		JZ(LabelRef(w.label("stored")))
		for i, first := range w.places() {
			addInts(where[i], where[i], first)
			store(where[i], w.part, w.at(w.index, i))
		}
		Label(w.label("stored"))
	})
	overPixels("SumWindows", "y, x *float32, "+sizes+", scale float32", func(w *window) {
		sums := zeros(w.size)
		w.nested(nil, func(at reg.GPVirtual) {
			for i := range sums {
				v := register()
				load(w.at(at, i), w.part, v)
				add(sums[i], sums[i], v)
			}
		}, nil)
		scale := in(scalar("scale"))
		for i := range sums {
			mul(sums[i], sums[i], scale)
			store(sums[i], w.part, w.at(w.y, i))
		}
	})
	for _, adds := range []bool{false, true} {
		name := map[bool]string{false: "Put", true: "Add"}[adds]
		// give stores v in x, or adds it.
		give := func(w *window, v vec, at reg.GPVirtual, i int) {
			if adds {
				old := register()
				load(w.at(at, i), w.part, old)
				add(old, old, v)
				v = old
			}
			store(v, w.part, w.at(at, i))
		}
		overPixels("MaxGrad"+name, "x, y *float32, index *int32, first, "+sizes, func(w *window) { // of one row
			y, where, here := registers(w.size), registers(w.size), w.places()
			for i := range y {
				load(w.at(w.y, i), w.part, y[i])
				load(w.at(w.index, i), w.part, where[i])
			}
			toRight := integers("right")
			w.nested(nil, func(at reg.GPVirtual) {
				for i := range y {
					v := register()
					keep(v, equalInts(where[i], here[i]), y[i])
					give(w, v, at, i)
					addInts(here[i], here[i], toRight)
				}
			}, nil)
		})
		overPixels("AverageGrad"+name, "x, y *float32, "+sizes+", scale float32", func(w *window) {
			y, scale := registers(w.size), in(scalar("scale"))
			for i := range y {
				load(w.at(w.y, i), w.part, y[i])
				mul(y[i], y[i], scale)
			}
			w.nested(nil, func(at reg.GPVirtual) {
				for i := range y {
					give(w, y[i], at, i)
				}
			}, nil)
		})
	}
}

// A window is that of one pixel of y on x, and a block of its channels, size registers of them.
type window struct {
	size        int
	part        mask
	y, x, index reg.GPVirtual // the pixel of y, the first one of the window, and the places that belong to y
	place       reg.GPVirtual // of the first pixel of the window in all of the image
	offset      reg.GPVirtual // of the block among the channels
}

// overPixels writes a function that goes over pixels of y that lie behind one another, and over their channels. What has an index has
// the place of the first window as well.
func overPixels(name, params string, body func(w *window)) {
	TEXT("vector"+name, NOSPLIT, "func("+params+")")
	Pragma("noescape")
	indexed := strings.Contains(params, "index")
	twice(func() {
		w := &window{y: pointer("y"), x: pointer("x"), offset: GP64()}
		if indexed {
			w.index, w.place = pointer("index"), pointer("first")
		}
		Label(label("pixel"))
		XORQ(w.offset, w.offset)
		loop(pointer("channels"), lanes()/4, func(size int, part mask) {
			w.size, w.part = size, part
			body(w)
			ADDQ(U32(uint32(size*lanes())), w.offset)
		})
		channels, step := pointer("channels"), pointer("step")
		LEAQ(Mem{Base: w.y, Index: channels, Scale: 4}, w.y)
		LEAQ(Mem{Base: w.x, Index: step, Scale: 4}, w.x)
		if indexed {
			ADDQ(step, w.place)
			TESTQ(w.index, w.index)
			JZ(LabelRef(label("unplaced")))
			LEAQ(Mem{Base: w.index, Index: channels, Scale: 4}, w.index)
			Label(label("unplaced"))
		}
		DECQ(parameter("pixels"))
		JNZ(LabelRef(label("pixel")))
		finish()
	})
}

// label names a place in the block.
func (w *window) label(name string) string {
	if w.part != nil {
		name += "_part"
	}
	return label(fmt.Sprint(name, w.size))
}

// at is the i-th register's worth of the block at a pixel.
func (w *window) at(pixel reg.GPVirtual, i int) Mem {
	return Mem{Base: pixel, Index: w.offset, Scale: 4, Disp: i * bytes()}
}

// places returns those of the channels of the block in the first pixel of the window.
func (w *window) places() []vec {
	first, r := GP64(), registers(w.size)
	MOVQ(w.place, first)
	ADDQ(w.offset, first)
	for i := range r {
		if wide {
			VPBROADCASTD(first.As32(), r[i])
		} else {
			VMOVD(first.As32(), r[i].AsX())
			VPBROADCASTD(r[i].AsX(), r[i])
		}
		numbers := register()
		load(counted().Offset(i*bytes()), nil, numbers)
		addInts(r[i], r[i], numbers)
	}
	return r
}

// counted is a table of the numbers from 0 on, as many as a block has lanes.
func counted() Mem {
	return table("loopsCounted", func() {
		for i := range 64 {
			DATA(4*i, U32(uint32(i)))
		}
	})
}

// nested goes over the pixels of the window; before and after frame a row, and may be nil.
func (w *window) nested(before func(), body func(at reg.GPVirtual), after func()) {
	rows, line, at := pointer("rows"), GP64(), GP64()
	down, right := pointer("down"), pointer("right")
	MOVQ(w.x, line)
	Label(w.label("row"))
	columns := pointer("columns")
	MOVQ(line, at)
	if before != nil {
		before()
	}
	Label(w.label("column"))
	body(at)
	LEAQ(Mem{Base: at, Index: right, Scale: 4}, at)
	DECQ(columns)
	JNZ(LabelRef(w.label("column")))
	if after != nil {
		after()
	}
	LEAQ(Mem{Base: line, Index: down, Scale: 4}, line)
	DECQ(rows)
	JNZ(LabelRef(w.label("row")))
}

// integers brings the low half of a parameter into all lanes.
func integers(name string) vec {
	v := register()
	VPBROADCASTD(parameter(name), v)
	return v
}

// equalInts is the lanes in which whole numbers are the same.
func equalInts(a, b vec) mask {
	if wide {
		m := K()
		VPCMPEQD(a, b, m)
		return m
	}
	m := YMM()
	VPCMPEQD(a, b, m)
	return m
}
