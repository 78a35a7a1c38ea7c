// Command peak writes the assembly that measures how fast a processor multiplies and adds.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm,!float64")
	fma("fmaPeak8", "8", 14, func() reg.VecVirtual { return YMM() }, func(x reg.VecVirtual) { VXORPS(x, x, x) })
	fma("fmaPeak16", "16", 28, func() reg.VecVirtual { return ZMM() }, func(x reg.VecVirtual) { VPXORD(x, x, x) })
	Generate()
}

// fma writes a loop of independent multiply-adds on as many registers.
func fma(name, lanes string, registers int, register func() reg.VecVirtual, zero func(reg.VecVirtual)) {
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(name + " does n rounds of multiply-adds on registers of " + lanes + " numbers each.")
	n := Load(Param("n"), GP64())
	factor := register()
	zero(factor)
	sums := make([]reg.VecVirtual, registers)
	for i := range sums {
		sums[i] = register()
		zero(sums[i])
	}
	Label("round")
	for _, s := range sums {
		VFMADD231PS(factor, factor, s)
	}
	DECQ(n)
	JNZ(LabelRef("round"))
	VZEROUPPER()
	RET()
}
