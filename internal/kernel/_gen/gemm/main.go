// Command gemm writes the assembly of the matrix product, for AVX2 with FMA and for AVX-512.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm,!float64")
	masks()
	for rows := 1; rows <= 6; rows++ {
		tile(rows, 2)
	}
	for _, rows := range []int{1, 2, 4, 8, 12} {
		tile(rows, 1)
	}
	for _, rows := range []int{1, 2, 3, 4, 6, 8, 12, 16, 20, 24} {
		wideTile(rows, 1, plain)
	}
	for _, rows := range []int{1, 2, 3, 4, 5, 6, 8, 10, 12} {
		wideTile(rows, 2, plain)
	}
	for _, rows := range []int{8, 10, 12} {
		wideTile(rows, 2, packing)
		wideTile(rows, 2, fetching)
	}
	vector()
	dot()
	packRows()
	copyRuns()
	packTransposed()
	transpose()
	Generate()
}

// masks is a table of sixteen words of ones and sixteen of zeros: from place 16−n on, it masks the first n of sixteen
// lanes.
func masks() {
	table = GLOBL("tileMasks", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(0xffffffff))
	}
	for i := 16; i < 32; i++ {
		DATA(4*i, U32(0))
	}
}

var table Mem

// What a tile does with its sums: the bits of mode.
const (
	modeAdd  = 1 // add what is in c, before the bias
	modeReLU = 2 // negative ones become zero
)

// tile computes a tile of rows × 8·width. Element r, p of a is at a + r·rs + p·ks, row p of b at b + p·bs, all strides
// in bytes; only the first n columns are written. The sums stay in registers for all of k. bias has n numbers that are
// added to every row, unless it is nil.
func tile(rows, width int) {
	TEXT(fmt.Sprintf("tile%dx%d", rows, 8*width), NOSPLIT,
		"func(k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, n int, bias *float32, mode int)")
	Pragma("noescape")
	k := Load(Param("k"), GP64())
	a := Load(Param("a"), GP64())
	rs := Load(Param("rs"), GP64())
	ks := Load(Param("ks"), GP64())
	b := Load(Param("b"), GP64())
	bs := Load(Param("bs"), GP64())
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	bases := []reg.Register{a} // every third row has a pointer, the two behind it are reached by an index
	for r := 3; r < rows; r += 3 {
		base := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: rs, Scale: 2}, base)
		ADDQ(rs, base)
		bases = append(bases, base)
	}
	sums := make([]reg.VecVirtual, rows*width)
	for i := range sums {
		sums[i] = YMM()
		VXORPS(sums[i], sums[i], sums[i])
	}
	out := GP64()
	MOVQ(c, out)
	for range rows {
		PREFETCHT0(Mem{Base: out})
		if width > 1 {
			PREFETCHT0(Mem{Base: out, Disp: 60})
		}
		ADDQ(ldc, out)
	}
	y := make([]reg.VecVirtual, width)
	for i := range y {
		y[i] = YMM()
	}
	x := []reg.VecVirtual{YMM(), YMM()}
	step := func() {
		for i := range y {
			VMOVUPS(Mem{Base: b, Disp: 32 * i}, y[i])
		}
		ADDQ(bs, b)
		for r := range rows {
			at := Mem{Base: bases[r/3]}
			if r%3 > 0 {
				at.Index, at.Scale = rs, uint8(r%3)
			}
			VBROADCASTSS(at, x[r&1])
			for i := range y {
				VFMADD231PS(y[i], x[r&1], sums[r*width+i])
			}
		}
		for _, base := range bases {
			ADDQ(ks, base)
		}
	}
	four := GP64()
	MOVQ(k, four)
	SHRQ(Imm(2), four)
	JZ(LabelRef("rest"))
	Label("loop")
	for range 4 {
		step()
	}
	DECQ(four)
	JNZ(LabelRef("loop"))
	Label("rest")
	ANDQ(Imm(3), k)
	JZ(LabelRef("summed"))
	Label("one")
	step()
	DECQ(k)
	JNZ(LabelRef("one"))

	Label("summed")
	n := Load(Param("n"), GP64())
	bias := Load(Param("bias"), GP64())
	mode := Load(Param("mode"), GP64())
	// A whole tile and one with fewer columns, which is loaded and stored under a mask, end in the same way.
	end := func(suffix string, load func(i int, from Mem, to reg.VecVirtual), store func(i int, from reg.VecVirtual, to Mem)) {
		TESTQ(U32(modeAdd), mode)
		JZ(LabelRef("bias" + suffix))
		MOVQ(c, out)
		for r := range rows {
			for i := range width {
				load(i, Mem{Base: out, Disp: 32 * i}, x[0])
				VADDPS(x[0], sums[r*width+i], sums[r*width+i])
			}
			ADDQ(ldc, out)
		}
		Label("bias" + suffix)
		TESTQ(bias, bias)
		JZ(LabelRef("relu" + suffix))
		for i := range width {
			load(i, Mem{Base: bias, Disp: 32 * i}, x[0])
			for r := range rows {
				VADDPS(x[0], sums[r*width+i], sums[r*width+i])
			}
		}
		Label("relu" + suffix)
		TESTQ(U32(modeReLU), mode)
		JZ(LabelRef("store" + suffix))
		VXORPS(x[0], x[0], x[0])
		for _, sum := range sums {
			VMAXPS(sum, x[0], sum) // NaN stays
		}
		Label("store" + suffix)
		for r := range rows {
			for i := range width {
				store(i, sums[r*width+i], Mem{Base: c, Disp: 32 * i})
			}
			ADDQ(ldc, c)
		}
		VZEROUPPER()
		RET()
	}
	CMPQ(n, Imm(uint64(8*width)))
	JNE(LabelRef("narrow"))
	end("", func(_ int, from Mem, to reg.VecVirtual) { VMOVUPS(from, to) },
		func(_ int, from reg.VecVirtual, to Mem) { VMOVUPS(from, to) })
	Label("narrow")
	masks := GP64()
	LEAQ(table, masks)
	NEGQ(n)
	for i := range y {
		VMOVUPS(Mem{Base: masks, Index: n, Scale: 4, Disp: 64 + 32*i}, y[i])
	}
	end("narrow", func(i int, from Mem, to reg.VecVirtual) { VMASKMOVPS(from, y[i], to) },
		func(i int, from reg.VecVirtual, to Mem) { VMASKMOVPS(from, y[i], to) })
}

// The kinds of a wideTile.
const (
	plain = iota
	packing
	fetching
)

// wideTile is tile for AVX-512: rows × 16·panels, a register for each row and panel. The second panel of b is gap bytes
// behind the first. An element of a is spread over a register as it is loaded, by the multiplication itself. n is at
// most 16 for one panel and more than 16 for two.
//
// One that is packing also stores the rows of b that it has read, two panels side by side, to packed, one behind the other: the next
// tiles find them there. One that is fetching is such a next tile, and fetches the rows that are to be packed after these, nextStep
// bytes apart, at half the pace at which it goes over its own.
func wideTile(rows, panels, kind int) {
	switch {
	case panels == 1:
		TEXT(fmt.Sprintf("wideTile%d", rows), NOSPLIT,
			"func(k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, n int, bias *float32, mode int)")
	case kind == fetching:
		TEXT(fmt.Sprintf("fetchingTile%d", rows), NOSPLIT,
			"func(k int, a *float32, rs, ks int, b, next *float32, nextStep int, c *float32, ldc, n int, bias *float32, mode int)")
	case kind == packing:
		TEXT(fmt.Sprintf("packingTile%d", rows), NOSPLIT,
			"func(k int, a *float32, rs, ks int, b *float32, bs int, packed, c *float32, ldc, n int, bias *float32, mode int)")
	default:
		TEXT(fmt.Sprintf("pairTile%d", rows), NOSPLIT,
			"func(k int, a *float32, rs, ks int, b *float32, bs, gap int, c *float32, ldc, n int, bias *float32, mode int)")
	}
	Pragma("noescape")
	k := Load(Param("k"), GP64())
	a := Load(Param("a"), GP64())
	rs := Load(Param("rs"), GP64())
	ks := Load(Param("ks"), GP64())
	b := Load(Param("b"), GP64())
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	var bs Op = U32(128)
	soon, gap, packed := GP64(), b, b
	pace := bs
	if kind == fetching {
		Load(Param("next"), soon)
		pace = Load(Param("nextStep"), GP64())
	} else {
		// b is fetched ahead rows before it is used: it may lie in rows far apart, which the processor does not foresee.
		const ahead = 16
		bs = Load(Param("bs"), GP64())
		pace = bs
		IMUL3Q(Imm(ahead), bs, soon)
		ADDQ(b, soon)
	}
	switch {
	case kind == packing:
		packed = Load(Param("packed"), GP64())
	case kind == plain && panels == 2:
		gap = Load(Param("gap"), GP64())
	}
	// Every eighth row has a pointer; the seven behind it are reached by the multiples 1, 3, 5 and 7 of rs and their
	// doubles.
	odd := map[int]reg.Register{1: rs}
	for m := 3; m < min(rows, 8); m += 2 {
		odd[m] = GP64()
		LEAQ(Mem{Base: odd[m-2], Index: rs, Scale: 2}, odd[m])
	}
	bases := []reg.Register{a}
	for r := 8; r < rows; r += 8 {
		base := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: rs, Scale: 8}, base)
		bases = append(bases, base)
	}
	element := func(r int) Mem {
		at := Mem{Base: bases[r/8]}
		if r %= 8; r > 0 {
			scale := r & -r
			at.Index, at.Scale = odd[r/scale], uint8(scale)
		}
		return at
	}
	sums := make([][]reg.VecVirtual, rows)
	for r := range sums {
		sums[r] = make([]reg.VecVirtual, panels)
		for i := range sums[r] {
			sums[r][i] = ZMM()
			VPXORD(sums[r][i], sums[r][i], sums[r][i])
		}
	}
	y, x := []reg.VecVirtual{ZMM(), ZMM()}, ZMM()
	step := func(u int) {
		half := u
		if panels == 2 {
			u = 0
		}
		VMOVUPS(Mem{Base: b}, y[u])
		if kind == fetching {
			PREFETCHT1(Mem{Base: soon, Disp: 64 * half})
			if half == 1 {
				ADDQ(pace, soon)
			}
		} else {
			PREFETCHT0(Mem{Base: soon})
		}
		if panels == 2 {
			second := Mem{Base: b, Index: gap, Scale: 1}
			next := Mem{Base: soon, Index: gap, Scale: 1}
			if kind != plain { // the panels lie side by side
				second, next = Mem{Base: b, Disp: 64}, Mem{Base: soon, Disp: 64}
			}
			VMOVUPS(second, y[1])
			if kind != fetching {
				PREFETCHT0(next)
			}
		}
		if kind != fetching {
			ADDQ(pace, soon)
		}
		if kind == packing {
			VMOVUPS(y[0], Mem{Base: packed})
			VMOVUPS(y[1], Mem{Base: packed, Disp: 64})
			ADDQ(U32(128), packed)
		}
		ADDQ(bs, b)
		for r := range rows {
			if panels == 1 {
				VFMADD231PS_BCST(element(r), y[u], sums[r][0])
				continue
			}
			VBROADCASTSS(element(r), x)
			VFMADD231PS(y[0], x, sums[r][0])
			VFMADD231PS(y[1], x, sums[r][1])
		}
		for _, base := range bases {
			ADDQ(ks, base)
		}
	}
	// The rows of c are fetched beside the first steps, one at a time: all at once they would take the place of what the
	// sums wait for.
	two, first := k, GP64()
	SHRQ(Imm(1), two)
	MOVQ(U32(uint32(rows)), first)
	CMPQ(two, first)
	CMOVQLT(two, first)
	SUBQ(first, two)
	TESTQ(first, first)
	JZ(LabelRef("rest"))
	Label("first")
	step(0)
	PREFETCHT0(Mem{Base: c})
	step(1)
	if panels == 2 {
		PREFETCHT0(Mem{Base: c, Disp: 64})
	}
	ADDQ(ldc, c)
	DECQ(first)
	JNZ(LabelRef("first"))
	TESTQ(two, two)
	JZ(LabelRef("rest"))
	Label("loop")
	step(0)
	step(1)
	DECQ(two)
	JNZ(LabelRef("loop"))
	Label("rest")
	Load(Param("k"), k)
	ANDQ(Imm(1), k)
	JZ(LabelRef("summed"))
	step(0)

	Label("summed")
	Load(Param("c"), c)
	n := reg.RCX
	Load(Param("n"), n)
	if panels == 2 {
		SUBQ(Imm(16), n)
	}
	bias := Load(Param("bias"), GP64())
	mode := Load(Param("mode"), GP64())
	ones := GP64()
	MOVQ(U32(1), ones)
	SHLQ(reg.CL, ones)
	DECQ(ones)
	mask := K() // of the last panel; the one before it is whole
	KMOVW(ones.As32(), mask)
	load := func(i int, base reg.Register) {
		at := Mem{Base: base, Disp: 64 * i}
		if i == panels-1 {
			VMOVUPS_Z(at, mask, y[i])
		} else {
			VMOVUPS(at, y[i])
		}
	}
	TESTQ(U32(modeAdd), mode)
	JZ(LabelRef("bias"))
	out := GP64()
	MOVQ(c, out)
	for r := range rows {
		for i := range panels {
			load(i, out)
			VADDPS(y[i], sums[r][i], sums[r][i])
		}
		ADDQ(ldc, out)
	}
	Label("bias")
	TESTQ(bias, bias)
	JZ(LabelRef("relu"))
	for i := range panels {
		load(i, bias)
		for r := range rows {
			VADDPS(y[i], sums[r][i], sums[r][i])
		}
	}
	Label("relu")
	TESTQ(U32(modeReLU), mode)
	JZ(LabelRef("store"))
	VPXORD(y[0], y[0], y[0])
	for r := range rows {
		for i := range panels {
			VMAXPS(sums[r][i], y[0], sums[r][i]) // NaN stays
		}
	}
	Label("store")
	for r := range rows {
		for i := range panels {
			at := Mem{Base: c, Disp: 64 * i}
			if i == panels-1 {
				VMOVUPS(sums[r][i], mask, at)
			} else {
				VMOVUPS(sums[r][i], at)
			}
		}
		ADDQ(ldc, c)
	}
	VZEROUPPER()
	RET()
}

// vector multiplies a vector by 64 columns of a matrix: element p of a is at a + p·ks, row p of b at b + p·bs. k is at
// least 1.
func vector() {
	TEXT("vector64", NOSPLIT, "func(k int, a *float32, ks int, b *float32, bs int, c *float32)")
	Pragma("noescape")
	k := Load(Param("k"), GP64())
	a := Load(Param("a"), GP64())
	ks := Load(Param("ks"), GP64())
	b := Load(Param("b"), GP64())
	bs := Load(Param("bs"), GP64())
	c := Load(Param("c"), GP64())
	sums := make([]reg.VecVirtual, 8)
	for i := range sums {
		sums[i] = YMM()
		VXORPS(sums[i], sums[i], sums[i])
	}
	x := YMM()
	Label("loop")
	VBROADCASTSS(Mem{Base: a}, x)
	for i := range 4 {
		PREFETCHT0(Mem{Base: b, Index: bs, Scale: 8, Disp: 64 * i})
	}
	for i := range sums {
		VFMADD231PS(Mem{Base: b, Disp: 32 * i}, x, sums[i])
	}
	ADDQ(ks, a)
	ADDQ(bs, b)
	DECQ(k)
	JNZ(LabelRef("loop"))
	for i := range sums {
		VMOVUPS(sums[i], Mem{Base: c, Disp: 32 * i})
	}
	VZEROUPPER()
	RET()
}

// dot returns the inner product of 32·blocks elements; blocks is at least 1.
func dot() {
	TEXT("dot32", NOSPLIT, "func(a, b *float32, blocks int) float32")
	Pragma("noescape")
	a := Load(Param("a"), GP64())
	b := Load(Param("b"), GP64())
	blocks := Load(Param("blocks"), GP64())
	sums := make([]reg.VecVirtual, 4)
	for i := range sums {
		sums[i] = YMM()
		VXORPS(sums[i], sums[i], sums[i])
	}
	x := YMM()
	Label("loop")
	for i := range sums {
		VMOVUPS(Mem{Base: a, Disp: 32 * i}, x)
		VFMADD231PS(Mem{Base: b, Disp: 32 * i}, x, sums[i])
	}
	ADDQ(U32(128), a)
	ADDQ(U32(128), b)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VADDPS(sums[1], sums[0], sums[0])
	VADDPS(sums[3], sums[2], sums[2])
	VADDPS(sums[2], sums[0], sums[0])
	low, high := sums[0].AsX(), XMM()
	VEXTRACTF128(Imm(1), sums[0], high)
	VADDPS(high, low, low)
	VMOVHLPS(low, low, high)
	VADDPS(high, low, low)
	VMOVSHDUP(low, high)
	VADDSS(high, low, low)
	Store(low, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// packRows copies k rows of 16, which are ld bytes apart, to one after the other; k is at least 1.
func packRows() {
	TEXT("packRows16", NOSPLIT, "func(dst, src *float32, ld, k int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	ld := Load(Param("ld"), GP64())
	k := Load(Param("k"), GP64())
	Label("loop")
	PREFETCHT0(Mem{Base: src, Index: ld, Scale: 8})
	for i := range 2 {
		x := YMM()
		VMOVUPS(Mem{Base: src, Disp: 32 * i}, x)
		VMOVUPS(x, Mem{Base: dst, Disp: 32 * i})
	}
	ADDQ(ld, src)
	ADDQ(Imm(64), dst)
	DECQ(k)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// copyRuns copies n runs of 8·blocks, which are lds bytes apart, to places ldd bytes apart; n and blocks are at least
// 1.
func copyRuns() {
	TEXT("copyRuns8", NOSPLIT, "func(dst *float32, ldd int, src *float32, lds, blocks, n int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	ldd := Load(Param("ldd"), GP64())
	src := Load(Param("src"), GP64())
	lds := Load(Param("lds"), GP64())
	blocks := Load(Param("blocks"), GP64())
	n := Load(Param("n"), GP64())
	SHLQ(Imm(5), blocks)
	at := GP64()
	Label("run")
	XORQ(at, at)
	Label("block")
	x := YMM()
	VMOVUPS(Mem{Base: src, Index: at, Scale: 1}, x)
	VMOVUPS(x, Mem{Base: dst, Index: at, Scale: 1})
	ADDQ(Imm(32), at)
	CMPQ(at, blocks)
	JLT(LabelRef("block"))
	ADDQ(lds, src)
	ADDQ(ldd, dst)
	DECQ(n)
	JNZ(LabelRef("run"))
	VZEROUPPER()
	RET()
}

// packTransposed turns eight rows of 8·blocks, which are ld bytes apart, into columns: element j, p goes to dst[16·p +
// j]. blocks is at least 1.
func packTransposed() {
	TEXT("packTransposed8", NOSPLIT, "func(dst, src *float32, ld, blocks int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	ld := Load(Param("ld"), GP64())
	blocks := Load(Param("blocks"), GP64())
	ld3, src3 := GP64(), GP64()
	LEAQ(Mem{Base: ld, Index: ld, Scale: 2}, ld3)
	LEAQ(Mem{Base: src, Index: ld3, Scale: 1}, src3)
	rows := []Mem{
		{Base: src}, {Base: src, Index: ld, Scale: 1}, {Base: src, Index: ld, Scale: 2}, {Base: src3},
		{Base: src, Index: ld, Scale: 4}, {Base: src3, Index: ld, Scale: 2}, {Base: src3, Index: ld3, Scale: 1},
		{Base: src3, Index: ld, Scale: 4},
	}
	Label("loop")
	// Rows 0 to 3 go to the low halves and rows 4 to 7 to the high halves, four columns at a time; then 4×4 transposes
	// in each half.
	for half := range 2 {
		r := make([]reg.VecVirtual, 4)
		for i := range r {
			r[i] = YMM()
			low, high := rows[i], rows[i+4]
			low.Disp, high.Disp = 16*half, 16*half
			VMOVUPS(low, r[i].AsX())
			VINSERTF128(Imm(1), high, r[i], r[i])
		}
		t := []reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}
		VUNPCKLPS(r[1], r[0], t[0]) // r0p0 r1p0 r0p1 r1p1
		VUNPCKHPS(r[1], r[0], t[1])
		VUNPCKLPS(r[3], r[2], t[2])
		VUNPCKHPS(r[3], r[2], t[3])
		VUNPCKLPD(t[2], t[0], r[0]) // r0p0 r1p0 r2p0 r3p0
		VUNPCKHPD(t[2], t[0], r[1])
		VUNPCKLPD(t[3], t[1], r[2])
		VUNPCKHPD(t[3], t[1], r[3])
		for i := range r {
			VMOVUPS(r[i], Mem{Base: dst, Disp: 64 * (4*half + i)})
		}
	}
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), src3)
	ADDQ(U32(512), dst)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// transpose is packTransposed for sixteen rows of 16·blocks, with AVX-512.
func transpose() {
	TEXT("packTransposed16", NOSPLIT, "func(dst, src *float32, ld, blocks int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	ld := Load(Param("ld"), GP64())
	blocks := Load(Param("blocks"), GP64())
	// Every fourth row has a pointer.
	ld3 := GP64()
	LEAQ(Mem{Base: ld, Index: ld, Scale: 2}, ld3)
	bases := []reg.Register{src, GP64(), GP64(), GP64()}
	for i := 1; i < 4; i++ {
		LEAQ(Mem{Base: bases[i-1], Index: ld, Scale: 4}, bases[i])
	}
	row := func(i int) Mem {
		return []Mem{{Base: bases[i/4]}, {Base: bases[i/4], Index: ld, Scale: 1}, {Base: bases[i/4], Index: ld, Scale: 2},
			{Base: bases[i/4], Index: ld3, Scale: 1}}[i%4]
	}
	Label("loop")
	r, t := make([]reg.VecVirtual, 16), make([]reg.VecVirtual, 16)
	for i := range r {
		r[i], t[i] = ZMM(), ZMM()
	}
	for i := range r {
		ahead := row(i)
		ahead.Disp = 256
		PREFETCHT0(ahead)
		VMOVUPS(row(i), r[i])
	}
	// 4×4 transposes in every quarter of a register: then quarter q of r[4·g+c] has column 4·q + c of the rows 4·g to
	// 4·g + 3.
	for g := 0; g < 16; g += 4 {
		VUNPCKLPS(r[g+1], r[g], t[g])
		VUNPCKHPS(r[g+1], r[g], t[g+1])
		VUNPCKLPS(r[g+3], r[g+2], t[g+2])
		VUNPCKHPS(r[g+3], r[g+2], t[g+3])
		VUNPCKLPD(t[g+2], t[g], r[g])
		VUNPCKHPD(t[g+2], t[g], r[g+1])
		VUNPCKLPD(t[g+3], t[g+1], r[g+2])
		VUNPCKHPD(t[g+3], t[g+1], r[g+3])
	}
	// The same with quarters for elements.
	for c := range 4 {
		VSHUFF32X4(Imm(0x88), r[4+c], r[c], t[c])   // quarters 0 and 2 of the first eight rows
		VSHUFF32X4(Imm(0xdd), r[4+c], r[c], t[4+c]) // quarters 1 and 3
		VSHUFF32X4(Imm(0x88), r[12+c], r[8+c], t[8+c])
		VSHUFF32X4(Imm(0xdd), r[12+c], r[8+c], t[12+c])
		VSHUFF32X4(Imm(0x88), t[8+c], t[c], r[c])
		VSHUFF32X4(Imm(0x88), t[12+c], t[4+c], r[4+c])
		VSHUFF32X4(Imm(0xdd), t[8+c], t[c], r[8+c])
		VSHUFF32X4(Imm(0xdd), t[12+c], t[4+c], r[12+c])
	}
	for i := range r {
		VMOVUPS(r[i], Mem{Base: dst, Disp: 64 * i})
	}
	ADDQ(U32(1024), dst)
	for _, base := range bases {
		ADDQ(Imm(64), base)
	}
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
