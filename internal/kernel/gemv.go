package kernel

import "sync"

// A gemv is the product of a vector and a matrix under way. Every element of the matrix is used once, so it is read
// where it lies, in runs as long as can be.
type gemv struct {
	n, k   int
	a      []Float // the vector, ks apart
	ks     int
	b      []Float // the matrix: n rows of k where byRows is set, or k rows of n
	ldb    int
	c      []Float // the result, cs apart
	cs     int
	add    bool
	byRows bool
}

var gemvs = sync.Pool{New: func() any { return new(gemv) }}

// vectorN is the number of columns that are summed together.
const vectorN = 64

// multiplyVector does Gemm where one of the operands is a vector that fits, and reports whether it has.
func multiplyVector(
	m, n, k int, a []Float, lda int, ta bool, b []Float, ldb int, tb bool, c []Float, ldc int, add bool,
) bool {
	t := gemv{n: n, k: k, a: a, ks: 1, b: b, ldb: ldb, c: c, cs: 1, add: add}
	switch {
	case m == 1 && !tb && n >= vectorN:
		if ta {
			t.ks = lda
		}
	case m == 1 && tb && (!ta || lda == 1):
		t.byRows = true
	case n == 1 && !ta && (tb || ldb == 1):
		t = gemv{n: m, k: k, a: b, ks: 1, b: a, ldb: lda, c: c, cs: ldc, add: add, byRows: true}
	default:
		return false
	}
	p := gemvs.Get().(*gemv)
	*p = t
	if t.byRows {
		parallel(t.n, max(1, smallPiece/k), p)
	} else {
		parallel(ceil(n, vectorN), max(1, smallPiece/(k*vectorN)), p)
	}
	*p = gemv{}
	gemvs.Put(p)
	return true
}

func (t *gemv) run(lo, hi int) {
	for i := lo; i < hi; i++ {
		if t.byRows {
			s := dotRow(t.a[:t.k], t.b[i*t.ldb:][:t.k])
			if t.add {
				s += t.c[i*t.cs]
			}
			t.c[i*t.cs] = s
			continue
		}
		from := i * vectorN
		j := min(from, t.n-vectorN) // the last columns are summed together with some before them
		var sums [vectorN]Float
		vectorColumns(&sums, t.k, t.a, t.ks, t.b[j:], t.ldb)
		row := t.c[from : j+vectorN]
		for x, v := range sums[from-j:] {
			if t.add {
				v += row[x]
			}
			row[x] = v
		}
	}
}

// vectorColumnsGeneric is vectorColumns in plain Go.
func vectorColumnsGeneric(c *[vectorN]Float, k int, a []Float, ks int, b []Float, ldb int) {
	*c = [vectorN]Float{}
	for p := range k {
		x := a[p*ks]
		for j, y := range b[p*ldb:][:vectorN] {
			c[j] += x * y
		}
	}
}

// dotRowGeneric is dotRow in plain Go.
func dotRowGeneric(a, b []Float) Float {
	b = b[:len(a)]
	var s0, s1, s2, s3 Float
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
