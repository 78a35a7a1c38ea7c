// Package box has the boxes of object detection.
package box

// A Box is a rectangle with sides along the axes, in pixels from the top left corner of a picture: the pixel in row y and column x
// covers y to y+1 and x to x+1, so that a box about it alone is {x, y, x+1, y+1}.
type Box struct {
	X0, Y0, X1, Y1 float64 // left, top, right, bottom
}

// W returns the width.
func (b Box) W() float64 { return b.X1 - b.X0 }

// H returns the height.
func (b Box) H() float64 { return b.Y1 - b.Y0 }

// Clip returns the part of b that lies within a picture of h×w pixels. Without such a part, W or H of the result is 0 or less.
func (b Box) Clip(h, w int) Box {
	return Box{max(b.X0, 0), max(b.Y0, 0), min(b.X1, float64(w)), min(b.Y1, float64(h))}
}

// Around returns the smallest box about points (x, y).
func Around(points ...[2]float64) Box {
	b := Box{points[0][0], points[0][1], points[0][0], points[0][1]}
	for _, p := range points[1:] {
		b = Box{min(b.X0, p[0]), min(b.Y0, p[1]), max(b.X1, p[0]), max(b.Y1, p[1])}
	}
	return b
}

// Corners returns the four corners, clockwise from the top left one.
func (b Box) Corners() [4][2]float64 {
	return [4][2]float64{{b.X0, b.Y0}, {b.X1, b.Y0}, {b.X1, b.Y1}, {b.X0, b.Y1}}
}
