//go:build amd64 && !noasm && !float64

package kernel

type vectorTransform = func(dst *float32, ds, dstep int, src *float32, ss, sstep, n, count int)

// along makes a transform of ins vectors to outs of its loop in assembly and its generic twin.
func along(vector vectorTransform, ins, outs int, generic transform) transform {
	return func(dst, src vectors, n, count int) {
		if level == levelGeneric || n == 0 || count == 0 {
			generic(dst, src, n, count)
			return
		}
		dst.bounds(outs, n, count)
		src.bounds(ins, n, count)
		vector(&dst.data[0], dst.apart, dst.far, &src.data[0], src.apart, src.far, n, count)
	}
}

// bounds checks that so many vectors stay within v.
func (v vectors) bounds(many, n, count int) { _ = v.data[(many-1)*v.apart+(count-1)*v.far+n-1] }
