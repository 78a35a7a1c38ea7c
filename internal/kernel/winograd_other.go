//go:build !amd64 || noasm || float64

package kernel

func winogradData(dst, src vectors, n, count int) { winogradDataGeneric(dst, src, n, count) }

func winogradFilter(dst, src vectors, n, count int) { winogradFilterGeneric(dst, src, n, count) }

func winogradOutput(dst, src vectors, n, count int) { winogradOutputGeneric(dst, src, n, count) }

func winogradOutputAdjoint(dst, src vectors, n, count int) {
	winogradOutputAdjointGeneric(dst, src, n, count)
}

func winogradFilterAdjoint(dst, src vectors, n, count int) {
	winogradFilterAdjointGeneric(dst, src, n, count)
}
