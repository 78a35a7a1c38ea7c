package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPacked(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 30))
	var p Packed
	for _, s := range gemmShapes {
		m, n, k := s[0], s[1], s[2]
		for mode := range 4 {
			tb, add := mode&1 > 0, mode&2 > 0
			what := fmt.Sprintf("Packed %v tb=%v add=%v", s, tb, add)
			lda, ldb, ldc, rb := k+3, n+5, n+2, k
			if tb {
				ldb, rb = k+5, n
			}
			a, b, c := random(r, m*lda), random(r, rb*ldb), random(r, m*ldc+7)
			want := gemmOracle(m, n, k, a, lda, false, b, ldb, tb, c, ldc, add)
			p.Pack(k, n, b, ldb, tb)
			got := slices.Clone(c)
			p.Multiply(m, a, lda, got, ldc, add)
			agree(t, what, got, want, k)
			again := slices.Clone(c)
			withThreads(t, 3, func() { p.Multiply(m, a, lda, again, ldc, add) })
			if !slices.Equal(got, again) {
				t.Errorf("%s: 3 threads give other bits than %d", what, Threads())
			}
			parts := slices.Clone(c)
			for lo, step := 0, 1; lo*PanelN < n; lo, step = lo+step, step+2 {
				p.Columns(lo, lo+step, m, a, lda, parts, ldc, add)
			}
			if !slices.Equal(got, parts) {
				t.Errorf("%s: Columns gives other bits than Multiply", what)
			}
		}
	}
}

// The gates of a recurrent layer, in groups of units rather than one gate after the other.
func TestPackedSet(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	const m, k, units, gates = 5, 40, 27, 3
	a, b := random(r, m*k), random(r, gates*units*k)
	whole := make([]Float, m*gates*units)
	Gemm(m, gates*units, k, a, k, false, b, k, true, whole, gates*units, false)
	var p Packed
	groups := ceil(units, PanelN)
	p.Reset(k, groups*gates*PanelN)
	for u := range groups {
		for g := range gates {
			p.Set((u*gates+g)*PanelN, min(PanelN, units-u*PanelN), b[(g*units+u*PanelN)*k:], k, true)
		}
	}
	ldc := groups * gates * PanelN
	c := make([]Float, m*ldc)
	p.Multiply(m, a, k, c, ldc, false)
	for i := range m {
		for j := range ldc {
			u, g := j/PanelN/gates*PanelN+j%PanelN, j/PanelN%gates
			want := Float(0)
			if u < units {
				want = whole[i*gates*units+g*units+u]
			}
			if got := c[i*ldc+j]; got != want {
				t.Fatalf("row %d, unit %d, gate %d = %v, want %v", i, u, g, got, want)
			}
		}
	}
}

func TestPackedDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	a, b, c := make([]Float, 20*300), make([]Float, 300*200), make([]Float, 20*300)
	var p Packed
	run := func() {
		p.Pack(300, 200, b, 200, false)
		p.Pack(200, 300, b, 200, true)
		p.Multiply(20, a, 200, c, 300, false)
		p.Columns(2, 4, 20, a, 200, c, 300, true)
	}
	run()
	if n := testing.AllocsPerRun(50, run); n >= 1 {
		t.Errorf("Packed allocates %v times, want 0", n)
	}
}
