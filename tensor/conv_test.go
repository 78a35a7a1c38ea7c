package tensor

import (
	"math/rand/v2"
	"slices"
)

func convRows() (rows []row) {
	conv2D := func(variant string, c Conv, x, w []int, large ...[]int) {
		rows = append(rows, row{
			name: "Conv2D" + variant, shapes: [][]int{x, w}, naive: naiveConv(c), large: large,
			op: func(x []*Tensor) *Tensor { return x[0].Conv2D(x[1], c) },
		})
	}
	conv2D("", Conv{}, []int{2, 4, 3, 2}, []int{2, 3, 2, 3})
	rows[0].large = [][]int{{2, 10, 9, 16}, {3, 3, 16, 24}}
	rows[0].panics = panics{
		"Conv2D: cannot convolve [1 4 4 3] by a weight of [3 3 2 5] in 1 groups": func() {
			New(1, 4, 4, 3).Conv2D(New(3, 3, 2, 5), Conv{})
		},
		"Conv2D: cannot convolve [1 4 4 4] by a weight of [3 3 2 5] in 2 groups": func() {
			New(1, 4, 4, 4).Conv2D(New(3, 3, 2, 5), Conv{Groups: 2})
		},
		"Conv2D: cannot convolve [4 4 3] by a weight of [3 3 3 5] in 1 groups": func() {
			New(4, 4, 3).Conv2D(New(3, 3, 3, 5), Conv{})
		},
		"Conv2D: a kernel of 3×3 does not fit on [1 4 2 3]": func() { New(1, 4, 2, 3).Conv2D(New(3, 3, 3, 5), Conv{}) },
		"Conv2D: stride, dilation or padding of {Stride:-1": func() {
			New(1, 4, 4, 3).Conv2D(New(3, 3, 3, 5), Conv{Stride: -1})
		},
		"Conv2D: there is no OutputPad in {": func() { New(1, 4, 4, 3).Conv2D(New(3, 3, 3, 5), Conv{OutputPad: 1}) },
	}
	conv2D("/pointwise", Conv{}, []int{2, 2, 3, 3}, []int{1, 1, 3, 2}, []int{2, 9, 9, 40}, []int{1, 1, 40, 33})
	conv2D("/pointwise with stride", Conv{Stride: 2}, []int{1, 3, 4, 2}, []int{1, 1, 2, 2})
	conv2D("/stride and padding", Conv{Stride: 2, Pad: 1}, []int{1, 5, 4, 2}, []int{3, 3, 2, 2},
		[]int{2, 15, 14, 8}, []int{3, 3, 8, 17})
	conv2D("/strides that differ", Conv{Stride: 2, StrideW: 1}, []int{1, 4, 3, 1}, []int{2, 2, 1, 2})
	conv2D("/stride that leaves rows out", Conv{Stride: 3}, []int{1, 6, 6, 1}, []int{2, 2, 1, 2})
	conv2D("/sides", Conv{Sides: [4]int{0, 1, 2, 0}}, []int{1, 3, 3, 2}, []int{2, 3, 2, 2})
	conv2D("/pad and sides", Conv{Pad: 1, Sides: [4]int{0, 1, 0, 0}}, []int{1, 2, 3, 1}, []int{2, 3, 1, 2})
	conv2D("/same", Conv{Same: true}, []int{1, 3, 4, 2}, []int{2, 3, 2, 2})
	conv2D("/same with stride", Conv{Same: true, Stride: 2}, []int{1, 5, 4, 1}, []int{3, 3, 1, 2})
	conv2D("/same with stride beyond the kernel", Conv{Same: true, Stride: 3}, []int{1, 5, 4, 1}, []int{2, 1, 1, 2})
	conv2D("/dilation", Conv{Dilation: 2, DilationW: 1}, []int{1, 5, 3, 1}, []int{3, 2, 1, 2})
	conv2D("/dilation, stride and padding", Conv{Dilation: 2, Stride: 2, Pad: 2}, []int{1, 4, 5, 1}, []int{3, 2, 1, 2})
	conv2D("/groups", Conv{Groups: 2, Pad: 1}, []int{1, 3, 2, 4}, []int{3, 2, 2, 4},
		[]int{2, 9, 8, 16}, []int{3, 3, 8, 40})
	conv2D("/depthwise", Conv{Groups: 3, Pad: 1}, []int{1, 3, 3, 3}, []int{3, 3, 1, 3})
	conv2D("/depthwise of many", Conv{Groups: 8, Pad: 1}, []int{1, 2, 2, 8}, []int{2, 2, 1, 8},
		[]int{3, 20, 19, 8}, []int{3, 3, 1, 8})
	conv2D("/depthwise with multiplier", Conv{Groups: 2, Stride: 2}, []int{1, 4, 3, 2}, []int{2, 2, 1, 4})
	conv2D("/kernel of the image", Conv{}, []int{2, 3, 2, 2}, []int{3, 2, 2, 3})
	conv2D("/image and weight alike", Conv{Pad: 1}, []int{2, 2, 2, 2}, []int{2, 2, 2, 2})
	conv2D("/no images", Conv{}, []int{0, 3, 3, 2}, []int{2, 2, 2, 2})

	rows = append(rows, convBiasRows()...)

	transposed := func(variant string, c Conv, oh, ow int, x, w []int) {
		rows = append(rows, row{
			name: "ConvTranspose2D" + variant, shapes: [][]int{x, w}, naive: naiveTransposed(c, oh, ow),
			op: func(x []*Tensor) *Tensor { return x[0].ConvTranspose2D(x[1], c) },
		})
	}
	first := len(rows)
	transposed("", Conv{}, 0, 0, []int{2, 2, 3, 3}, []int{2, 3, 2, 3})
	rows[first].large = [][]int{{2, 6, 7, 24}, {3, 3, 16, 24}}
	rows[first].panics = panics{
		"ConvTranspose2D: cannot convolve [1 4 4 3] by a weight of [3 3 3 5] in 1 groups": func() {
			New(1, 4, 4, 3).ConvTranspose2D(New(3, 3, 3, 5), Conv{})
		},
		"ConvTranspose2D: cannot convolve [1 4 4 3] by a weight of [3 3 3 3] in 2 groups": func() {
			New(1, 4, 4, 3).ConvTranspose2D(New(3, 3, 3, 3), Conv{Groups: 2})
		},
		"ConvTranspose2D: an output padding of 2 is not below the stride or": func() {
			New(1, 4, 4, 3).ConvTranspose2D(New(3, 3, 3, 3), Conv{Stride: 2, OutputPad: 2})
		},
		"ConvTranspose2D: nothing is left of [1 1 1 3] by a kernel of 2×2 with": func() {
			New(1, 1, 1, 3).ConvTranspose2D(New(2, 2, 3, 3), Conv{Pad: 1})
		},
	}
	transposed("/pointwise", Conv{}, 2, 2, []int{1, 2, 2, 3}, []int{1, 1, 2, 3})
	transposed("/stride", Conv{Stride: 2}, 5, 3, []int{1, 2, 1, 2}, []int{3, 3, 1, 2})
	transposed("/stride beyond the kernel", Conv{Stride: 3, OutputPad: 1}, 6, 6, []int{1, 2, 2, 1}, []int{2, 2, 2, 1})
	transposed("/output padding", Conv{Stride: 2, Pad: 1, OutputPad: 1}, 4, 6, []int{1, 2, 3, 2}, []int{3, 3, 2, 2})
	transposed("/sides", Conv{Stride: 2, Sides: [4]int{1, 0, 0, 2}}, 4, 3, []int{1, 2, 2, 1}, []int{3, 3, 2, 1})
	transposed("/same", Conv{Stride: 2, Same: true}, 4, 6, []int{1, 2, 3, 1}, []int{3, 3, 2, 1})
	transposed("/same with stride beyond the kernel", Conv{Stride: 3, Same: true}, 6, 6,
		[]int{1, 2, 2, 1}, []int{2, 2, 2, 1})
	transposed("/dilation", Conv{Dilation: 2}, 5, 4, []int{1, 1, 2, 1}, []int{3, 2, 2, 1})
	transposed("/groups", Conv{Groups: 2}, 3, 3, []int{1, 2, 2, 4}, []int{2, 2, 1, 4})

	// Sequences are images that are one column wide.
	alongTime := func(naive func(x []array) array) func(x []array) array {
		return func(x []array) array {
			wide := slices.Clone(x)
			for i, axis := range []int{2, 1} {
				wide[i].shape = slices.Insert(slices.Clone(x[i].shape), axis, 1)
			}
			y := naive(wide)
			y.shape = without(y.shape, 2)
			return y
		}
	}
	conv1D := func(variant string, c, wide Conv, x, w []int) {
		rows = append(rows, row{
			name: "Conv1D" + variant, shapes: [][]int{x, w}, naive: alongTime(naiveConv(wide)),
			op: func(x []*Tensor) *Tensor { return x[0].Conv1D(x[1], c) },
		})
	}
	first = len(rows)
	conv1D("", Conv{}, Conv{}, []int{2, 4, 2}, []int{3, 2, 2})
	rows[first].panics = panics{
		"Conv1D: cannot convolve [1 4 4 3] by a weight of [3 3 2]":   func() { New(1, 4, 4, 3).Conv1D(New(3, 3, 2), Conv{}) },
		"Conv1D: cannot convolve [4 4 1 3] by a weight of [3 1 2 5]": func() { New(4, 4, 3).Conv1D(New(3, 2, 5), Conv{}) },
		"Conv1D: a kernel of 3×1 does not fit on [1 2 1 3]":          func() { New(1, 2, 3).Conv1D(New(3, 3, 5), Conv{}) },
		"Conv1D: there is no OutputPad in {": func() {
			New(1, 4, 3).Conv1D(New(3, 3, 5), Conv{OutputPad: 1})
		},
	}
	conv1D("/causal", Conv{Sides: [4]int{4, 0}, Dilation: 2}, Conv{Sides: [4]int{4, 0}, Dilation: 2, DilationW: 1},
		[]int{1, 4, 2}, []int{3, 2, 2})
	conv1D("/stride and padding", Conv{Stride: 2, Pad: 1}, Conv{Stride: 2, Sides: [4]int{1, 1}},
		[]int{1, 5, 1}, []int{3, 1, 2})
	conv1D("/same", Conv{Same: true, Stride: 2}, Conv{Same: true, Stride: 2, StrideW: 1}, []int{1, 5, 1}, []int{3, 1, 2})
	conv1D("/groups", Conv{Groups: 2}, Conv{Groups: 2}, []int{1, 4, 4}, []int{2, 2, 2})
	transposed1D := func(variant string, c, wide Conv, n int, x, w []int) {
		rows = append(rows, row{
			name: "ConvTranspose1D" + variant, shapes: [][]int{x, w}, naive: alongTime(naiveTransposed(wide, n, 1)),
			op: func(x []*Tensor) *Tensor { return x[0].ConvTranspose1D(x[1], c) },
		})
	}
	first = len(rows)
	transposed1D("", Conv{Stride: 2}, Conv{Stride: 2, StrideW: 1}, 7, []int{1, 3, 2}, []int{3, 1, 2})
	rows[first].panics = panics{
		"ConvTranspose1D: cannot convolve [4 3] by a weight of [3 3 3]": func() {
			New(4, 3).ConvTranspose1D(New(3, 3, 3), Conv{})
		},
		"ConvTranspose1D: an output padding of 1 is not below": func() {
			New(1, 4, 3).ConvTranspose1D(New(3, 3, 3), Conv{OutputPad: 1})
		},
	}
	transposed1D("/output padding", Conv{Stride: 2, Pad: 1, OutputPad: 1},
		Conv{Stride: 2, StrideW: 1, Sides: [4]int{1, 1}}, 6, []int{1, 3, 1}, []int{3, 2, 1})
	transposed1D("/same", Conv{Stride: 2, Same: true}, Conv{Stride: 2, StrideW: 1, Same: true}, 6,
		[]int{1, 3, 1}, []int{3, 2, 1})
	return rows
}

// A tap is where a convolution reads along one axis: output o sees input o·stride + k·dilation − before.
type tap struct{ stride, dilation, before, after int }

// places returns how many outputs there are for n inputs and k taps.
func (t tap) places(n, k int) int { return (n+t.before+t.after-t.dilation*(k-1)-1)/t.stride + 1 }

// naiveTaps works the options out for both axes of an image.
func naiveTaps(c Conv, h, w, kh, kw int) [2]tap {
	first := func(values ...int) int {
		for _, v := range values {
			if v != 0 {
				return v
			}
		}
		return 1
	}
	taps := [2]tap{
		{first(c.Stride), first(c.Dilation), c.Pad + c.Sides[0], c.Pad + c.Sides[1]},
		{first(c.StrideW, c.Stride), first(c.DilationW, c.Dilation), c.Pad + c.Sides[2], c.Pad + c.Sides[3]},
	}
	if c.Same {
		for axis, n := range []int{h, w} {
			t := &taps[axis]
			out := (n + t.stride - 1) / t.stride
			total := max(0, (out-1)*t.stride+t.dilation*([]int{kh, kw}[axis]-1)+1-n)
			t.before, t.after = total/2, total-total/2
		}
	}
	return taps
}

func naiveConv(c Conv) func(x []array) array {
	return func(x []array) array {
		h, w, kh, kw := x[0].shape[1], x[0].shape[2], x[1].shape[0], x[1].shape[1]
		taps := naiveTaps(c, h, w, kh, kw)
		shape := []int{x[0].shape[0], taps[0].places(h, kh), taps[1].places(w, kw), x[1].shape[3]}
		y := zeros(shape)
		naiveProducts(c, taps, x[0].shape, shape, x[1].shape, func(in, out, w []int) {
			y.data[offset(y, out)] += x[0].at(in...) * x[1].at(w...)
		})
		return y
	}
}

// naiveTransposed is the formula for outputs of oh×ow, or where that is 0, of the size without stride and padding.
func naiveTransposed(c Conv, oh, ow int) func(x []array) array {
	return func(x []array) array {
		oh, ow := oh, ow
		if oh == 0 {
			oh, ow = x[0].shape[1]+x[1].shape[0]-1, x[0].shape[2]+x[1].shape[1]-1
		}
		taps := naiveTaps(c, oh, ow, x[1].shape[0], x[1].shape[1])
		shape := []int{x[0].shape[0], oh, ow, x[1].shape[2] * max(c.Groups, 1)}
		y := zeros(shape)
		naiveProducts(c, taps, shape, x[0].shape, x[1].shape, func(in, out, w []int) {
			y.data[offset(y, in)] += x[0].at(out...) * x[1].at(w...)
		})
		return y
	}
}

// naiveProducts calls f for every product of a convolution of an image of shape in to one of shape out.
func naiveProducts(c Conv, taps [2]tap, in, out, w []int, f func(in, out, w []int)) {
	groups := max(c.Groups, 1)
	each(out, func(o []int) {
		group := o[3] / (out[3] / groups)
		each(w[:3], func(k []int) {
			i := []int{o[0], 0, 0, group*w[2] + k[2]}
			for axis, t := range taps {
				i[1+axis] = o[1+axis]*t.stride + k[axis]*t.dilation - t.before
				if i[1+axis] < 0 || i[1+axis] >= in[1+axis] {
					return
				}
			}
			f(i, o, []int{k[0], k[1], k[2], o[3]})
		})
	})
}

func offset(a array, index []int) (k int) {
	for i, n := range a.shape {
		k = k*n + index[i]
	}
	return k
}

// convBiasRows are those of Conv2DBias and Conv2DReLU.
func convBiasRows() (rows []row) {
	add := func(name string, c Conv, relu bool, x, w []int, bias ...[]int) {
		op, d := (*Tensor).Conv2DBias, domain(nil)
		if relu {
			op = (*Tensor).Conv2DReLU
			d = func(r *rand.Rand, xs [][]Float) { // the bias keeps the sums away from the kink
				normal(r, xs)
				for i := range xs[2] {
					xs[2][i] += Float(20 - 40*(i&1))
				}
			}
		}
		rows = append(rows, row{
			name: name, shapes: append([][]int{x, w}, bias...), domain: d,
			naive: func(x []array) array {
				y := naiveConv(c)(x[:2])
				return build(y.shape, func(i []int) float64 {
					sum := y.at(i...)
					if len(x) == 3 {
						sum += x[2].at(i[3])
					}
					if relu {
						sum = max(sum, 0)
					}
					return sum
				})
			},
			op: func(x []*Tensor) *Tensor {
				if len(x) == 2 {
					return op(x[0], x[1], nil, c)
				}
				return op(x[0], x[1], x[2], c)
			},
		})
	}
	fits := func(f func(x, w, bias *Tensor, c Conv) *Tensor) func() {
		return func() { f(New(1, 4, 4, 3), New(3, 3, 3, 5), New(4), Conv{}) }
	}
	add("Conv2DBias", Conv{Pad: 1}, false, []int{2, 3, 3, 2}, []int{3, 3, 2, 3}, []int{3})
	rows[0].panics = panics{"Conv2DBias: a bias of shape [4] does not fit a weight of [3 3 3 5]": fits((*Tensor).Conv2DBias)}
	add("Conv2DBias/without bias", Conv{Stride: 2}, false, []int{1, 4, 4, 2}, []int{2, 2, 2, 3})
	add("Conv2DBias/pointwise", Conv{}, false, []int{1, 3, 2, 2}, []int{1, 1, 2, 3}, []int{3})
	add("Conv2DBias/no images", Conv{}, false, []int{0, 3, 3, 2}, []int{2, 2, 2, 2}, []int{2})
	add("Conv2DReLU", Conv{Pad: 1}, true, []int{2, 3, 3, 2}, []int{3, 3, 2, 3}, []int{3})
	rows[len(rows)-1].panics = panics{"Conv2DReLU: a bias of shape [4] does not fit a weight of [3 3 3 5]": fits((*Tensor).Conv2DReLU)}
	add("Conv2DReLU/groups", Conv{Groups: 2}, true, []int{1, 3, 3, 4}, []int{2, 2, 2, 4}, []int{4})
	add("Conv2DReLU/depthwise", Conv{Groups: 3}, true, []int{1, 3, 3, 3}, []int{2, 2, 1, 3}, []int{3})
	return rows
}
