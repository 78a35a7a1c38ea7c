package tensor

import (
	"fmt"
	"math"
)

func poolRows() (rows []row) {
	add := func(name string, shape []int, d domain, op func(x *Tensor) *Tensor, naive func(x []array) array) {
		rows = append(rows, row{name: name, shapes: [][]int{shape}, domain: d, op: on1(op), naive: naive})
	}
	bad := func(panics panics) { rows[len(rows)-1].panics = panics }
	greatest := func(variant string, c Pool, oh, ow int, shape ...int) {
		add("MaxPool2D"+variant, shape, distinct, func(x *Tensor) *Tensor { return x.MaxPool2D(c) },
			naivePool(c, oh, ow, true))
	}
	greatest("", Pool{Kernel: 2}, 0, 0, 2, 4, 3, 2)
	rows[0].large = [][]int{{4, 28, 29, 16}}
	bad(panics{
		"MaxPool2D: shape [4 4 2] is not N×H×W×C":          func() { New(4, 4, 2).MaxPool2D(Pool{Kernel: 2}) },
		"MaxPool2D: the window of {Kernel:0":               func() { New(1, 4, 4, 2).MaxPool2D(Pool{}) },
		"MaxPool2D: the padding of {Kernel:2":              func() { New(1, 4, 4, 2).MaxPool2D(Pool{Kernel: 2, Pad: 2}) },
		"MaxPool2D: a window of 5×5 does not fit on [1 4 ": func() { New(1, 4, 4, 2).MaxPool2D(Pool{Kernel: 5}) },
		"MaxPool2D: there is no SkipPad in {Kernel:2": func() {
			New(1, 4, 4, 2).MaxPool2D(Pool{Kernel: 2, SkipPad: true})
		},
		"MaxPool2D: stride, dilation or padding of {": func() { New(1, 4, 4, 2).MaxPool2D(Pool{Kernel: 2, Stride: -1}) },
	})
	greatest("/overlapping, padded", Pool{Kernel: 3, Stride: 2, Pad: 1}, 3, 2, 1, 5, 4, 2)
	greatest("/sides that differ", Pool{Kernel: 3, KernelW: 2, Stride: 1, StrideW: 2, Sides: [4]int{1, 0, 0, 1}},
		3, 2, 1, 4, 3, 1)
	greatest("/dilated", Pool{Kernel: 2, Stride: 1, Dilation: 2}, 3, 2, 1, 5, 4, 1)
	greatest("/rounded up", Pool{Kernel: 2, Ceil: true}, 3, 2, 1, 5, 3, 2)
	greatest("/rounded up, padded", Pool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true}, 3, 3, 1, 4, 5, 1)
	greatest("/rounded up, none begins in the padding", Pool{Kernel: 2, Stride: 2, Pad: 1, Ceil: true}, 2, 2, 1, 2, 3, 1)

	greatest("/rounded up, one window larger than the image", Pool{Kernel: 3, Stride: 3, Dilation: 2, Ceil: true}, 1, 2, 1, 4, 7, 1)

	average := func(variant string, c Pool, oh, ow int, shape ...int) {
		add("AvgPool2D"+variant, shape, nil, func(x *Tensor) *Tensor { return x.AvgPool2D(c) }, naivePool(c, oh, ow, false))
	}
	average("", Pool{Kernel: 2}, 2, 1, 2, 4, 3, 2)
	bad(panics{
		"AvgPool2D: there is no Dilation in {Kernel:2":         func() { New(1, 4, 4, 2).AvgPool2D(Pool{Kernel: 2, Dilation: 2}) },
		"AvgPool2D: a window of 5×5 does not fit on [1 4 4 2]": func() { New(1, 4, 4, 2).AvgPool2D(Pool{Kernel: 5}) },
	})
	average("/overlapping, padded", Pool{Kernel: 3, Stride: 2, Pad: 1}, 3, 2, 1, 5, 4, 2)
	average("/padding not counted", Pool{Kernel: 3, Stride: 2, Pad: 1, SkipPad: true}, 3, 2, 1, 5, 4, 2)
	average("/sides that differ", Pool{Kernel: 3, KernelW: 2, Stride: 1, Sides: [4]int{1, 0, 0, 1}}, 3, 3, 1, 4, 3, 1)

	average("/rounded up", Pool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true}, 3, 3, 1, 4, 5, 1)
	average("/rounded up, padding not counted", Pool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true, SkipPad: true}, 3, 3, 1, 4, 5, 1)

	overTime := func(name string, d domain, op func(x *Tensor) *Tensor, c Pool, places int, greatest bool) {
		c.KernelW, c.StrideW, c.DilationW, c.Sides, c.Pad = 1, 1, 1, [4]int{c.Pad, c.Pad}, 0
		add(name, []int{2, 5, 3}, d, op, func(x []array) array {
			s := x[0].shape
			y := naivePool(c, places, 1, greatest)([]array{{[]int{s[0], s[1], 1, s[2]}, x[0].data}})
			return array{[]int{s[0], places, s[2]}, y.data}
		})
	}
	time := Pool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true}
	overTime("MaxPool1D", distinct, func(x *Tensor) *Tensor { return x.MaxPool1D(time) }, time, 3, true)
	bad(panics{
		"MaxPool1D: shape [4 4] is not N×T×F":             func() { New(4, 4).MaxPool1D(time) },
		"MaxPool1D: a window of 5×1 does not fit on [1 4": func() { New(1, 4, 2).MaxPool1D(Pool{Kernel: 5}) },
		"MaxPool1D: the padding of {Kernel:2":             func() { New(1, 4, 2).MaxPool1D(Pool{Kernel: 2, Pad: 2}) },
	})
	overTime("AvgPool1D", nil, func(x *Tensor) *Tensor { return x.AvgPool1D(time) }, time, 3, false)
	bad(panics{"AvgPool1D: shape [4 4] is not N×T×F": func() { New(4, 4).AvgPool1D(time) }})

	part := func(n, parts, i int) (lo, hi int) { return i * n / parts, ((i+1)*n + parts - 1) / parts }
	for _, size := range [][2]int{{2, 2}, {1, 1}, {3, 4}, {6, 7}} {
		name := fmt.Sprintf("/%d by %d", size[0], size[1])
		adaptive := func(start float64, f func(a, b float64) float64, average bool) func(x []array) array {
			return func(x []array) array {
				s := x[0].shape
				return build([]int{s[0], size[0], size[1], s[3]}, func(i []int) float64 {
					h0, h1 := part(s[1], size[0], i[1])
					w0, w1 := part(s[2], size[1], i[2])
					y := start
					for h := h0; h < h1; h++ {
						for w := w0; w < w1; w++ {
							y = f(y, x[0].at(i[0], h, w, i[3]))
						}
					}
					if average {
						y /= float64((h1 - h0) * (w1 - w0))
					}
					return y
				})
			}
		}
		image := []int{2, 4, 5, 2}
		add("AdaptiveMaxPool2D"+name, image, distinct,
			func(x *Tensor) *Tensor { return x.AdaptiveMaxPool2D(size[0], size[1]) }, adaptive(math.Inf(-1), math.Max, false))
		bad(panics{
			"AdaptiveMaxPool2D: cannot bring [4 4 2] to 2×2":   func() { New(4, 4, 2).AdaptiveMaxPool2D(2, 2) },
			"AdaptiveMaxPool2D: cannot bring [1 4 4 2] to 0×2": func() { New(1, 4, 4, 2).AdaptiveMaxPool2D(0, 2) },
		})
		add("AdaptiveAvgPool2D"+name, image, nil,
			func(x *Tensor) *Tensor { return x.AdaptiveAvgPool2D(size[0], size[1]) },
			adaptive(0, func(a, b float64) float64 { return a + b }, true))
		bad(panics{
			"AdaptiveAvgPool2D: cannot bring [1 0 4 2] to 2×2": func() { New(1, 0, 4, 2).AdaptiveAvgPool2D(2, 2) },
		})
	}
	for _, size := range [][2]int{{5, 7}, {2, 2}, {1, 1}, {3, 4}} {
		oh, ow := size[0], size[1]
		name := fmt.Sprintf("/%d by %d", oh, ow)
		add("UpsampleNearest"+name, []int{2, 3, 4, 2}, nil, func(x *Tensor) *Tensor { return x.UpsampleNearest(oh, ow) },
			func(x []array) array {
				s := x[0].shape
				return build([]int{s[0], oh, ow, s[3]}, func(i []int) float64 {
					return x[0].at(i[0], i[1]*s[1]/oh, i[2]*s[2]/ow, i[3])
				})
			})
		bad(panics{
			"UpsampleNearest: cannot bring [3 4 2] to 5×7": func() { New(3, 4, 2).UpsampleNearest(5, 7) },
		})
		for _, align := range []bool{false, true} {
			add(fmt.Sprintf("UpsampleBilinear%s, corners aligned %v", name, align), []int{2, 3, 4, 2}, nil,
				func(x *Tensor) *Tensor { return x.UpsampleBilinear(oh, ow, align) }, naiveBilinear(oh, ow, align))
			bad(panics{
				"UpsampleBilinear: cannot bring [1 3 4 2] to 5×-1": func() { New(1, 3, 4, 2).UpsampleBilinear(5, -1, align) },
			})
		}
	}
	return rows
}

// naivePool is the formula for oh×ow windows, or where that is 0, as many as there is room for.
func naivePool(c Pool, oh, ow int, greatest bool) func(x []array) array {
	kw := max(c.KernelW, 1)
	if c.KernelW == 0 {
		kw = c.Kernel
	}
	conv := Conv{
		Stride: c.Stride, StrideW: c.StrideW, Pad: c.Pad, Sides: c.Sides, Dilation: c.Dilation, DilationW: c.DilationW,
	}
	if c.Stride == 0 {
		conv.Stride, conv.StrideW = c.Kernel, kw
	}
	return func(x []array) array {
		s := x[0].shape
		taps := naiveTaps(conv, s[1], s[2], c.Kernel, kw)
		oh, ow := oh, ow
		if oh == 0 {
			oh, ow = taps[0].places(s[1], c.Kernel), taps[1].places(s[2], kw)
		}
		return build([]int{s[0], oh, ow, s[3]}, func(i []int) float64 {
			y, pixels, padded, sum := math.Inf(-1), 0, 0, 0.
			for a := range c.Kernel {
				for b := range kw {
					h := i[1]*taps[0].stride + a*taps[0].dilation - taps[0].before
					w := i[2]*taps[1].stride + b*taps[1].dilation - taps[1].before
					if h < s[1]+taps[0].after && w < s[2]+taps[1].after {
						padded++
					}
					if h >= 0 && h < s[1] && w >= 0 && w < s[2] {
						v := x[0].at(i[0], h, w, i[3])
						y, sum, pixels = max(y, v), sum+v, pixels+1
					}
				}
			}
			switch {
			case greatest:
				return y
			case c.SkipPad:
				return sum / float64(pixels)
			}
			return sum / float64(padded)
		})
	}
}

func naiveBilinear(oh, ow int, align bool) func(x []array) array {
	// between returns the two pixels that an output pixel lies between, and the weight of the second.
	between := func(n, out, i int) (a, b int, t float64) {
		at := (float64(i)+.5)*float64(n)/float64(out) - .5
		if align {
			at = float64(i) * float64(n-1) / float64(max(out-1, 1))
		}
		at = min(max(at, 0), float64(n-1))
		a = int(at)
		return a, min(a+1, n-1), at - float64(a)
	}
	return func(x []array) array {
		s := x[0].shape
		return build([]int{s[0], oh, ow, s[3]}, func(i []int) float64 {
			h0, h1, t := between(s[1], oh, i[1])
			w0, w1, u := between(s[2], ow, i[2])
			at := func(h, w int) float64 { return x[0].at(i[0], h, w, i[3]) }
			return (1-t)*((1-u)*at(h0, w0)+u*at(h0, w1)) + t*((1-u)*at(h1, w0)+u*at(h1, w1))
		})
	}
}
