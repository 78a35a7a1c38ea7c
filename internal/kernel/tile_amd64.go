//go:build amd64 && !noasm && !float64

package kernel

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen ./gemm -pkg kernel -out ../gemm_amd64.s -stubs ../gemm_amd64.go
//go:generate go run -C _gen ./peak -pkg kernel -out ../peak_amd64.s -stubs ../peak_amd64.go
//go:generate go run -C _gen ./loops -pkg kernel -out ../loops_amd64.s -stubs ../loops_amd64.go

// level is what the processor can run.
var level = func() int {
	switch {
	case !cpu.X86.HasAVX2 || !cpu.X86.HasFMA:
		return levelGeneric
	case !cpu.X86.HasAVX512F || !cpu.X86.HasAVX512BW || !cpu.X86.HasAVX512DQ || !cpu.X86.HasAVX512VL:
		return levelAVX2
	}
	return levelAVX512
}()

const (
	levelGeneric = iota
	levelAVX2
	levelAVX512
)

// crowded, panel, pair, pairFetching, pack, packPair, packTransposed, copyRuns, touchSums, touchProducts, vectorColumns and dotRow are what
// tile_other.go says, in assembly where the processor has it.

func crowded(ks int) bool {
	return level == levelAVX512 && ks >= 128 || level == levelAVX2 && ks%256 == 0
}

func panel(m, n, k int, a []Float, rs, ks int, b []Float, bs int, c []Float, ldc int, add bool, e Epilogue) {
	if level == levelGeneric || k == 0 {
		panelGeneric(m, n, k, a, rs, ks, b, bs, c, ldc, add, e)
		return
	}
	bias, mode := e.tile(n, add)
	// What the assembly reads and writes lies within these.
	_, _, _ = a[(m-1)*rs+(k-1)*ks], b[(k-1)*bs+tileN-1], c[(m-1)*ldc+n-1]
	if level == levelAVX512 {
		panel512(m, n, k, a, rs, ks, b, bs, c, ldc, bias, mode)
		return
	}
	if n <= 8 {
		for i := 0; i < m; {
			x, y := &a[i*rs], &c[i*ldc]
			switch left := m - i; {
			case left >= 12:
				tile12x8(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
				i += 12
			case left >= 8:
				tile8x8(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
				i += 8
			case left >= 4:
				tile4x8(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
				i += 4
			case left >= 2:
				tile2x8(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
				i += 2
			default:
				tile1x8(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
				i++
			}
		}
		return
	}
	for i := 0; i < m; {
		x, y := &a[i*rs], &c[i*ldc]
		rows := min(tileM, m-i)
		if left := m - i; left > tileM && left < 2*tileM {
			rows = (left + 1) / 2 // two tiles of about the same height rather than one that hardly pays
		}
		switch rows {
		case 6:
			tile6x16(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
		case 5:
			tile5x16(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
		case 4:
			tile4x16(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
		case 3:
			tile3x16(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
		case 2:
			tile2x16(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
		default:
			tile1x16(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
		}
		i += rows
	}
}

func pair(m, n, k int, a []Float, rs, ks int, b []Float, bs, gap int, c []Float, ldc int, add bool, e Epilogue) {
	if n <= tileN {
		panel(m, n, k, a, rs, ks, b, bs, c, ldc, add, e)
		return
	}
	if level != levelAVX512 || k == 0 {
		panel(m, tileN, k, a, rs, ks, b, bs, c, ldc, add, e)
		panel(m, n-tileN, k, a, rs, ks, b[gap:], bs, c[tileN:], ldc, add, e.from(tileN))
		return
	}
	bias, mode := e.tile(n, add)
	_, _, _ = a[(m-1)*rs+(k-1)*ks], b[gap+(k-1)*bs+tileN-1], c[(m-1)*ldc+n-1]
	for i := 0; i < m; {
		x, y := &a[i*rs], &c[i*ldc]
		rows := pairRows(m - i)
		switch rows {
		case 12:
			pairTile12(k, x, 4*rs, 4*ks, &b[0], 4*bs, 4*gap, y, 4*ldc, n, bias, mode)
		case 10:
			pairTile10(k, x, 4*rs, 4*ks, &b[0], 4*bs, 4*gap, y, 4*ldc, n, bias, mode)
		case 8:
			pairTile8(k, x, 4*rs, 4*ks, &b[0], 4*bs, 4*gap, y, 4*ldc, n, bias, mode)
		case 6:
			pairTile6(k, x, 4*rs, 4*ks, &b[0], 4*bs, 4*gap, y, 4*ldc, n, bias, mode)
		case 5:
			pairTile5(k, x, 4*rs, 4*ks, &b[0], 4*bs, 4*gap, y, 4*ldc, n, bias, mode)
		case 4:
			pairTile4(k, x, 4*rs, 4*ks, &b[0], 4*bs, 4*gap, y, 4*ldc, n, bias, mode)
		case 3:
			pairTile3(k, x, 4*rs, 4*ks, &b[0], 4*bs, 4*gap, y, 4*ldc, n, bias, mode)
		case 2:
			pairTile2(k, x, 4*rs, 4*ks, &b[0], 4*bs, 4*gap, y, 4*ldc, n, bias, mode)
		default:
			pairTile1(k, x, 4*rs, 4*ks, &b[0], 4*bs, 4*gap, y, 4*ldc, n, bias, mode)
		}
		i += rows
	}
}

// pairRows returns how many of m rows the first pairTile takes: two tiles of about the same height rather than one that hardly pays.
func pairRows(m int) int {
	switch {
	case m > 12 && m < 24:
		return (m + 3) / 4 * 2
	case m > 6 && m < 12 && m%2 > 0:
		return (m + 1) / 2
	}
	return min(m, 12)
}

func pairFetching(
	m, k int, a []Float, rs, ks int, b, c []Float, ldc int, add bool, e Epilogue, next []Float, apart int,
) {
	i := 0
	if level == levelAVX512 && k > 0 {
		bias, mode := e.tile(2*tileN, add)
		_, _, _ = a[(m-1)*rs+(k-1)*ks], b[k*2*tileN-1], c[(m-1)*ldc+2*tileN-1]
		for fetched := 0; fetched < k && fetched*apart < len(next) && pairRows(m-i) >= 8; fetched += k / 2 {
			x, y, soon := &a[i*rs], &c[i*ldc], &next[fetched*apart]
			switch pairRows(m - i) {
			case 12:
				fetchingTile12(k, x, 4*rs, 4*ks, &b[0], soon, 4*apart, y, 4*ldc, 2*tileN, bias, mode)
			case 10:
				fetchingTile10(k, x, 4*rs, 4*ks, &b[0], soon, 4*apart, y, 4*ldc, 2*tileN, bias, mode)
			case 8:
				fetchingTile8(k, x, 4*rs, 4*ks, &b[0], soon, 4*apart, y, 4*ldc, 2*tileN, bias, mode)
			}
			i += pairRows(m - i)
		}
	}
	if i < m {
		pair(m-i, 2*tileN, k, a[i*rs:], rs, ks, b, 2*tileN, tileN, c[i*ldc:], ldc, add, e)
	}
}

func pack(dst, b []Float, ldb, k, n int) {
	if level == levelGeneric || n < tileN || k == 0 {
		packGeneric(dst, b, ldb, k, n)
		return
	}
	_, _ = dst[k*tileN-1], b[(k-1)*ldb+tileN-1]
	packRows16(&dst[0], &b[0], 4*ldb, k)
}

func packPair(
	dst, b []Float, ldb, m, k int, a []Float, rs, ks int, c []Float, ldc int, add bool, e Epilogue,
) (done int) {
	if level == levelGeneric || k == 0 {
		return packPairGeneric(dst, b, ldb, k)
	}
	_, _ = dst[k*2*tileN-1], b[(k-1)*ldb+2*tileN-1]
	if level != levelAVX512 || m < 8 {
		copyRuns8(&dst[0], 8*tileN, &b[0], 4*ldb, 2*tileN/8, k)
		return 0
	}
	rows := m
	if m > 12 {
		rows = pairRows(m)
	}
	_, _ = a[(rows-1)*rs+(k-1)*ks], c[(rows-1)*ldc+2*tileN-1]
	bias, mode := e.tile(2*tileN, add)
	switch {
	case rows >= 12:
		packingTile12(k, &a[0], 4*rs, 4*ks, &b[0], 4*ldb, &dst[0], &c[0], 4*ldc, 2*tileN, bias, mode)
		return 12
	case rows >= 10:
		packingTile10(k, &a[0], 4*rs, 4*ks, &b[0], 4*ldb, &dst[0], &c[0], 4*ldc, 2*tileN, bias, mode)
		return 10
	}
	packingTile8(k, &a[0], 4*rs, 4*ks, &b[0], 4*ldb, &dst[0], &c[0], 4*ldc, 2*tileN, bias, mode)
	return 8
}

func packTransposed(dst, b []Float, ldb, k, n int) {
	blocks := k / 8
	if level == levelGeneric || n < 8 || blocks == 0 {
		packTransposedGeneric(dst, b, ldb, k, n)
		return
	}
	_, _ = dst[k*tileN-1], b[(n-1)*ldb+k-1]
	if level == levelAVX512 && n == tileN && k >= 16 {
		blocks = k / 16
		packTransposed16(&dst[0], &b[0], 4*ldb, blocks)
		for i := range n {
			for p, v := range b[i*ldb:][16*blocks : k] {
				dst[(16*blocks+p)*tileN+i] = v
			}
		}
		return
	}
	done := n / 8 * 8
	for j := 0; j < done; j += 8 {
		packTransposed8(&dst[j], &b[j*ldb], 4*ldb, blocks)
		for i := j; i < j+8; i++ {
			for p, v := range b[i*ldb:][8*blocks : k] {
				dst[(8*blocks+p)*tileN+i] = v
			}
		}
	}
	if done == tileN {
		return
	}
	for i := done; i < n; i++ {
		for p, v := range b[i*ldb:][:k] {
			dst[p*tileN+i] = v
		}
	}
	for p := range k {
		clear(dst[p*tileN+n:][:tileN-n])
	}
}

// tile returns what the assembly takes for e, for n columns.
func (e Epilogue) tile(n int, add bool) (bias *Float, mode int) {
	if e.Bias != nil {
		bias = &e.Bias[:n][0]
	}
	if add {
		mode = modeAdd
	}
	if e.ReLU {
		mode |= modeReLU
	}
	return bias, mode
}

// The bits of mode.
const (
	modeAdd  = 1
	modeReLU = 2
)

// panel512 is panel for AVX-512; panel has checked the bounds.
func panel512(m, n, k int, a []Float, rs, ks int, b []Float, bs int, c []Float, ldc int, bias *Float, mode int) {
	for i := 0; i < m; {
		x, y := &a[i*rs], &c[i*ldc]
		rows := m - i
		switch {
		case rows >= 48:
			rows = 24
		case rows > 24:
			rows = (rows/2 + 3) / 4 * 4 // two tiles of about the same height rather than one that hardly pays
		}
		switch {
		case rows >= 24:
			wideTile24(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i += 24
		case rows >= 20:
			wideTile20(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i += 20
		case rows >= 16:
			wideTile16(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i += 16
		case rows >= 12:
			wideTile12(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i += 12
		case rows >= 8:
			wideTile8(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i += 8
		case rows >= 6:
			wideTile6(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i += 6
		case rows >= 4:
			wideTile4(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i += 4
		case rows >= 3:
			wideTile3(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i += 3
		case rows >= 2:
			wideTile2(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i += 2
		default:
			wideTile1(k, x, 4*rs, 4*ks, &b[0], 4*bs, y, 4*ldc, n, bias, mode)
			i++
		}
	}
}

func copyRuns(dst []Float, ldd int, src []Float, lds, width, n int) {
	if level == levelGeneric || n == 0 {
		copyRunsGeneric(dst, ldd, src, lds, width, n)
		return
	}
	_, _ = dst[(n-1)*ldd+width-1], src[(n-1)*lds+width-1]
	copyRuns8(&dst[0], 4*ldd, &src[0], 4*lds, width/8, n)
}

func touchSums(y []Float, ys int, x []Float, xs int, w []Float, touches []touch, n, pixels int, add bool) {
	if level == levelGeneric || n == 0 || pixels == 0 || len(touches) == 0 {
		touchSumsGeneric(y, ys, x, xs, w, touches, n, pixels, add)
		return
	}
	_ = y[(pixels-1)*ys+n-1]
	bounds(touches, x, (pixels-1)*xs+n, w, n)
	adding := 0
	if add {
		adding = 1
	}
	vectorTouchSums(&y[0], ys, &x[0], xs, &w[0], &touches[0].source, len(touches), n, pixels, adding)
}

func touchProducts(w, y []Float, ys int, x []Float, xs int, touches []touch, n, pixels int) {
	if level == levelGeneric || n == 0 || pixels == 0 || len(touches) == 0 {
		touchProductsGeneric(w, y, ys, x, xs, touches, n, pixels)
		return
	}
	_ = y[(pixels-1)*ys+n-1]
	bounds(touches, x, (pixels-1)*xs+n, w, n)
	vectorTouchProducts(&w[0], &y[0], ys, &x[0], xs, &touches[0].source, len(touches), n, pixels)
}

// bounds checks that so many numbers from every touch on lie within x, and n within w.
func bounds(touches []touch, x []Float, many int, w []Float, n int) {
	for _, t := range touches {
		_, _ = x[t.source:][many-1], w[t.weights:][n-1]
	}
}

func vectorColumns(c *[vectorN]Float, k int, a []Float, ks int, b []Float, ldb int) {
	if level == levelGeneric || k == 0 {
		vectorColumnsGeneric(c, k, a, ks, b, ldb)
		return
	}
	_, _ = a[(k-1)*ks], b[(k-1)*ldb+vectorN-1]
	vector64(k, &a[0], 4*ks, &b[0], 4*ldb, &c[0])
}

func dotRow(a, b []Float) Float {
	blocks := len(a) / 32
	if level == levelGeneric || blocks == 0 {
		return dotRowGeneric(a, b)
	}
	b = b[:len(a)]
	return dot32(&a[0], &b[0], blocks) + dotRowGeneric(a[32*blocks:], b[32*blocks:])
}
