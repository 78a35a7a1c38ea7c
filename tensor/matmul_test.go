package tensor

func matMulRows() (rows []row) {
	add := func(name string, ta, tc bool, op func(x, c *Tensor) *Tensor, a, c []int, large ...[]int) {
		rows = append(rows, row{name: name, shapes: [][]int{a, c}, op: on2(op), naive: naiveMatMul(ta, tc), large: large})
	}
	bad := func(panics panics) { rows[len(rows)-1].panics = panics }
	plain, right, left := (*Tensor).MatMul, (*Tensor).MatMulT, (*Tensor).TMatMul
	add("MatMul", false, false, plain, []int{2, 3}, []int{3, 4}, []int{70, 130}, []int{130, 67})
	bad(panics{
		"MatMul: cannot multiply [32 10] by [20 5]":    func() { New(32, 10).MatMul(New(20, 5)) },
		"MatMul: cannot multiply [10] by [10 5]":       func() { New(10).MatMul(New(10, 5)) },
		"MatMul: cannot multiply [2 4 3] by [3 3 4]":   func() { New(2, 4, 3).MatMul(New(3, 3, 4)) },
		"MatMul: cannot multiply [2 4 3] by [1 2 3 4]": func() { New(2, 4, 3).MatMul(New(1, 2, 3, 4)) },
		"MatMul: cannot multiply [2 3] by [3]":         func() { New(2, 3).MatMul(New(3)) },
		"MatMul: operands belong to two passes; bring one": func() {
			Inference().Zeros(1, 1).MatMul(Inference().Zeros(1, 1))
		},
	})
	add("MatMul/square", false, false, plain, []int{3, 3}, []int{3, 3})
	add("MatMul/column by row", false, false, plain, []int{3, 1}, []int{1, 4})
	add("MatMul/row by column", false, false, plain, []int{1, 3}, []int{3, 1})
	add("MatMul/batch", false, false, plain, []int{2, 2, 3}, []int{2, 3, 2}, []int{5, 33, 40}, []int{5, 40, 50})
	add("MatMul/batch of batches", false, false, plain, []int{2, 2, 1, 3}, []int{2, 2, 3, 2})
	add("MatMul/matrix for all", false, false, plain, []int{2, 2, 3}, []int{3, 2}, []int{5, 33, 40}, []int{40, 50})
	add("MatMul/matrix for all on the left", false, false, plain, []int{4, 3}, []int{2, 3, 2})
	add("MatMul/sum of nothing", false, false, plain, []int{2, 0}, []int{0, 3})
	add("MatMul/no rows", false, false, plain, []int{0, 2}, []int{2, 3})
	add("MatMul/no matrices", false, false, plain, []int{0, 1, 2}, []int{0, 2, 3})
	add("MatMulT", false, true, right, []int{2, 3}, []int{4, 3}, []int{70, 130}, []int{67, 130})
	bad(panics{"MatMulT: cannot multiply [2 3] by [3 2]": func() { New(2, 3).MatMulT(New(3, 2)) }})
	add("MatMulT/with itself", false, true, right, []int{2, 3}, []int{2, 3})
	add("MatMulT/batch", false, true, right, []int{2, 2, 3}, []int{2, 4, 3})
	add("MatMulT/matrix for all", false, true, right, []int{2, 2, 3}, []int{4, 3})
	add("MatMulT/matrix for all on the left", false, true, right, []int{4, 3}, []int{2, 2, 3})
	add("TMatMul", true, false, left, []int{3, 2}, []int{3, 4}, []int{130, 70}, []int{130, 67})
	bad(panics{"TMatMul: cannot multiply [2 3] by [3 2]": func() { New(2, 3).TMatMul(New(3, 2)) }})
	add("TMatMul/with itself", true, false, left, []int{2, 3}, []int{2, 3})
	add("TMatMul/batch", true, false, left, []int{2, 3, 2}, []int{2, 3, 4})
	add("TMatMul/matrix for all", true, false, left, []int{2, 3, 2}, []int{3, 4})
	add("TMatMul/matrix for all on the left", true, false, left, []int{3, 2}, []int{2, 3, 4})
	return rows
}

func naiveMatMul(ta, tc bool) func(x []array) array {
	return func(x []array) array {
		a, c := x[0], x[1]
		at := func(x array, i []int, row, column int, transposed bool) float64 {
			if transposed {
				row, column = column, row
			}
			return x.at(append(append([]int{}, i[:len(i)-2]...), row, column)...)
		}
		end := func(x array, k int, transposed bool) int {
			if transposed {
				k = 1 - k
			}
			return x.shape[len(x.shape)-2+k]
		}
		batch := common(a.shape[:len(a.shape)-2], c.shape[:len(c.shape)-2])
		return build(append(batch, end(a, 0, ta), end(c, 1, tc)), func(i []int) (sum float64) {
			row, column := i[len(i)-2], i[len(i)-1]
			for k := range end(a, 1, ta) {
				sum += at(a, i, row, k, ta) * at(c, i, k, column, tc)
			}
			return sum
		})
	}
}
