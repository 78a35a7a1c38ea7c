package kernel

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"testing"
)

// cuboids are outer×n×inner.
var cuboids = [][3]int{
	{0, 3, 2}, {1, 1, 1}, {3, 1, 2}, {1, 7, 1}, {5, 8, 1}, {2, 3, 65}, {1, 9, 130}, {4, 7, 3},
	{1, 70001, 1}, {3, 20000, 1}, {1, 5000, 33}, {2, 3000, 70}, {3000, 5, 1}, {300, 4, 20},
}

func TestSum(t *testing.T) {
	for _, b := range append(cuboids, [3]int{2, 0, 3}) {
		outer, n, inner := b[0], b[1], b[2]
		x := normals(outer*n*inner, 1)
		want, got := make([]Float, outer*inner), make([]Float, outer*inner)
		for o := range outer {
			for i := range inner {
				var s float64
				for j := range n {
					s += float64(x[(o*n+j)*inner+i])
				}
				want[o*inner+i] = Float(s)
			}
		}
		Sum(got, x, outer, n, inner)
		compare(t, fmt.Sprint("Sum", b), got, want, 4*epsilon+1e-12)
	}
}

func TestMaxIndex(t *testing.T) {
	for _, b := range cuboids {
		for _, least := range []bool{false, true} {
			outer, n, inner := b[0], b[1], b[2]
			x := special(outer*n*inner, 1)
			if n > 100 { // a NaN in every row would leave little to look for
				x = normals(len(x), 1)
				Round(x, x, 0, 0)
			}
			values, index := make([]Float, outer*inner), make([]int32, outer*inner)
			for o := range outer {
				for i := range inner {
					at := func(j int) Float { return x[(o*n+j)*inner+i] }
					best := 0
					for j := range n {
						v, w := at(j), at(best)
						if w == w && (v != v || !least && v > w || least && v < w) {
							best = j
						}
					}
					values[o*inner+i], index[o*inner+i] = at(best), int32(best)
				}
			}
			got, gotIndex := make([]Float, outer*inner), make([]int32, outer*inner)
			MaxIndex(got, gotIndex, x, outer, n, inner, least)
			compare(t, fmt.Sprint("MaxIndex", b, least), got, values, 0)
			compareIndex(t, fmt.Sprint("MaxIndex", b, least), gotIndex, index)
			clear(got)
			MaxIndex(got, nil, x, outer, n, inner, least)
			compare(t, fmt.Sprint("MaxIndex", b, least, " without index"), got, values, 0)
		}
	}
}

func TestCumSum(t *testing.T) {
	for _, b := range append(cuboids, [3]int{2, 0, 3}) {
		for _, reverse := range []bool{false, true} {
			outer, n, inner := b[0], b[1], b[2]
			x := normals(outer*n*inner, 1)
			want, got := make([]Float, len(x)), make([]Float, len(x))
			for o := range outer {
				for i := range inner {
					var s float64
					for j := range n {
						if reverse {
							j = n - 1 - j
						}
						at := (o*n+j)*inner + i
						s += float64(x[at])
						want[at] = Float(s)
					}
				}
			}
			CumSum(got, x, outer, n, inner, reverse)
			compare(t, fmt.Sprint("CumSum", b, reverse), got, want, 4*epsilon)
			CumSum(x, x, outer, n, inner, reverse)
			compare(t, fmt.Sprint("CumSum onto its operand", b, reverse), x, want, 4*epsilon)
		}
	}
}

func TestDot(t *testing.T) {
	for _, n := range append(sizes, 100*grain+3) {
		x, y := normals(n, 1), normals(n, 2)
		if got, want := Dot(x, y), inner(x, y); math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
			t.Errorf("Dot of %d numbers = %v, want %v", n, got, want)
		}
		if got, want := SumSquares(x), inner(x, x); math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
			t.Errorf("SumSquares of %d numbers = %v, want %v", n, got, want)
		}
	}
}

func TestArgsortTopK(t *testing.T) {
	for _, c := range []struct{ rows, n int }{{0, 3}, {3, 0}, {1, 1}, {5, 7}, {4, 8}, {3, 1000}, {4, 5000}, {40, 500}} {
		for _, descending := range []bool{false, true} {
			x := special(c.rows*c.n, 1)
			want := make([]int32, len(x))
			for r := range c.rows {
				row, index := x[r*c.n:(r+1)*c.n], want[r*c.n:(r+1)*c.n]
				for i := range index {
					index[i] = int32(i)
				}
				sort.SliceStable(index, func(i, j int) bool {
					a, b := row[index[i]], row[index[j]]
					if a != a || b != b {
						return a == a
					}
					return !descending && a < b || descending && a > b
				})
			}
			got := make([]int32, len(x))
			Argsort(got, x, c.rows, c.n, descending)
			compareIndex(t, fmt.Sprint("Argsort", c, descending), got, want)
			for _, k := range []int{0, 1, 3, c.n / 2, c.n} {
				if k > c.n {
					continue
				}
				var first []int32
				for r := range c.rows {
					first = append(first, want[r*c.n:r*c.n+k]...)
				}
				got := make([]int32, c.rows*k)
				TopK(got, x, c.rows, c.n, k, !descending)
				compareIndex(t, fmt.Sprint("TopK", c, k, !descending), got, first)
			}
		}
	}
}

func TestSoftmax(t *testing.T) {
	for _, c := range []struct{ rows, cols int }{{0, 3}, {3, 0}, {1, 1}, {4, 7}, {5, 1000}, {2000, 10}, {1, 30000}} {
		n := c.rows * c.cols
		x, dy := normals(n, 1), normals(n, 2)
		Affine(x, x, 200, 1000) // far above what eˣ can hold
		if c.rows > 2 && c.cols > 2 {
			x[0] = nan
			Fill(x[c.cols:2*c.cols], -inf)
			x[2*c.cols] = -inf
		}
		y, logY, sums := make([]Float, n), make([]Float, n), make([]Float, c.rows)
		dx, dxLog := make([]Float, n), make([]Float, n)
		for r := range c.rows {
			row := x[r*c.cols : (r+1)*c.cols]
			greatest := math.Inf(-1)
			for _, v := range row {
				greatest = max(greatest, float64(v))
			}
			var s, dot, total float64
			for _, v := range row {
				s += math.Exp(float64(v) - greatest)
			}
			sums[r] = Float(greatest + math.Log(s))
			if math.IsInf(greatest, -1) {
				sums[r] = -inf
			}
			for j, v := range row {
				l := float64(v) - greatest - math.Log(s)
				i := r*c.cols + j
				y[i], logY[i] = Float(math.Exp(l)), Float(l)
				dot += float64(y[i]) * float64(dy[i])
				total += float64(dy[i])
			}
			for j := range row {
				i := r*c.cols + j
				dx[i] = Float(float64(y[i]) * (float64(dy[i]) - dot))
				dxLog[i] = Float(float64(dy[i]) - float64(y[i])*total)
			}
		}
		got := make([]Float, n)
		Softmax(got, x, c.rows, c.cols)
		compare(t, fmt.Sprint("Softmax", c), got, y, 4*epsilon)
		LogSoftmax(got, x, c.rows, c.cols)
		compare(t, fmt.Sprint("LogSoftmax", c), got, logY, 4*epsilon)
		SoftmaxGrad(got, dy, y, c.rows, c.cols)
		compare(t, fmt.Sprint("SoftmaxGrad", c), got, dx, 8*epsilon)
		LogSoftmaxGrad(got, dy, logY, c.rows, c.cols)
		compare(t, fmt.Sprint("LogSoftmaxGrad", c), got, dxLog, 200*epsilon)
		got = make([]Float, c.rows)
		LogSumExp(got, x, c.rows, c.cols)
		compare(t, fmt.Sprint("LogSumExp", c), got, sums, 4*epsilon)

		got = slices.Clone(x)
		Softmax(got, got, c.rows, c.cols)
		compare(t, fmt.Sprint("Softmax onto its operand", c), got, y, 4*epsilon)
		got = slices.Clone(x)
		LogSoftmax(got, got, c.rows, c.cols)
		compare(t, fmt.Sprint("LogSoftmax onto its operand", c), got, logY, 4*epsilon)
		got = slices.Clone(dy)
		SoftmaxGrad(got, got, y, c.rows, c.cols)
		compare(t, fmt.Sprint("SoftmaxGrad onto its operand", c), got, dx, 8*epsilon)
		got = slices.Clone(dy)
		LogSoftmaxGrad(got, got, logY, c.rows, c.cols)
		compare(t, fmt.Sprint("LogSoftmaxGrad onto its operand", c), got, dxLog, 200*epsilon)
	}
}
