//go:build amd64 && !noasm && !float64

package kernel

// The transforms of Winograd's convolution are what winograd_generic.go says.

// bounds checks that a transform of so many vectors stays within v.
func (v vectors) bounds(many, n, count int) { _ = v.data[(many-1)*v.apart+(count-1)*v.far+n-1] }

func winogradData(dst, src vectors, n, count int) {
	if level == levelGeneric || n == 0 || count == 0 {
		winogradDataGeneric(dst, src, n, count)
		return
	}
	dst.bounds(6, n, count)
	src.bounds(6, n, count)
	vectorWinogradData(&dst.data[0], dst.apart, dst.far, &src.data[0], src.apart, src.far, n, count)
}

func winogradFilter(dst, src vectors, n, count int) {
	if level == levelGeneric || n == 0 || count == 0 {
		winogradFilterGeneric(dst, src, n, count)
		return
	}
	dst.bounds(6, n, count)
	src.bounds(3, n, count)
	vectorWinogradFilter(&dst.data[0], dst.apart, dst.far, &src.data[0], src.apart, src.far, n, count)
}

func winogradOutput(dst, src vectors, n, count int) {
	if level == levelGeneric || n == 0 || count == 0 {
		winogradOutputGeneric(dst, src, n, count)
		return
	}
	dst.bounds(4, n, count)
	src.bounds(6, n, count)
	vectorWinogradOutput(&dst.data[0], dst.apart, dst.far, &src.data[0], src.apart, src.far, n, count)
}

func winogradOutputAdjoint(dst, src vectors, n, count int) {
	if level == levelGeneric || n == 0 || count == 0 {
		winogradOutputAdjointGeneric(dst, src, n, count)
		return
	}
	dst.bounds(6, n, count)
	src.bounds(4, n, count)
	vectorWinogradOutputAdjoint(&dst.data[0], dst.apart, dst.far, &src.data[0], src.apart, src.far, n, count)
}

func winogradFilterAdjoint(dst, src vectors, n, count int) {
	if level == levelGeneric || n == 0 || count == 0 {
		winogradFilterAdjointGeneric(dst, src, n, count)
		return
	}
	dst.bounds(3, n, count)
	src.bounds(6, n, count)
	vectorWinogradFilterAdjoint(&dst.data[0], dst.apart, dst.far, &src.data[0], src.apart, src.far, n, count)
}
