package kernel

import "fmt"

// maxRank is how many axes a nest can have after neighbours that lie behind one another in memory are joined.
const maxRank = 8

// A nest is loops within loops over two operands, innermost first: how often each loop runs, and by how much it moves in either
// operand.
type nest struct {
	rank int
	dims [maxRank]int
	p, q [maxRank]int
}

// wrap puts a loop around the nest. A loop that only continues the last one is joined with it.
func (n *nest) wrap(dim, p, q int) {
	if dim == 1 && n.rank > 0 {
		return
	}
	if last := n.rank - 1; last >= 0 {
		d := n.dims[last]
		if d == 1 {
			n.dims[last], n.p[last], n.q[last] = dim, p, q
			return
		}
		if p == n.p[last]*d && q == n.q[last]*d {
			n.dims[last] *= dim
			return
		}
	}
	if n.rank == maxRank {
		panic(fmt.Sprintf("kernel: more than %d axes that cannot be joined", maxRank))
	}
	n.dims[n.rank], n.p[n.rank], n.q[n.rank] = dim, p, q
	n.rank++
}

// len returns how many elements the nest visits. It gives an empty nest, of a scalar, the one loop that it needs.
func (n *nest) len() int {
	if n.rank == 0 {
		n.wrap(1, 1, 1)
	}
	size := 1
	for _, d := range n.dims[:n.rank] {
		size *= d
	}
	return size
}

// A cursor is a place in a nest: the offsets in both operands, and how many elements are left of the innermost loop.
type cursor struct {
	p, q, left int
	at         [maxRank]int
}

// at returns the place of the i-th element.
func (n *nest) at(i int) (c cursor) {
	for axis, d := range n.dims[:n.rank] {
		k := i % d
		i /= d
		c.at[axis] = k
		c.p += k * n.p[axis]
		c.q += k * n.q[axis]
	}
	c.left = n.dims[0] - c.at[0]
	return c
}

// next moves c to the start of the next innermost loop.
func (n *nest) next(c *cursor) {
	c.p -= c.at[0] * n.p[0]
	c.q -= c.at[0] * n.q[0]
	c.at[0], c.left = 0, n.dims[0]
	for axis := 1; axis < n.rank; axis++ {
		c.p += n.p[axis]
		c.q += n.q[axis]
		if c.at[axis]++; c.at[axis] < n.dims[axis] {
			return
		}
		c.p -= n.dims[axis] * n.p[axis]
		c.q -= n.dims[axis] * n.q[axis]
		c.at[axis] = 0
	}
}

// dense reports whether an operand with these strides lies in the order of the nest, without gaps.
func (n *nest) dense(strides *[maxRank]int) bool {
	size := 1
	for axis, d := range n.dims[:n.rank] {
		if strides[axis] != size {
			return false
		}
		size *= d
	}
	return true
}

// read copies the elements from on of x, the second operand or the first, in the order of the nest.
func (n *nest) read(dst, x []Float, second bool, from int) {
	c := n.at(from)
	at, step := &c.p, n.p[0]
	if second {
		at, step = &c.q, n.q[0]
	}
	for len(dst) > 0 {
		row := dst[:min(c.left, len(dst))]
		for i, k := 0, *at; i < len(row); i, k = i+1, k+step {
			row[i] = x[k]
		}
		dst = dst[len(row):]
		n.next(&c)
	}
}
