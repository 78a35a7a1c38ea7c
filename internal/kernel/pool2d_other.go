//go:build !amd64 || noasm || float64

package kernel

// maxWindows finds the greatest numbers of windows of rows×columns pixels, for as many pixels of y as there are windows, and their
// places in x; index may be nil. The first window is at first, the next a step on; in a window, the next row is down and the next
// column right from a pixel. The first of equals wins, and the first NaN wins over all.
func maxWindows(y []Float, index []int32, x []Float, first, channels, pixels, step, rows, columns, down, right int) {
	maxWindowsGeneric(y, index, x, first, channels, pixels, step, rows, columns, down, right)
}

// sumWindows adds up windows of x, placed as those of maxWindows, and multiplies the sums by scale.
func sumWindows(y, x []Float, channels, pixels, step, rows, columns, down, right int, scale Float) {
	sumWindowsGeneric(y, x, channels, pixels, step, rows, columns, down, right, scale)
}

// giveMax gives the pixels of a row x of an image, in as many windows as there are pixels of y, the numbers of y whose index is their
// place; place is that of the row. The first window is at first, the next a step on, and of columns pixels, right from one another.
// With put the pixels are set, otherwise the numbers are added to them.
func giveMax(x, y []Float, index []int32, first, place, channels, pixels, step, columns, right int, put bool) {
	giveMaxGeneric(x, y, index, first, place, channels, pixels, step, columns, right, put)
}

// giveAverage is giveMax for the numbers of y times scale, given to all pixels of their windows.
func giveAverage(x, y []Float, first, channels, pixels, step, columns, right int, scale Float, put bool) {
	giveAverageGeneric(x, y, first, channels, pixels, step, columns, right, scale, put)
}
