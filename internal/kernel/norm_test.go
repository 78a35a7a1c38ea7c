package kernel

import (
	"fmt"
	"math"
	"testing"
)

// A plainNorm computes a normalization by its definition.
type plainNorm struct {
	g              Norm
	mean, variance []float64 // Images×C
}

func newPlainNorm(g Norm, x []Float) plainNorm {
	p := plainNorm{g, make([]float64, g.Images*g.C), make([]float64, g.Images*g.C)}
	sums := func(to []float64, f func(i, at int) float64) {
		for at := range x {
			image, c := at/(g.Rows*g.C), at%g.C
			size := g.C / g.Groups
			for k := c / size * size; k < (c/size+1)*size; k++ {
				to[image*g.C+k] += f(image*g.C+k, at) / float64(g.Rows*size)
			}
		}
	}
	sums(p.mean, func(_, at int) float64 { return float64(x[at]) })
	sums(p.variance, func(i, at int) float64 { return (float64(x[at]) - p.mean[i]) * (float64(x[at]) - p.mean[i]) })
	return p
}

var normGeometries = []Norm{
	{1, 1000, 64, 64}, {1, 3001, 3, 3}, {1, 77, 1, 1}, {1, 20000, 1, 1}, {1, 5, 200, 200}, {1, 3000, 96, 96}, {1, 1030, 66, 66},
	{3, 50, 12, 4}, {2, 1, 8, 2}, {2, 40, 130, 10}, {4, 9, 6, 1}, {2, 2500, 33, 33}, {1, 2, 2, 2}, {1, 7, 16, 16},
}

// In double precision the formulas here round as much as the kernels do, hence tolerances of 1e-11.
func TestNorm(t *testing.T) { eachLevel(t, testNorm) }

func testNorm(t *testing.T) {
	for _, g := range normGeometries {
		for _, offset := range []Float{0, 100} {
			n := g.Images * g.Rows * g.C
			x := normals(n, 1)
			for i := range x {
				x[i] += offset
			}
			p := newPlainNorm(g, x)
			mean, variance := make([]Float, len(p.mean)), make([]Float, len(p.mean))
			g.Moments(mean, variance, x)
			name := fmt.Sprint(g, offset)
			compare(t, name+" mean", mean, floats(p.mean), max(4*epsilon, 1e-11))
			compare(t, name+" variance", variance, floats(p.variance), max(200*epsilon, 1e-11))
			checkNormGrad(t, g, x, mean, variance)
		}
	}
}

// checkNormGrad compares the result and the gradients, with all tails, with formulas in float64.
func checkNormGrad(t *testing.T, g Norm, x, mean, variance []Float) {
	n, tolerance := len(x), max(300*epsilon, 1e-11)
	inverse := make([]Float, len(variance))
	InverseRoot(inverse, variance, 1e-2)
	dy, r := normals(n, 3), normals(n, 4)
	for _, tail := range []struct {
		relu, residual, fixed, affine bool
		ceiling                       Float
	}{
		{false, false, false, true, 0}, {true, false, false, true, 0}, {false, true, false, true, 0}, {true, true, false, true, 0},
		{true, false, true, true, 0}, {false, false, false, false, 0}, {true, true, true, false, 0}, {true, false, false, true, .5},
		{true, true, false, true, .5},
	} {
		name := fmt.Sprint(g, tail)
		s := Scaling{Mean: mean, Inverse: inverse, ReLU: tail.relu, Ceiling: tail.ceiling}
		if tail.affine {
			s.Weight, s.Bias = normals(g.C, 5), normals(g.C, 6)
		}
		var residual, dr []Float
		if tail.residual {
			residual = r
		}
		y, dx, dw, db := normals(n, 7), normals(n, 8), normals(g.C, 9), normals(g.C, 10)
		if tail.relu && tail.residual {
			dr = normals(n, 11)
		}
		g.Forward(y, x, residual, &s)
		g.Grad(dx, dw, db, dr, dy, x, y, &s, tail.fixed)

		size := g.C / g.Groups
		group := func(at int) int { return at/(g.Rows*g.C)*g.Groups + at%g.C/size }
		weight := func(at int) float64 {
			if s.Weight == nil {
				return 1
			}
			return float64(s.Weight[at%g.C])
		}
		wantY, passed, wantDx := make([]float64, n), make([]float64, n), make([]float64, n)
		wantDw, wantDb := make([]float64, g.C), make([]float64, g.C)
		sums, products := make([]float64, g.Images*g.Groups), make([]float64, g.Images*g.Groups)
		normal := func(at int) float64 {
			k := at/(g.Rows*g.C)*g.C + at%g.C
			return (float64(x[at]) - float64(mean[k])) * float64(inverse[k])
		}
		for at := range x {
			v := normal(at) * weight(at)
			if s.Bias != nil {
				v += float64(s.Bias[at%g.C])
			}
			if tail.residual {
				v += float64(r[at])
			}
			passed[at] = float64(dy[at])
			if tail.relu {
				v = max(v, 0)
				if tail.ceiling != 0 {
					v = min(v, float64(tail.ceiling))
				}
				if !(y[at] > 0) || y[at] == tail.ceiling {
					passed[at] = 0
				}
			}
			wantY[at] = v
			wantDw[at%g.C] += passed[at] * normal(at)
			wantDb[at%g.C] += passed[at]
			sums[group(at)] += passed[at] * weight(at) / float64(g.Rows*size)
			products[group(at)] += passed[at] * weight(at) * normal(at) / float64(g.Rows*size)
		}
		for at := range x {
			k := at/(g.Rows*g.C)*g.C + at%g.C
			d := passed[at] * weight(at)
			if !tail.fixed {
				d -= sums[group(at)] + normal(at)*products[group(at)]
			}
			wantDx[at] = d * float64(inverse[k])
		}
		compare(t, name+" value", y, floats(wantY), tolerance)
		compare(t, name+" dx", dx, floats(wantDx), tolerance)
		many := tolerance * math.Sqrt(float64(g.Images*g.Rows))
		compare(t, name+" dw", dw, floats(wantDw), many)
		compare(t, name+" db", db, floats(wantDb), many)
		if dr != nil {
			compare(t, name+" dr", dr, floats(passed), 0)
		}
	}
}

func TestLayerNorm(t *testing.T) { eachLevel(t, testLayerNorm) }

func testLayerNorm(t *testing.T) {
	for _, size := range [][2]int{{3, 5}, {1, 1}, {300, 64}, {70, 37}, {2, 10000}, {40, 256}, {1, 700}} {
		rows, n := size[0], size[1]
		for _, centred := range []bool{false, true} {
			x, dy, w, b := normals(rows*n, 1), normals(rows*n, 2), normals(n, 3), normals(n, 4)
			for i := range x {
				x[i] += 10
			}
			var mean []Float
			if centred {
				mean = make([]Float, rows)
			}
			inverse, y, dx, dw, db := make([]Float, rows), normals(rows*n, 5), normals(rows*n, 6), normals(n, 7), normals(n, 8)
			LayerNorm(y, x, w, b, mean, inverse, rows, n, 1e-2)
			LayerNormGrad(dx, dw, db, dy, x, w, mean, inverse, rows, n)
			wantY, wantDx, wantDw, wantDb := make([]float64, rows*n), make([]float64, rows*n), make([]float64, n), make([]float64, n)
			for i := range rows {
				var m, v float64
				row, g := x[i*n:][:n], dy[i*n:][:n]
				for _, a := range row {
					m += float64(a) / float64(n)
				}
				if !centred {
					m = 0
				}
				for _, a := range row {
					v += (float64(a) - m) * (float64(a) - m) / float64(n)
				}
				k := 1 / math.Sqrt(v+1e-2)
				var sum, product float64
				for j, a := range row {
					at := (float64(a) - m) * k
					wantY[i*n+j] = at*float64(w[j]) + float64(b[j])
					wantDw[j] += at * float64(g[j])
					wantDb[j] += float64(g[j])
					sum += float64(g[j]) * float64(w[j]) / float64(n)
					product += float64(g[j]) * float64(w[j]) * at / float64(n)
				}
				if !centred {
					sum = 0
				}
				for j, a := range row {
					wantDx[i*n+j] = k * (float64(g[j])*float64(w[j]) - sum - (float64(a)-m)*k*product)
				}
			}
			name, tolerance := fmt.Sprint(size, centred), max(100*epsilon, 1e-11)
			compare(t, name+" value", y, floats(wantY), tolerance)
			compare(t, name+" dx", dx, floats(wantDx), tolerance)
			many := tolerance * math.Sqrt(float64(rows))
			compare(t, name+" dw", dw, floats(wantDw), many)
			compare(t, name+" db", db, floats(wantDb), many)
		}
	}
}
