package onnx

import (
	"math"
	"sort"

	"github.com/hadal-go/hadal/tensor"
)

// detection are the operators of boxes.
var detection = map[string]operator{"NonMaxSuppression": nonMaxSuppression}

// nonMaxSuppression lists (image, class, box) of the boxes of each class that overlap none that scored better. Boxes are N×B×4, scores
// N×C×B.
func nonMaxSuppression(c *call) []*value {
	boxes, scores := c.plain(0), c.plain(1)
	if boxes.Rank() != 3 || scores.Rank() != 3 || boxes.Dim(2) != 4 || boxes.Dim(0) != scores.Dim(0) || boxes.Dim(1) != scores.Dim(2) {
		c.fail("boxes %v and scores %v are not N×B×4 and N×C×B", boxes.Shape(), scores.Shape())
	}
	most := c.number(2, "", 0)
	overlap := c.number(3, "", 0)
	least := c.number(4, "", math.Inf(-1))
	n, classes := scores.Dim(1)*scores.Dim(0), scores.Dim(1)
	count := scores.Dim(2)
	centred := c.int("center_point_box", 0) != 0
	y := &value{shape: []int{0, 3}, typ: int64Type}
	for row := range n {
		image := row / classes
		score := scores.Data()[row*count : (row+1)*count]
		box := func(i int) [4]float64 { return corners(boxes.Data()[(image*count+i)*4:], centred) }
		var order, kept []int
		for i, s := range score {
			if float64(s) > least || math.IsInf(least, -1) {
				order = append(order, i)
			}
		}
		sort.SliceStable(order, func(a, b int) bool { return score[order[a]] > score[order[b]] })
		for _, i := range order {
			if float64(len(kept)) >= most {
				break
			}
			free := true
			for _, k := range kept {
				free = free && overlapOf(box(i), box(k)) <= overlap
			}
			if free {
				kept = append(kept, i)
				y.ints = append(y.ints, int64(image), int64(row%classes), int64(i))
			}
		}
	}
	y.shape[0] = len(y.ints) / 3
	return one(y)
}

// corners returns least and greatest coordinates of a box, given by two opposite corners y, x, y, x or by centre and size x, y, w, h.
func corners(b []tensor.Float, centred bool) [4]float64 {
	p, q, r, s := float64(b[0]), float64(b[1]), float64(b[2]), float64(b[3])
	if centred {
		return [4]float64{p - r/2, q - s/2, p + r/2, q + s/2}
	}
	return [4]float64{min(p, r), min(q, s), max(p, r), max(q, s)}
}

// overlapOf returns the intersection over the union of two boxes.
func overlapOf(a, b [4]float64) float64 {
	h, w := min(a[2], b[2])-max(a[0], b[0]), min(a[3], b[3])-max(a[1], b[1])
	if h <= 0 || w <= 0 {
		return 0
	}
	area := func(b [4]float64) float64 { return (b[2] - b[0]) * (b[3] - b[1]) }
	return h * w / (area(a) + area(b) - h*w)
}
