//go:build amd64 && !noasm && !float64

package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// guarded returns n random numbers with a canary of eight on either side of them, and the slice that has both.
func guarded(r *rand.Rand, n int) (x, all []Float) {
	all = random(r, n+16)
	return all[8 : 8+n : 8+n], all
}

func TestPanelAgreesWithGeneric(t *testing.T) {
	eachLevel(t, testPanelAgreesWithGeneric)
}

func testPanelAgreesWithGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for m := 1; m <= 50; m++ {
		for n := 1; n <= tileN; n++ {
			for _, k := range []int{0, 1, 2, 3, 4, 7, 8, 65} {
				for mode := range 16 {
					rs, ks := k+3, 1
					if mode&1 > 0 {
						rs, ks = 1, m+2
					}
					bs := tileN
					if mode&2 > 0 {
						bs = tileN + 5
					}
					add := mode&4 > 0
					var e Epilogue
					if mode&8 > 0 {
						e = Epilogue{Bias: random(r, n), ReLU: m&1 > 0}
					}
					ldc := n + r.IntN(4)
					a, b := random(r, max(1, m*rs+k*ks)), random(r, max(1, k)*bs)
					got, gotAll := guarded(r, (m-1)*ldc+n)
					want := slices.Clone(gotAll)
					panelGeneric(m, n, k, a, rs, ks, b, bs, want[8:], ldc, add, e)
					panel(m, n, k, a, rs, ks, b, bs, got, ldc, add, e)
					for i := range want {
						if d := math.Abs(float64(gotAll[i] - want[i])); !(d <= epsilon*float64(4+k)) {
							t.Fatalf("panel(m=%d n=%d k=%d mode=%d): element %d = %v, want %v",
								m, n, k, mode, i-8, gotAll[i], want[i])
						}
					}
					for i := range m { // what lies between the rows and around them is not touched
						for j := n; j < ldc && i < m-1; j++ {
							if gotAll[8+i*ldc+j] != want[8+i*ldc+j] {
								t.Fatalf("panel(m=%d n=%d k=%d mode=%d) writes behind row %d", m, n, k, mode, i)
							}
						}
					}
					if !slices.Equal(gotAll[:8], want[:8]) || !slices.Equal(gotAll[8+len(got):], want[8+len(got):]) {
						t.Fatalf("panel(m=%d n=%d k=%d mode=%d) writes around c", m, n, k, mode)
					}
				}
			}
		}
	}
}

func TestPairAgreesWithGeneric(t *testing.T) {
	eachLevel(t, testPairAgreesWithGeneric)
}

func testPairAgreesWithGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	for m := 1; m <= 40; m++ {
		for n := tileN + 1; n <= 2*tileN; n++ {
			for _, k := range []int{0, 1, 2, 7, 64} {
				for mode := range 4 {
					add := mode&1 > 0
					var e Epilogue
					if mode&2 > 0 {
						e = Epilogue{Bias: random(r, n), ReLU: m&1 > 0}
					}
					gap, bs, ldc := tileN*max(1, k), tileN, n+r.IntN(3)
					if add { // in place
						gap, bs = tileN, 2*tileN+3
					}
					a, b := random(r, m*(k+1)), random(r, 2*max(1, k)*bs)
					got, gotAll := guarded(r, (m-1)*ldc+n)
					want := slices.Clone(gotAll)
					panelGeneric(m, tileN, k, a, k+1, 1, b, bs, want[8:], ldc, add, e)
					panelGeneric(m, n-tileN, k, a, k+1, 1, b[gap:], bs, want[8+tileN:], ldc, add, e.from(tileN))
					pair(m, n, k, a, k+1, 1, b, bs, gap, got, ldc, add, e)
					for i := range want {
						if d := math.Abs(float64(gotAll[i] - want[i])); !(d <= epsilon*float64(4+k)) {
							t.Fatalf("pair(m=%d n=%d k=%d): element %d = %v, want %v", m, n, k, i-8, gotAll[i], want[i])
						}
					}
				}
			}
		}
	}
}

func TestPanelPropagatesNaNAndInf(t *testing.T) {
	eachLevel(t, testPanelPropagatesNaNAndInf)
}

func testPanelPropagatesNaNAndInf(t *testing.T) {
	values := []Float{1, -2, 0, Float(math.Inf(1)), Float(math.Inf(-1)), Float(math.NaN())}
	r := rand.New(rand.NewPCG(15, 16))
	const k = 9
	for m := 1; m <= 25; m++ {
		for _, n := range []int{1, 7, 8, 9, 15, 16} {
			for range 20 {
				a, b := slices.Repeat([]Float{1}, m*k), slices.Repeat([]Float{1}, k*tileN)
				a[r.IntN(len(a))], b[r.IntN(len(b))] = values[r.IntN(len(values))], values[r.IntN(len(values))]
				got, want := make([]Float, m*n), make([]Float, m*n)
				panel(m, n, k, a, k, 1, b, tileN, got, n, false, Epilogue{})
				panelGeneric(m, n, k, a, k, 1, b, tileN, want, n, false, Epilogue{})
				for i, w := range want {
					if g := got[i]; g != w && !(g != g && w != w) {
						t.Fatalf("m=%d n=%d: element %d = %v, want %v", m, n, i, g, w)
					}
				}
			}
		}
	}
}

func TestPackAgreesWithGeneric(t *testing.T) {
	eachLevel(t, testPackAgreesWithGeneric)
}

func testPackAgreesWithGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for k := 0; k <= 40; k++ {
		for n := 1; n <= 24; n++ {
			for _, v := range []struct {
				name          string
				f, generic    func(dst, src []Float, ld, k, n int)
				width, length int // what the packed rows are long, and how long src is
				ld            int
			}{
				{"pack", pack, packGeneric, tileN, max(0, (k-1)*(n+3)+n), n + 3},
				{"packTransposed", packTransposed, packTransposedGeneric, tileN, (n-1)*(k+3) + k, k + 3},
			} {
				if n > v.width {
					continue
				}
				src := random(r, v.length)
				got, gotAll := guarded(r, k*v.width)
				want := slices.Clone(gotAll)
				v.generic(want[8:8+len(got)], src, v.ld, k, n)
				v.f(got, src, v.ld, k, n)
				if !slices.Equal(gotAll, want) {
					t.Fatalf("%s(k=%d n=%d) = %v, want %v", v.name, k, n, gotAll, want)
				}
			}
		}
	}
}

func TestPackPairAgreesWithGeneric(t *testing.T) {
	eachLevel(t, testPackPairAgreesWithGeneric)
}

func testPackPairAgreesWithGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for m := 1; m < 40; m++ {
		for k := 1; k < 20; k++ {
			a, b := random(r, m*k), random(r, (k-1)*71+2*tileN)
			e, ldc := Epilogue{Bias: random(r, 2*tileN), ReLU: m&1 > 0}, 2*tileN+k&1
			got, gotAll := guarded(r, 2*tileN*k)
			c, cAll := guarded(r, (m-1)*ldc+2*tileN)
			want, wantC := slices.Clone(gotAll), slices.Clone(cAll)
			packPairGeneric(want[8:8+len(got)], b, 71, k)
			done := packPair(got, b, 71, m, k, a, k, 1, c, ldc, m&2 > 0, e)
			if !slices.Equal(gotAll, want) {
				t.Fatalf("packPair(m=%d k=%d) = %v, want %v", m, k, gotAll, want)
			}
			if done > 0 {
				pair(done, 2*tileN, k, a, k, 1, b, 71, tileN, wantC[8:], ldc, m&2 > 0, e)
			}
			if done > m || !slices.Equal(cAll, wantC) {
				t.Fatalf("packPair(m=%d k=%d) computes other %d rows than pair", m, k, done)
			}
			for _, next := range [][]Float{nil, b, b[:len(b)/2]} {
				pair(m, 2*tileN, k, a, k, 1, b, 71, tileN, wantC[8:], ldc, m&2 > 0, e)
				pairFetching(m, k, a, k, 1, got, c, ldc, m&2 > 0, e, next, 71)
				if !slices.Equal(cAll, wantC) {
					t.Fatalf("pairFetching(m=%d k=%d) computes other numbers than pair", m, k)
				}
			}
		}
	}
}

func TestTouchesAgreeWithGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for n := 1; n < 150; n++ {
		for pixels := range 7 {
			xs, ys := n+r.IntN(3), n+r.IntN(3)
			x, w := random(r, 9*xs), random(r, 3*n)
			touches := make([]touch, r.IntN(6))
			for i := range touches {
				touches[i] = touch{r.IntN(3 * n), r.IntN(2*n + 1)}
			}
			add := r.IntN(2) == 0
			got, gotAll := guarded(r, max(1, (pixels-1)*ys+n))
			want := slices.Clone(gotAll)
			touchSumsGeneric(want[8:], ys, x, xs, w, touches, n, pixels, add)
			touchSums(got, ys, x, xs, w, touches, n, pixels, add)
			if i := unequal(gotAll, want, 8*epsilon); i >= 0 {
				t.Fatalf("touchSums(n=%d pixels=%d touches=%v): element %d = %v, want %v", n, pixels, touches, i-8, gotAll[i], want[i])
			}
			y := random(r, 7*ys)
			got, gotAll = guarded(r, 3*n)
			want = slices.Clone(gotAll)
			touchProductsGeneric(want[8:8+3*n], y, ys, x, xs, touches, n, pixels)
			touchProducts(got, y, ys, x, xs, touches, n, pixels)
			if i := unequal(gotAll, want, 16*epsilon); i >= 0 {
				t.Fatalf("touchProducts(n=%d pixels=%d touches=%v): element %d = %v, want %v", n, pixels, touches, i-8, gotAll[i], want[i])
			}
		}
	}
}

// unequal returns the first element in which a and b differ by more than a limit, or −1.
func unequal(a, b []Float, limit float64) int {
	for i := range a {
		if !(math.Abs(float64(a[i]-b[i])) <= limit) {
			return i
		}
	}
	return -1
}

// Everything that is made of panels, with the assembly and without.
func TestGemmAgreesWithGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	for _, s := range gemmShapes {
		m, n, k := s[0], s[1], s[2]
		for _, ta := range []bool{false, true} {
			lda := k
			if ta {
				lda = m
			}
			a, b, want := random(r, m*k), random(r, k*n), make([]Float, m*n)
			withLevel(levelGeneric, func() { Gemm(m, n, k, a, lda, ta, b, n, false, want, n, false) })
			var first []Float
			eachLevel(t, func(t *testing.T) {
				got := make([]Float, m*n)
				Gemm(m, n, k, a, lda, ta, b, n, false, got, n, false)
				if first == nil {
					first = got
				}
				if !slices.Equal(got, first) {
					t.Fatalf("Gemm %v: AVX-512 gives other bits than AVX2", s)
				}
				for i, w := range want {
					if d := math.Abs(float64(got[i] - w)); !(d <= epsilon*float64(4+k)) {
						t.Fatalf("Gemm %v: element %d = %v with assembly, %v without", s, i, got[i], w)
					}
				}
			})
		}
	}
}

func withLevel(l int, f func()) {
	before := level
	level = l
	defer func() { level = before }()
	f()
}

// eachLevel tests what this processor can run.
func eachLevel(t *testing.T, f func(t *testing.T)) {
	best := level
	for l := levelAVX2; l <= levelAVX512; l++ {
		t.Run([]string{levelAVX2: "AVX2", levelAVX512: "AVX-512"}[l], func(t *testing.T) {
			if l > best {
				t.Skip("this processor cannot run it")
			}
			withLevel(l, func() { f(t) })
		})
	}
}
