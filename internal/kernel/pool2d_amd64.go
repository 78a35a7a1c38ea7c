//go:build amd64 && !noasm && !float64

package kernel

// The loops of pooling are what pool2d_other.go says.

func maxWindows(y []Float, index []int32, x []Float, first, channels, pixels, step, rows, columns, down, right int) {
	if level == levelGeneric || channels == 0 {
		maxWindowsGeneric(y, index, x, first, channels, pixels, step, rows, columns, down, right)
		return
	}
	_, _ = y[pixels*channels-1], x[first+(pixels-1)*step+(rows-1)*down+(columns-1)*right+channels-1]
	var places *int32
	if index != nil {
		places = &index[:pixels*channels][0]
	}
	vectorMaxWindows(&y[0], places, &x[first], first, channels, pixels, step, rows, columns, down, right)
}

func sumWindows(y, x []Float, channels, pixels, step, rows, columns, down, right int, scale Float) {
	if level == levelGeneric || channels == 0 {
		sumWindowsGeneric(y, x, channels, pixels, step, rows, columns, down, right, scale)
		return
	}
	_, _ = y[pixels*channels-1], x[(pixels-1)*step+(rows-1)*down+(columns-1)*right+channels-1]
	vectorSumWindows(&y[0], &x[0], channels, pixels, step, rows, columns, down, right, scale)
}

func giveMax(x, y []Float, index []int32, first, place, channels, pixels, step, columns, right int, put bool) {
	if level == levelGeneric || channels == 0 {
		giveMaxGeneric(x, y, index, first, place, channels, pixels, step, columns, right, put)
		return
	}
	_, _, _ = x[first+(pixels-1)*step+(columns-1)*right+channels-1], y[pixels*channels-1], index[pixels*channels-1]
	give := vectorMaxGradAdd
	if put {
		give = vectorMaxGradPut
	}
	give(&x[first], &y[0], &index[0], place+first, channels, pixels, step, 1, columns, 0, right)
}

func giveAverage(x, y []Float, first, channels, pixels, step, columns, right int, scale Float, put bool) {
	if level == levelGeneric || channels == 0 {
		giveAverageGeneric(x, y, first, channels, pixels, step, columns, right, scale, put)
		return
	}
	_, _ = x[first+(pixels-1)*step+(columns-1)*right+channels-1], y[pixels*channels-1]
	give := vectorAverageGradAdd
	if put {
		give = vectorAverageGradPut
	}
	give(&x[first], &y[0], channels, pixels, step, 1, columns, 0, right, scale)
}
