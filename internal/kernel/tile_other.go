//go:build !amd64 || noasm || float64

package kernel

// crowded reports whether the rows of a transposed a are to be copied before tiles read them: elements that lie ks apart contend for the
// same few places in the cache, or for the pages that the processor has in mind, before a tile has used up what it has loaded.
func crowded(ks int) bool { return false }

// panel computes c = a·b, or adds it to c, for the m×k matrix a, element i, p of which is a[i·rs+p·ks], and the k×n
// matrix b, n ≤ tileN, row p of which begins at b[p·bs]. Rows of b are read up to tileN, whatever n, so they must
// be there. e follows behind the sum, its Bias beginning with the first of the n columns.
//
// Every element of c is one sum in the order of k, however the rows are cut into tiles.
func panel(m, n, k int, a []Float, rs, ks int, b []Float, bs int, c []Float, ldc int, add bool, e Epilogue) {
	panelGeneric(m, n, k, a, rs, ks, b, bs, c, ldc, add, e)
}

// pair is panel for up to two panels of b, of which the second lies gap behind the first.
func pair(m, n, k int, a []Float, rs, ks int, b []Float, bs, gap int, c []Float, ldc int, add bool, e Epilogue) {
	if n <= tileN {
		panel(m, n, k, a, rs, ks, b, bs, c, ldc, add, e)
		return
	}
	panel(m, tileN, k, a, rs, ks, b, bs, c, ldc, add, e)
	panel(m, n-tileN, k, a, rs, ks, b[gap:], bs, c[tileN:], ldc, add, e.from(tileN))
}

// pairFetching is pair for the panels that packPair leaves in b, row behind row. Meanwhile it fetches rows that will be packed after
// these: k of them, apart from one another, if next has so many.
func pairFetching(
	m, k int, a []Float, rs, ks int, b, c []Float, ldc int, add bool, e Epilogue, next []Float, apart int,
) {
	pair(m, 2*tileN, k, a, rs, ks, b, 2*tileN, tileN, c, ldc, add, e)
}

// pack copies the k×n matrix b, n ≤ tileN, to rows of tileN, with zeros behind n.
func pack(dst, b []Float, ldb, k, n int) { packGeneric(dst, b, ldb, k, n) }

// packPair copies the k×(2·tileN) matrix b to dst, row behind row. It also computes the first rows of c = a·b, of which
// there are m, as pair does, if that can be done at the same time, and returns how many.
func packPair(
	dst, b []Float, ldb, m, k int, a []Float, rs, ks int, c []Float, ldc int, add bool, e Epilogue,
) (done int) {
	return packPairGeneric(dst, b, ldb, k)
}

// packTransposed is pack for a b that is stored as n×k.
func packTransposed(dst, b []Float, ldb, k, n int) { packTransposedGeneric(dst, b, ldb, k, n) }

// copyRuns copies n runs of width, a multiple of 8, from places lds apart to places ldd apart, one after the other.
func copyRuns(dst []Float, ldd int, src []Float, lds, width, n int) {
	copyRunsGeneric(dst, ldd, src, lds, width, n)
}

// touchSums computes y, n numbers for each of as many pixels, ys apart, as the sum over the touches of x·w, or adds it to y. A touch is at
// the pixel of x that the first pixel of y sees; the others see those behind it, xs apart.
func touchSums(y []Float, ys int, x []Float, xs int, w []Float, touches []touch, n, pixels int, add bool) {
	touchSumsGeneric(y, ys, x, xs, w, touches, n, pixels, add)
}

// touchProducts adds to w, for every touch, the sum over the pixels of x·y.
func touchProducts(w, y []Float, ys int, x []Float, xs int, touches []touch, n, pixels int) {
	touchProductsGeneric(w, y, ys, x, xs, touches, n, pixels)
}

// vectorColumns multiplies a vector, ks apart, by the first vectorN columns of b.
func vectorColumns(c *[vectorN]Float, k int, a []Float, ks int, b []Float, ldb int) {
	vectorColumnsGeneric(c, k, a, ks, b, ldb)
}

// dotRow returns the inner product of a and b.
func dotRow(a, b []Float) Float { return dotRowGeneric(a, b) }
