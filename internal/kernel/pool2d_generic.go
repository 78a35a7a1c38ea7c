package kernel

// sumWindowsGeneric is sumWindows in plain Go.
func sumWindowsGeneric(y, x []Float, channels, pixels, step, rows, columns, down, right int, scale Float) {
	for p := range pixels {
		y := y[p*channels:][:channels]
		clear(y)
		for i := range rows {
			for j := range columns {
				addTo(y, x[p*step+i*down+j*right:])
			}
		}
		mulScalar(y, y, scale)
	}
}

func addTo(y, x []Float) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}

// giveMaxGeneric is giveMax in plain Go.
func giveMaxGeneric(x, y []Float, index []int32, first, place, channels, pixels, step, columns, right int, put bool) {
	for p := range pixels {
		for j := range columns {
			at := first + p*step + j*right
			x := x[at:][:channels]
			for c := range x {
				k := p*channels + c
				var v Float
				if int(index[k]) == place+at+c {
					v = y[k]
				}
				if !put {
					v += x[c]
				}
				x[c] = v
			}
		}
	}
}

// giveAverageGeneric is giveAverage in plain Go.
func giveAverageGeneric(x, y []Float, first, channels, pixels, step, columns, right int, scale Float, put bool) {
	for p := range pixels {
		for j := range columns {
			x := x[first+p*step+j*right:][:channels]
			for c := range x {
				v := y[p*channels+c] * scale
				if !put {
					v += x[c]
				}
				x[c] = v
			}
		}
	}
}

// maxWindowsGeneric is maxWindows in plain Go.
func maxWindowsGeneric(y []Float, index []int32, x []Float, first, channels, pixels, step, rows, columns, down, right int) {
	for ; pixels > 0; pixels-- {
		y0 := y[:channels]
		switch {
		case index == nil:
			maxWindow(y0, nil, x, first, rows, columns, down, right)
		case rows == 2 && columns == 2:
			max4(y0, index[:channels], x, first, down, right)
		default:
			maxWindow(y0, index[:channels], x, first, rows, columns, down, right)
		}
		y, first = y[channels:], first+step
		if index != nil {
			index = index[channels:]
		}
	}
}

// maxWindow finds the greatest of rows×columns pixels of len(y) channels; the first is at first, the next row down and the next
// column right from it.
func maxWindow(y []Float, index []int32, x []Float, first, rows, columns, down, right int) {
	copy(y, x[first:])
	if index == nil {
		for i := range rows {
			for j := range columns {
				Max.VV(y, y, x[first+i*down+j*right:])
			}
		}
		return
	}
	for i := range index {
		index[i] = int32(first + i)
	}
	for i := range rows {
		for j := range columns {
			at := first + i*down + j*right
			x, index := x[at:][:len(y)], index[:len(y)]
			for c := range y {
				k, v := index[c], x[c]
				if v > y[c] {
					k = int32(at + c)
				}
				index[c], y[c] = k, max(y[c], v)
			}
		}
	}
	for c, v := range y {
		if v != v {
			index[c] = firstNaN(x, first+c, columns, down, right)
		}
	}
}

// max4 is maxWindow for 2×2 pixels.
func max4(y []Float, index []int32, x []Float, first, down, right int) {
	index = index[:len(y)]
	a, b := x[first:][:len(y)], x[first+right:][:len(y)]
	c, d := x[first+down:][:len(y)], x[first+down+right:][:len(y)]
	for i := range y {
		k, v := first, a[i]
		if b[i] > v {
			k = first + right
		}
		v = max(v, b[i])
		if c[i] > v {
			k = first + down
		}
		v = max(v, c[i])
		if d[i] > v {
			k = first + down + right
		}
		v = max(v, d[i])
		y[i], index[i] = v, int32(k+i)
		if v != v {
			index[i] = firstNaN(x, first+i, 2, down, right)
		}
	}
}

// firstNaN returns the place of the first NaN of a window that has one.
func firstNaN(x []Float, at, columns, down, right int) int32 {
	for ; ; at += down {
		for j := range columns {
			if v := x[at+j*right]; v != v {
				return int32(at + j*right)
			}
		}
	}
}
