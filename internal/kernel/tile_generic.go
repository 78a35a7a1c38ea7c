package kernel

// panelGeneric is panel in plain Go: 4×4 tiles whose sums stay in registers.
func panelGeneric(m, n, k int, a []Float, rs, ks int, b []Float, bs int, c []Float, ldc int, add bool, e Epilogue) {
	for j := 0; j < n; j += 4 {
		w := min(4, n-j)
		for i := 0; i < m; i += 4 {
			var s [4][4]Float
			if m-i >= 4 {
				tile4(&s, k, a[i*rs:], rs, ks, b[j:], bs)
			} else {
				for r := range m - i {
					tile1(&s[r], k, a[(i+r)*rs:], ks, b[j:], bs)
				}
			}
			for r := range min(4, m-i) {
				row := c[(i+r)*ldc+j:][:w]
				for x := range row {
					if add {
						row[x] += s[r][x]
					} else {
						row[x] = s[r][x]
					}
				}
			}
		}
	}
	e.apply(c, ldc, 0, m, 0, n)
}

// tile4 computes a 4×4 tile, as two halves of 2×4: eight sums, four elements of b and two of a fit the registers.
func tile4(s *[4][4]Float, k int, a []Float, rs, ks int, b []Float, bs int) {
	for h := 0; h < 4; h += 2 {
		a0, a1 := a[h*rs:], a[(h+1)*rs:]
		var s00, s01, s02, s03, s10, s11, s12, s13 Float
		for p := range k {
			y := b[p*bs : p*bs+4 : p*bs+4]
			x0, x1 := a0[p*ks], a1[p*ks]
			s00 += x0 * y[0]
			s01 += x0 * y[1]
			s02 += x0 * y[2]
			s03 += x0 * y[3]
			s10 += x1 * y[0]
			s11 += x1 * y[1]
			s12 += x1 * y[2]
			s13 += x1 * y[3]
		}
		s[h] = [4]Float{s00, s01, s02, s03}
		s[h+1] = [4]Float{s10, s11, s12, s13}
	}
}

// tile1 computes a 1×4 tile.
func tile1(s *[4]Float, k int, a []Float, ks int, b []Float, bs int) {
	var s0, s1, s2, s3 Float
	for p := range k {
		y := b[p*bs : p*bs+4 : p*bs+4]
		x := a[p*ks]
		s0 += x * y[0]
		s1 += x * y[1]
		s2 += x * y[2]
		s3 += x * y[3]
	}
	*s = [4]Float{s0, s1, s2, s3}
}

// packGeneric is pack in plain Go.
func packGeneric(dst, b []Float, ldb, k, n int) {
	for p := range k {
		row := dst[p*tileN:][:tileN]
		copy(row, b[p*ldb:][:n])
		clear(row[n:])
	}
}

// packPairGeneric is packPair in plain Go; it computes no rows.
func packPairGeneric(dst, b []Float, ldb, k int) (done int) {
	copyRunsGeneric(dst, 2*tileN, b, ldb, 2*tileN, k)
	return 0
}

// packTransposedGeneric is packTransposed in plain Go.
func packTransposedGeneric(dst, b []Float, ldb, k, n int) {
	for j := range n {
		for p, v := range b[j*ldb:][:k] {
			dst[p*tileN+j] = v
		}
	}
	if n < tileN {
		for p := range k {
			clear(dst[p*tileN+n:][:tileN-n])
		}
	}
}

// copyRunsGeneric is copyRuns in plain Go.
func copyRunsGeneric(dst []Float, ldd int, src []Float, lds, width, n int) {
	for i := range n {
		copy(dst[i*ldd:][:width], src[i*lds:][:width])
	}
}
