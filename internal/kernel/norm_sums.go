package kernel

// sumUp runs a task over slices of parts, join one over the groups that are joined at a time.
func (t *normJob) sumUp(task task) { parallel(t.Images*t.parts*t.slices, 1, task) }

func (t *normJob) join(task task) {
	parallel(t.Images*t.joins, grainOf(8*t.parts*t.side*t.groupsOfJoin*t.group), task)
}

func (t *normJob) part(k int) (at, image, rows, rest int) { return t.rowsAt(k, t.parts, t.rowsOfPart) }

// A partSlice is a slice of a part.
type partSlice struct {
	image      int
	x          int // where it begins in x
	sums       int // in the sums
	column     int // in the constants of the image
	rows, rest int
	width      int
}

func (t *normJob) sliceOf(k int) (p partSlice) {
	part := k / t.slices
	p.column = k % t.slices * t.slice
	p.x, p.image, p.rows, p.rest = t.part(part)
	p.x += p.column
	p.sums = part*t.pitch + p.column
	p.width = min(t.slice, t.width-p.column)
	return p
}

// blocks cuts a slice in blocks of rows: f gets where one begins, counted in numbers.
func (t *normJob) blocks(p partSlice, f func(at, rows, width int)) {
	for from := 0; from < p.rows; from += t.blockRows {
		f(p.x+from*t.width, min(t.blockRows, p.rows-from), p.width)
	}
	if p.rest > 0 {
		f(p.x+p.rows*t.width, 1, p.rest)
	}
}

type momentsOfParts normJob

func (m *momentsOfParts) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		p := t.sliceOf(k)
		end := p.sums + ceil(p.width, 16)*16
		shift, sums, products := t.shift[p.sums:end], t.sums[p.sums:end], t.products[p.sums:end]
		clear(sums)
		clear(products)
		first, width := min(p.rows, t.blockRows), p.width
		if first == 0 {
			first, width = 1, p.rest
		}
		if width == 0 { // of nothing
			continue
		}
		addTotals(sums, t.x[p.x:], width, first, t.width)
		for j, s := range sums {
			shift[j] = Float(s / float64(first))
		}
		clear(sums)
		t.blocks(p, func(at, rows, width int) {
			addMoments(sums, products, t.x[at:], shift, width, rows, t.width)
		})
	}
}

// joined returns the channels of join k of all images, counted from the first one of its image.
func (t *normJob) joined(k int) (image, from, to int) {
	image = k / t.joins
	from = k % t.joins * t.groupsOfJoin * t.group
	return image, from, min(from+t.groupsOfJoin*t.group, t.C)
}

type joinMoments normJob

func (m *joinMoments) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		image, from, to := t.joined(k)
		first := image * t.C
		means, squares := t.means[first+from:first+to], t.squares[first+from:first+to]
		clear(means)
		clear(squares)
		t.columns(image, func(at int, n float64) {
			shift := t.shift[at+from : at+to]
			for c, s := range t.sums[at+from : at+to] {
				means[c] += s + n*float64(shift[c])
			}
		})
		for c := range means {
			means[c] /= float64(max(1, t.Rows))
		}
		t.columns(image, func(at int, n float64) {
			products, shift, inverse := t.products[at+from:at+to], t.shift[at+from:at+to], 1/n
			for c, s := range t.sums[at+from : at+to] {
				mean := s * inverse
				d := mean + float64(shift[c]) - means[c]
				squares[c] += max(products[c]-s*mean, 0) + n*d*d
			}
		})
		for ; from < to; from += t.group {
			m, v := t.joinGroup(means[:t.group], squares[:t.group])
			Fill(t.mean[first+from:][:t.group], m)
			Fill(t.variance[first+from:][:t.group], v)
			means, squares = means[t.group:], squares[t.group:]
		}
	}
}

// joinGroup returns the mean and the variance of channels that have these.
func (t *normJob) joinGroup(means, squares []float64) (mean, variance Float) {
	m, m2 := sum64(means)/float64(t.group), sum64(squares)
	for _, v := range means {
		m2 += float64(t.Rows) * (v - m) * (v - m)
	}
	return Float(m), Float(m2 / float64(max(1, t.Rows)*t.group))
}

// columns calls f with where every row of sums of an image begins, and how many numbers were added in each of them.
func (t *normJob) columns(image int, f func(at int, n float64)) {
	for part := image * t.parts; part < (image+1)*t.parts; part++ {
		_, _, rows, rest := t.part(part)
		for j := range t.side {
			n := rows
			if j*t.C < rest {
				n++
			}
			if n == 0 {
				continue
			}
			f(part*t.pitch+j*t.C, float64(n))
		}
	}
}

type joinSums normJob

func (m *joinSums) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		image, from, to := t.joined(k)
		sums, products := t.means[image*t.C+from:image*t.C+to], t.squares[image*t.C+from:image*t.C+to]
		clear(sums)
		clear(products)
		t.columns(image, func(at int, _ float64) {
			more := t.products[at+from : at+to]
			for c, s := range t.sums[at+from : at+to] {
				sums[c] += s
				products[c] += more[c]
			}
		})
	}
}

type sumsOfParts normJob

func (m *sumsOfParts) run(lo, hi int) {
	t := (*normJob)(m)
	for k := lo; k < hi; k++ {
		p := t.sliceOf(k)
		end := p.sums + ceil(p.width, 16)*16
		sums, products := t.sums[p.sums:end], t.products[p.sums:end]
		clear(sums)
		clear(products)
		s := t.constants(p.image, p.column)
		t.blocks(p, func(at, rows, width int) {
			var y, dr []Float
			if t.gate == gateOfY {
				y, dr = t.y[at:], t.dr[at:]
			}
			addGradSums(sums, products, t.dy[at:], t.x[at:], y, dr, s, t.gate, width, rows, t.width)
		})
	}
}
