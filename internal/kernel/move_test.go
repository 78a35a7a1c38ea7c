package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMove(t *testing.T) {
	for _, c := range []struct {
		name   string
		do, so int
		ds, ss []int
		dims   []int
	}{
		{"scalar", 3, 2, nil, nil, nil},
		{"one", 3, 2, []int{1}, []int{0}, []int{1}},
		{"nothing", 0, 0, []int{3, 1}, []int{3, 1}, []int{0, 3}},
		{"copy", 0, 0, []int{12, 4, 1}, []int{12, 4, 1}, []int{2, 3, 4}},
		{"long copy", 0, 0, []int{1}, []int{1}, []int{50001}},
		{"slice", 0, 5, []int{12, 4, 1}, []int{40, 8, 1}, []int{2, 3, 4}},
		{"pad", 5, 0, []int{40, 8, 1}, []int{12, 4, 1}, []int{2, 3, 4}},
		{"step", 0, 1, []int{4, 1}, []int{30, 3}, []int{5, 4}},
		{"flip", 0, 11, []int{1}, []int{-1}, []int{12}},
		{"flip rows", 0, 8, []int{4, 1}, []int{-4, 1}, []int{3, 4}},
		{"flip in dst", 11, 0, []int{-4, -1}, []int{4, 1}, []int{3, 4}},
		{"broadcast", 0, 0, []int{12, 4, 1}, []int{0, 0, 1}, []int{2, 3, 4}},
		{"broadcast inner", 0, 0, []int{12, 4, 1}, []int{0, 1, 0}, []int{2, 3, 4}},
		{"transpose", 0, 0, []int{7, 1}, []int{1, 5}, []int{5, 7}},
		{"big transpose", 0, 0, []int{333, 1}, []int{1, 217}, []int{217, 333}},
		{"transpose into a part", 3, 0, []int{40, 1}, []int{1, 35}, []int{35, 33}},
		{"flipped transpose", 0, 34, []int{33, 1}, []int{-1, 35}, []int{35, 33}},
		{"channels last", 0, 0, []int{630, 90, 3, 1}, []int{630, 30, 1, 210}, []int{2, 7, 30, 3}},
		{"channels first", 0, 0, []int{630, 210, 30, 1}, []int{630, 1, 90, 3}, []int{2, 3, 7, 30}},
		{"heads", 0, 0, []int{240, 60, 4, 1}, []int{240, 4, 16, 1}, []int{3, 4, 15, 4}},
		{"reverse axes", 0, 0, []int{60, 15, 3, 1}, []int{1, 2, 8, 40}, []int{2, 4, 5, 3}},
		{"dst across", 0, 0, []int{1, 5}, []int{7, 1}, []int{5, 7}},
	} {
		checkMove(t, c.name, c.do, c.ds, c.so, c.ss, c.dims)
	}
}

// Axes in any order, forward and backward, taken from parts of larger arrays.
func TestMoveAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	// layout gives strides of an array with room for dims, in the axes' order, and the offset of the first element.
	layout := func(dims, order []int, repeat bool) (offset int, strides []int) {
		strides = make([]int, len(dims))
		size := 1
		for _, axis := range order {
			room := dims[axis] + r.IntN(2)*r.IntN(3)
			switch strides[axis] = size; {
			case repeat && r.IntN(4) == 0:
				strides[axis] = 0
				continue
			case r.IntN(4) == 0:
				strides[axis] = -size
				offset += (dims[axis] - 1) * size
			}
			size *= room
		}
		return offset, strides
	}
	for range 400 {
		dims := make([]int, 1+r.IntN(6))
		for axis := range dims {
			dims[axis] = []int{1, 2, 3, 5, 17, 33}[r.IntN(6)]
			if axis >= 3 {
				dims[axis] = 1 + r.IntN(3)
			}
		}
		do, ds := layout(dims, r.Perm(len(dims)), false)
		so, ss := layout(dims, r.Perm(len(dims)), true)
		checkMove(t, fmt.Sprint(do, ds, so, ss, dims), do, ds, so, ss, dims)
	}
}

func checkMove(t *testing.T, name string, do int, ds []int, so int, ss, dims []int) {
	t.Helper()
	span := func(o int, strides []int) int {
		n := o + 1
		for axis, d := range dims {
			n += max(0, (d-1)*strides[axis])
		}
		return n + 3
	}
	dst, src := normals(span(do, ds), 1), normals(span(so, ss), 2)
	want := slices.Clone(dst)
	n := 1
	for _, d := range dims {
		n *= d
	}
	for i := range n {
		p, q := do, so
		for axis := len(dims) - 1; axis >= 0; axis-- {
			p += i % dims[axis] * ds[axis]
			q += i % dims[axis] * ss[axis]
			i /= dims[axis]
		}
		want[p] = src[q]
	}
	Move(dst, do, ds, src, so, ss, dims)
	compare(t, "Move: "+name, dst, want, 0)
}

func TestRows(t *testing.T) {
	for _, c := range []struct{ n, m, row int }{
		{1, 0, 3}, {1, 1, 1}, {7, 8, 1}, {9, 1000, 7}, {5, 40, 64}, {6, 300, 200}, {20000, 30000, 1},
	} {
		x, g, index := normals(c.n*c.row, 1), normals(c.m*c.row, 2), indices(c.m, c.n, 3)
		want, got := make([]Float, c.m*c.row), make([]Float, c.m*c.row)
		for i := range want {
			want[i] = x[int(index[i/c.row])*c.row+i%c.row]
		}
		GatherRows(got, x, index, c.row)
		compare(t, fmt.Sprint("GatherRows", c), got, want, 0)

		sum, wantSum := normals(c.n*c.row, 4), normals(c.n*c.row, 4)
		for i := range g {
			wantSum[int(index[i/c.row])*c.row+i%c.row] += g[i]
		}
		ScatterAddRows(sum, g, index, c.row)
		compare(t, fmt.Sprint("ScatterAddRows", c), sum, wantSum, 0)

		if c.row == 1 {
			Pick(got, x, index)
			compare(t, fmt.Sprint("Pick", c), got, want, 0)
			PutAdd(x, g, index)
			sum = normals(c.n, 1)
			ScatterAddRows(sum, g, index, 1)
			compare(t, fmt.Sprint("PutAdd", c), x, sum, 0)
		}
	}
}

func TestAxis(t *testing.T) {
	for _, c := range []struct{ outer, n, m, inner int }{
		{1, 1, 1, 1}, {2, 3, 0, 4}, {3, 5, 4, 1}, {2, 7, 9, 3}, {1, 8, 20, 130}, {300, 6, 5, 7},
	} {
		x, g := normals(c.outer*c.n*c.inner, 1), normals(c.outer*c.m*c.inner, 2)
		index := indices(len(g), c.n, 3)
		y, want := make([]Float, len(g)), make([]Float, len(g))
		dx, wantDx := normals(len(x), 4), normals(len(x), 4)
		for i := range g {
			o := i / (c.m * c.inner)
			at := (o*c.n+int(index[i]))*c.inner + i%c.inner
			want[i] = x[at]
			wantDx[at] += g[i]
		}
		GatherAxis(y, x, index, c.outer, c.n, c.m, c.inner)
		compare(t, fmt.Sprint("GatherAxis", c), y, want, 0)
		ScatterAddAxis(dx, g, index, c.outer, c.n, c.m, c.inner)
		compare(t, fmt.Sprint("ScatterAddAxis", c), dx, wantDx, 0)
		clear(dx)
		ScatterAddAxis(dx, g, index, c.outer, c.n, c.m, c.inner)
		adjoint(t, fmt.Sprint("GatherAxis", c), x, y, g, dx)
	}
}
