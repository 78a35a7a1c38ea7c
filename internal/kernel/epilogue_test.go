package kernel

import (
	"math/rand/v2"
	"testing"
)

// epilogues returns one of each kind for a result of m×n.
func epilogues(r *rand.Rand, m, n int) []Epilogue {
	bias, centre, factor, residual := random(r, n), random(r, n), random(r, n), random(r, m*n)
	return []Epilogue{
		{},
		{ReLU: true},
		{Bias: bias},
		{Bias: bias, ReLU: true},
		{Centre: centre, Factor: factor, Bias: bias},
		{Centre: centre, Factor: factor, Bias: bias, ReLU: true},
		{Centre: centre, Factor: factor, Bias: bias, Residual: residual},
		{Centre: centre, Factor: factor, Bias: bias, Residual: residual, ReLU: true},
		{Centre: centre, Factor: factor, Bias: bias, ReLU: true, Ceiling: .5},
		{Centre: centre, Factor: factor, Bias: bias, Residual: residual, ReLU: true, Ceiling: .5},
		{Centre: centre, Factor: factor, Bias: bias, Then: HardSwish},
		{Centre: centre, Factor: factor, Bias: bias, Residual: residual, Then: HardSwish},
	}
}

func TestEpilogue(t *testing.T) { eachLevel(t, testEpilogue) }

func testEpilogue(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	for _, s := range [][6]int{ // rows and columns of the result, and which of them are done: from where, and how many
		{1, 1, 0, 1, 0, 1}, {5, 7, 1, 3, 2, 4}, {3, 16, 0, 3, 0, 16}, {4, 200, 2, 2, 33, 130}, {3, 9, 1, 0, 0, 9}, {3, 9, 0, 3, 5, 0},
	} {
		rows, columns, i, m, j, n := s[0], s[1], s[2], s[3], s[4], s[5]
		for k, e := range epilogues(r, rows, columns) {
			got := random(r, rows*columns)
			want := make([]float64, len(got))
			for at, v := range got {
				want[at] = float64(v)
				if row, c := at/columns, at%columns; row >= i && row < i+m && c >= j && c < j+n {
					want[at] = e.naive(want[at], at, c)
				}
			}
			e.apply(got, columns, i, m, j, n)
			for at, v := range got {
				if d := float64(v) - want[at]; !(d <= 8*epsilon && d >= -8*epsilon) {
					t.Errorf("epilogue %d of %v: element %d is %v, want %v", k, s, at, v, want[at])
					break
				}
			}
		}
	}
}

// naive is the definition, for the element at a place of the result, in a column of it.
func (e *Epilogue) naive(sum float64, at, column int) float64 {
	if e.Factor != nil {
		sum = (sum - float64(e.Centre[column])) * float64(e.Factor[column])
	}
	if e.Bias != nil {
		sum += float64(e.Bias[column])
	}
	if e.Residual != nil {
		sum += float64(e.Residual[at])
	}
	if e.ReLU {
		sum = max(sum, 0)
	}
	if e.Ceiling != 0 {
		sum = min(sum, float64(e.Ceiling))
	}
	if e.Then != nil { // HardSwish
		sum *= min(max(sum/6+.5, 0), 1)
	}
	return sum
}
