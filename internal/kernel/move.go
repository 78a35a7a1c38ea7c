package kernel

// Move copies dims elements from src to dst. In either they begin at an offset and lie apart by strides per axis, which may be
// negative, and 0 in src. It is Permute, Slice, Pad, Concat, Split, Flip and BroadcastTo.
func Move(dst []Float, do int, ds []int, src []Float, so int, ss []int, dims []int) {
	t := moveJobs.get()
	defer moveJobs.put(t)
	t.dst, t.src, t.do, t.so = dst, src, do, so

	// Loops in the order of dst's memory, so that neighbours are found and written together.
	var axes [2 * maxRank]int
	order := axes[:0]
	for axis := len(dims) - 1; axis >= 0; axis-- {
		if dims[axis] == 0 {
			return
		}
		if dims[axis] == 1 {
			continue
		}
		i := len(order)
		order = append(order, axis)
		for ; i > 0 && abs(ds[order[i-1]]) > abs(ds[axis]); i-- {
			order[i] = order[i-1]
		}
		order[i] = axis
	}
	for _, axis := range order {
		t.loops.wrap(dims[axis], ds[axis], ss[axis])
	}

	if across := t.loops.transposed(); across > 0 {
		t.loops.bring(across)
		t.tiles = (t.loops.dims[1] + tile - 1) / tile
		rest := t.loops.len() / (t.loops.dims[0] * t.loops.dims[1])
		parallel(rest*t.tiles, streamGrainOf(t.loops.len(), tile*t.loops.dims[0]), t)
		return
	}
	parallel(t.loops.len(), max(2*grain, streamGrain(t.loops.len())), t)
}

// tile is the side of the squares in which a transposition runs over memory: a cache line of float32.
const tile = 16

// transposed returns the loop that runs along src's memory if the innermost runs along dst's and not along src's, else 0.
func (n *nest) transposed() int {
	if n.rank < 2 || n.p[0] != 1 || n.q[0] == 0 || abs(n.q[0]) == 1 {
		return 0
	}
	for axis := 1; axis < n.rank; axis++ {
		if abs(n.q[axis]) == 1 {
			return axis
		}
	}
	return 0
}

// bring makes a loop the second innermost.
func (n *nest) bring(axis int) {
	for ; axis > 1; axis-- {
		n.dims[axis], n.dims[axis-1] = n.dims[axis-1], n.dims[axis]
		n.p[axis], n.p[axis-1] = n.p[axis-1], n.p[axis]
		n.q[axis], n.q[axis-1] = n.q[axis-1], n.q[axis]
	}
}

// A moveJob's pieces are elements or, if tiles is not 0, strips of a transposition tile wide.
type moveJob struct {
	dst, src []Float
	do, so   int
	loops    nest
	tiles    int
}

var moveJobs jobs[moveJob, *moveJob]

func (t *moveJob) run(lo, hi int) {
	if t.tiles > 0 {
		for ; lo < hi; lo++ {
			t.strip(lo/t.tiles, lo%t.tiles*tile)
		}
		return
	}
	ds, ss := t.loops.p[0], t.loops.q[0]
	for c := t.loops.at(lo); lo < hi; t.loops.next(&c) {
		n := min(c.left, hi-lo)
		p, q := t.do+c.p, t.so+c.q
		if k := t.runs(&c, hi-lo); k > 1 {
			copyRuns(t.dst[p:], t.loops.p[1], t.src[q:], t.loops.q[1], n, k)
			c.at[1] += k - 1
			c.p += (k - 1) * t.loops.p[1]
			c.q += (k - 1) * t.loops.q[1]
			lo += k * n
			continue
		}
		lo += n
		switch {
		case ds == 1 && ss == 1:
			copy(t.dst[p:p+n], t.src[q:q+n])
		case ds == 1 && ss == 0:
			fill(t.dst[p:p+n], t.src[q])
		case ds == 1:
			dst := t.dst[p : p+n]
			for i := range dst {
				dst[i] = t.src[q]
				q += ss
			}
		default:
			for range n {
				t.dst[p] = t.src[q]
				p += ds
				q += ss
			}
		}
	}
}

// runs returns how many of the innermost loops that follow, of left elements at most, copyRuns can do at once.
func (t *moveJob) runs(c *cursor, left int) int {
	n := &t.loops
	if n.rank == 1 || n.p[0] != 1 || n.q[0] != 1 || c.at[0] != 0 || n.dims[0]%8 != 0 || n.p[1] < 0 || n.q[1] < 0 {
		return 0
	}
	return min(n.dims[1]-c.at[1], left/n.dims[0])
}

// strip transposes the rows from on of the k-th matrix.
func (t *moveJob) strip(k, from int) {
	n := &t.loops
	c := n.at(k * n.dims[0] * n.dims[1])
	p, q := t.do+c.p+from*n.p[1], t.so+c.q+from*n.q[1]
	rows := min(tile, n.dims[1]-from)
	whole := 0
	if squares := n.dims[0] / tile; rows == tile && squares > 0 && n.p[1] > 0 && n.q[0] > 0 && n.q[1] == 1 {
		whole = squares * tile
		transpose(t.dst[p:], n.p[1], t.src[q:], n.q[0], squares)
	}
	for i := whole; i < n.dims[0]; i += tile {
		width := min(tile, n.dims[0]-i)
		if width < rows {
			for j := range width {
				d, s := p+i+j, q+(i+j)*n.q[0]
				for range rows {
					t.dst[d] = t.src[s]
					d += n.p[1]
					s += n.q[1]
				}
			}
			continue
		}
		for j := range rows {
			dst := t.dst[p+i+j*n.p[1]:][:width]
			s := q + i*n.q[0] + j*n.q[1]
			for k := range dst {
				dst[k] = t.src[s]
				s += n.q[0]
			}
		}
	}
}

// transposeGeneric is transpose in plain Go.
func transposeGeneric(dst []Float, ds int, src []Float, ss, n int) {
	for i := range n * tile {
		for j, v := range src[i*ss:][:tile] {
			dst[j*ds+i] = v
		}
	}
}

func abs(x int) int { return max(x, -x) }

// GatherRows computes dst[i] = x[index[i]], where both are rows of row numbers.
func GatherRows(dst, x []Float, index []int32, row int) {
	gatherJobs.do(len(index), streamGrainOf(len(index)*row, row), gatherJob{dst, x, index, row})
}

type gatherJob struct {
	dst, x []Float
	index  []int32
	row    int
}

var gatherJobs jobs[gatherJob, *gatherJob]

func (t *gatherJob) run(lo, hi int) {
	if t.row == 1 {
		dst := t.dst[lo:hi]
		for i, k := range t.index[lo:hi] {
			dst[i] = t.x[k]
		}
		return
	}
	for ; lo < hi; lo++ {
		from := int(t.index[lo]) * t.row
		copy(t.dst[lo*t.row:(lo+1)*t.row], t.x[from:from+t.row])
	}
}

// ScatterAddRows computes dst[index[i]] += g[i], in the order of i, where both are rows of row numbers.
func ScatterAddRows(dst, g []Float, index []int32, row int) {
	columns := (row + scatterWidth - 1) / scatterWidth
	scatterJobs.do(columns, grainOf(len(index)*scatterWidth), scatterJob{dst, g, index, row})
}

// scatterWidth is how many columns make a piece of a scatterJob: a few cache lines, that few loops are begun.
const scatterWidth = 128

// A scatterJob's pieces are columns of scatterWidth numbers, so that no two write to one place.
type scatterJob struct {
	dst, g []Float
	index  []int32
	row    int
}

var scatterJobs jobs[scatterJob, *scatterJob]

func (t *scatterJob) run(lo, hi int) {
	from, to := lo*scatterWidth, min(hi*scatterWidth, t.row)
	if t.row == 1 {
		PutAdd(t.dst, t.g, t.index)
		return
	}
	for i, k := range t.index {
		dst := t.dst[int(k)*t.row+from : int(k)*t.row+to]
		Add.VV(dst, dst, t.g[i*t.row+from:])
	}
}

// GatherAxis computes dst[o, j, i] = x[o, index[o, j, i], i], where dst and index are outer×m×inner and x is outer×n×inner.
func GatherAxis(dst, x []Float, index []int32, outer, n, m, inner int) {
	axisJobs.do(outer*m, grainOf(inner), axisJob{dst: dst, x: x, index: index, n: n, m: m, inner: inner})
}

// ScatterAddAxis computes dst[o, index[o, j, i], i] += g[o, j, i], in the order of j, where g and index are outer×m×inner and dst is
// outer×n×inner: the adjoint of GatherAxis.
func ScatterAddAxis(dst, g []Float, index []int32, outer, n, m, inner int) {
	columns := (inner + chunk - 1) / chunk
	axisJobs.do(outer*columns, grainOf(m*min(inner, chunk)), axisJob{dst, g, index, n, m, inner, columns})
}

// An axisJob gathers, in pieces of outer × m, or scatters, if columns is not 0, in pieces of outer × columns.
type axisJob struct {
	dst, x               []Float
	index                []int32
	n, m, inner, columns int
}

var axisJobs jobs[axisJob, *axisJob]

func (t *axisJob) run(lo, hi int) {
	if t.columns > 0 {
		for ; lo < hi; lo++ {
			t.scatter(lo/t.columns, lo%t.columns*chunk)
		}
		return
	}
	for ; lo < hi; lo++ {
		x := t.x[lo/t.m*t.n*t.inner:]
		dst := t.dst[lo*t.inner : (lo+1)*t.inner]
		for i, k := range t.index[lo*t.inner : (lo+1)*t.inner] {
			dst[i] = x[int(k)*t.inner+i]
		}
	}
}

func (t *axisJob) scatter(o, column int) {
	dst := t.dst[o*t.n*t.inner+column : (o+1)*t.n*t.inner]
	width := min(chunk, t.inner-column)
	for j := range t.m {
		at := (o*t.m+j)*t.inner + column
		g := t.x[at : at+width]
		for i, k := range t.index[at : at+width] {
			dst[int(k)*t.inner+i] += g[i]
		}
	}
}

// Pick computes dst[i] = x[index[i]].
func Pick(dst, x []Float, index []int32) { GatherRows(dst, x, index, 1) }

// PutAdd computes dst[index[i]] += g[i], in the order of i.
func PutAdd(dst, g []Float, index []int32) {
	g = g[:len(index)]
	for i, k := range index {
		dst[k] += g[i]
	}
}
