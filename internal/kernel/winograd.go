package kernel

// The transforms of Winograd's convolution F(4×4, 3×3) along one axis, and their twins in plain Go. Each turns vectors of n numbers, ss apart in
// src, into vectors that are ds apart in dst, and does so count times, sstep and dstep further on. The points are 0, ±a, ±b and
// infinity; what the polynomials are divided by stands with the filter.

const (
	pointA = 5. / 8
	pointB = 3. / 2
	squaA  = pointA * pointA
	squaB  = pointB * pointB
	normO  = squaA * squaB
	normA  = 2 * squaA * (squaA - squaB)
	normB  = 2 * squaB * (squaB - squaA)
)

// A vectors is what a transform reads or writes: vectors apart from each other, and from one count to the next.
type vectors struct {
	data       []Float
	apart, far int
}

// A transform turns vectors of n numbers, count times.
type transform func(dst, src vectors, n, count int)

var (
	winogradData          = along(vectorWinogradData, 6, 6, winogradDataGeneric)
	winogradFilter        = along(vectorWinogradFilter, 3, 6, winogradFilterGeneric)
	winogradOutput        = along(vectorWinogradOutput, 6, 4, winogradOutputGeneric)
	winogradOutputAdjoint = along(vectorWinogradOutputAdjoint, 4, 6, winogradOutputAdjointGeneric)
	winogradFilterAdjoint = along(vectorWinogradFilterAdjoint, 6, 3, winogradFilterAdjointGeneric)
)

// each calls f with the places of every number in both.
func each(dst, src vectors, n, count int, f func(to, from int)) {
	for c := range count {
		for i := range n {
			f(c*dst.far+i, c*src.far+i)
		}
	}
}

// winogradDataGeneric turns the six pixels of a tile into the values of their polynomial at the points.
func winogradDataGeneric(dst, src vectors, n, count int) {
	each(dst, src, n, count, func(to, from int) {
		var x [6]Float
		for k := range x {
			x[k] = src.data[from+k*src.apart]
		}
		put := func(k int, v Float) { dst.data[to+k*dst.apart] = v }
		put(0, normO*x[0]+(x[4]-(squaA+squaB)*x[2]))
		even, odd := x[4]-squaB*x[2], x[3]-squaB*x[1]
		put(1, even+pointA*odd)
		put(2, even-pointA*odd)
		even, odd = x[4]-squaA*x[2], x[3]-squaA*x[1]
		put(3, even+pointB*odd)
		put(4, even-pointB*odd)
		put(5, normO*x[1]+(x[5]-(squaA+squaB)*x[3]))
	})
}

// winogradFilterGeneric does the same for three weights.
func winogradFilterGeneric(dst, src vectors, n, count int) {
	each(dst, src, n, count, func(to, from int) {
		x0, x1, x2 := src.data[from], src.data[from+src.apart], src.data[from+2*src.apart]
		put := func(k int, v Float) { dst.data[to+k*dst.apart] = v }
		put(0, (1/normO)*x0)
		even, odd := (squaA/normA)*x2+(1/normA)*x0, (pointA/normA)*x1
		put(1, even+odd)
		put(2, even-odd)
		even, odd = (squaB/normB)*x2+(1/normB)*x0, (pointB/normB)*x1
		put(3, even+odd)
		put(4, even-odd)
		put(5, x2)
	})
}

// winogradOutputGeneric turns the products at the points into four pixels.
func winogradOutputGeneric(dst, src vectors, n, count int) {
	each(dst, src, n, count, func(to, from int) {
		at := func(k int) Float { return src.data[from+k*src.apart] }
		sumA, difA, sumB, difB := at(1)+at(2), at(1)-at(2), at(3)+at(4), at(3)-at(4)
		first, last := at(0), at(5)
		put := func(k int, v Float) { dst.data[to+k*dst.apart] = v }
		put(0, first+sumA+sumB)
		put(1, pointB*difB+pointA*difA)
		put(2, squaB*sumB+squaA*sumA)
		put(3, pointB*squaB*difB+(pointA*squaA*difA+last))
	})
}

// winogradOutputAdjointGeneric is the adjoint of winogradOutputGeneric: four gradients to six.
func winogradOutputAdjointGeneric(dst, src vectors, n, count int) {
	each(dst, src, n, count, func(to, from int) {
		var x [4]Float
		for k := range x {
			x[k] = src.data[from+k*src.apart]
		}
		put := func(k int, v Float) { dst.data[to+k*dst.apart] = v }
		put(0, x[0])
		even, odd := squaA*x[2]+x[0], squaA*x[3]+x[1]
		put(1, even+pointA*odd)
		put(2, even-pointA*odd)
		even, odd = squaB*x[2]+x[0], squaB*x[3]+x[1]
		put(3, even+pointB*odd)
		put(4, even-pointB*odd)
		put(5, x[3])
	})
}

// winogradFilterAdjointGeneric is the adjoint of winogradFilterGeneric: six gradients to three.
func winogradFilterAdjointGeneric(dst, src vectors, n, count int) {
	each(dst, src, n, count, func(to, from int) {
		at := func(k int) Float { return src.data[from+k*src.apart] }
		sumA, difA, sumB, difB := at(1)+at(2), at(1)-at(2), at(3)+at(4), at(3)-at(4)
		first, last := at(0), at(5)
		put := func(k int, v Float) { dst.data[to+k*dst.apart] = v }
		put(0, (1/normB)*sumB+((1/normA)*sumA+(1/normO)*first))
		put(1, (pointB/normB)*difB+(pointA/normA)*difA)
		put(2, (squaB/normB)*sumB+((squaA/normA)*sumA+last))
	})
}
