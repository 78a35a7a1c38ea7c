package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// depthwise writes the loops of the depthwise convolution, as conv_depthwise.go has them. All lengths count numbers, not bytes. A block
// of channels goes over all pixels before the next one does.
func depthwise() {
	touchSums()
	touchProducts()
}

// touchSums keeps the sums of up to four pixels in registers while all touches go over them.
func touchSums() {
	TEXT("vectorTouchSums", NOSPLIT, "func(y *float32, ys int, x *float32, xs int, w *float32, touches *int, count, n, pixels, add int)")
	Pragma("noescape")
	twice(func() {
		y, x, w, n := pointer("y"), pointer("x"), pointer("w"), pointer("n")
		ys, xs, xs3 := strideBytes("ys"), strideBytes("xs"), GP64()
		LEAQ(Mem{Base: xs, Index: xs, Scale: 2}, xs3)
		loop(n, lanes()/4, func(width int, part mask) {
			p, q, left := GP64(), GP64(), pointer("pixels")
			MOVQ(x, p)
			MOVQ(y, q)
			for _, pixels := range []int{4, 1} {
				named := func(s string) string { return blockLabel(fmt.Sprint(s, pixels), width, part) }
				Label(named("pixels"))
				CMPQ(left, U32(uint32(pixels)))
				JLT(LabelRef(named("fewer")))
				sums := registers(pixels * width)
				CMPQ(parameter("add"), Imm(0))
				JEQ(LabelRef(named("zero")))
				r := GP64()
				MOVQ(q, r)
				for i := range pixels {
					for j := range width {
						load(Mem{Base: r, Disp: bytes() * j}, part, sums[i*width+j])
					}
					ADDQ(ys, r)
				}
				JMP(LabelRef(named("begun")))
				Label(named("zero"))
				for _, s := range sums {
					VXORPS(s, s, s)
				}
				Label(named("begun"))
				touch, count := pointer("touches"), pointer("count")
				TESTQ(count, count)
				JZ(LabelRef(named("done")))
				Label(named("touch"))
				weights, factors := touchPlace(touch, 8, w), registers(width)
				for j := range factors {
					load(Mem{Base: weights, Disp: bytes() * j}, part, factors[j])
				}
				at := touchPlace(touch, 0, p)
				for i := range pixels {
					pixel := []Mem{{Base: at}, {Base: at, Index: xs, Scale: 1}, {Base: at, Index: xs, Scale: 2}, {Base: at, Index: xs3, Scale: 1}}[i]
					for j := range factors {
						addProduct(sums[i*width+j], factors[j], pixel.Offset(bytes()*j), part)
					}
				}
				ADDQ(Imm(16), touch)
				DECQ(count)
				JNZ(LabelRef(named("touch")))
				Label(named("done"))
				for i := range pixels {
					for j := range width {
						store(sums[i*width+j], part, Mem{Base: q, Disp: bytes() * j})
					}
					ADDQ(ys, q)
				}
				LEAQ(Mem{Base: p, Index: xs, Scale: uint8(pixels)}, p)
				SUBQ(Imm(uint64(pixels)), left)
				JMP(LabelRef(named("pixels")))
				Label(named("fewer"))
			}
			for _, p := range []reg.GPVirtual{y, x, w} {
				advance(p, width)
			}
		})
		finish()
	})
}

// touchProducts keeps the sums of up to three touches in registers while all pixels go over them.
func touchProducts() {
	TEXT("vectorTouchProducts", NOSPLIT, "func(w, y *float32, ys int, x *float32, xs int, touches *int, count, n, pixels int)")
	Pragma("noescape")
	twice(func() {
		y, x, w, n := pointer("y"), pointer("x"), pointer("w"), pointer("n")
		ys, xs := strideBytes("ys"), strideBytes("xs")
		loop(n, lanes()/4, func(width int, part mask) {
			touch, left := pointer("touches"), pointer("count")
			for _, touches := range []int{3, 1} {
				named := func(s string) string { return blockLabel(fmt.Sprint(s, touches), width, part) }
				Label(named("touches"))
				CMPQ(left, U32(uint32(touches)))
				JLT(LabelRef(named("fewer")))
				sums := zeros(touches * width)
				offsets := make([]reg.GPVirtual, touches)
				for i := range offsets {
					offsets[i] = GP64()
					MOVQ(Mem{Base: touch, Disp: 16 * i}, offsets[i])
				}
				p, q, pixels := GP64(), GP64(), pointer("pixels")
				MOVQ(x, p)
				MOVQ(y, q)
				Label(named("pixel"))
				factors := registers(width)
				for j := range factors {
					load(Mem{Base: q, Disp: bytes() * j}, part, factors[j])
				}
				for i, offset := range offsets {
					for j := range factors {
						addProduct(sums[i*width+j], factors[j], Mem{Base: p, Index: offset, Scale: 4, Disp: bytes() * j}, part)
					}
				}
				ADDQ(xs, p)
				ADDQ(ys, q)
				DECQ(pixels)
				JNZ(LabelRef(named("pixel")))
				for i := range touches {
					at := touchPlace(touch, 16*i+8, w)
					for j := range width {
						m, old := Mem{Base: at, Disp: bytes() * j}, register()
						load(m, part, old)
						add(old, old, sums[i*width+j])
						store(old, part, m)
					}
				}
				ADDQ(Imm(uint64(16*touches)), touch)
				SUBQ(Imm(uint64(touches)), left)
				JMP(LabelRef(named("touches")))
				Label(named("fewer"))
			}
			for _, p := range []reg.GPVirtual{y, x, w} {
				advance(p, width)
			}
		})
		finish()
	})
}

// blockLabel names a place in the code for a block of channels.
func blockLabel(name string, width int, part mask) string {
	if part != nil {
		name += "_part"
	}
	return label(fmt.Sprint(name, "_", width))
}

// strideBytes loads a parameter that counts numbers, as bytes.
func strideBytes(name string) reg.GPVirtual {
	s := pointer(name)
	SHLQ(Imm(2), s)
	return s
}

// touchPlace returns the address that lies as many numbers behind base as a field of the touch says.
func touchPlace(touch reg.GPVirtual, field int, base reg.GPVirtual) reg.GPVirtual {
	at := GP64()
	MOVQ(Mem{Base: touch, Disp: field}, at)
	LEAQ(Mem{Base: base, Index: at, Scale: 4}, at)
	return at
}

// addProduct adds factor times what lies at m to sum.
func addProduct(sum, factor vec, m Mem, part mask) {
	if part == nil {
		VFMADD231PS(m, factor, sum)
		return
	}
	v := register()
	load(m, part, v)
	VFMADD231PS(v, factor, sum)
}
