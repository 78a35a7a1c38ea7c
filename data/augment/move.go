package augment

import (
	"slices"

	"github.com/hadal-go/hadal/box"
	"github.com/hadal-go/hadal/data"
)

// A motion says where the pixels of a picture go. All transforms that move pixels are motions, so that picture, boxes and masks of a
// sample go the same way.
type motion interface {
	picture(s *data.Sample)                   // moves the picture of s
	mask(to, from data.Picture, outside byte) // moves a mask: every pixel of to is one of from, or outside
	point(x, y float64) (float64, float64)    // where a point goes
}

// move moves everything in s. A box becomes the smallest about its moved corners that lies within the picture. It vanishes, with its
// class and mask, when less than a pixel of it is left in either direction, or nothing of its mask.
func move[M motion](s *data.Sample, m M) {
	m.picture(s)
	if !s.Marked() {
		return
	}
	h, w := s.Picture.H, s.Picture.W
	mask := func(from data.Picture, outside byte) data.Picture {
		to := data.NewPicture(h, w, 1)
		m.mask(to, from, outside)
		return to
	}
	if len(s.Map.Pixels) > 0 {
		s.Map = mask(s.Map, s.Void)
	}
	var boxes []box.Box
	var classes []int
	var masks []data.Picture
	for i, b := range s.Boxes {
		corners := b.Corners()
		for k, p := range corners {
			corners[k][0], corners[k][1] = m.point(p[0], p[1])
		}
		b = box.Around(corners[:]...).Clip(h, w)
		if b.W() < 1 || b.H() < 1 {
			continue
		}
		if len(s.Masks) > 0 {
			moved := mask(s.Masks[i], 0)
			if slices.Max(moved.Pixels) == 0 {
				continue
			}
			masks = append(masks, moved)
		}
		boxes = append(boxes, b)
		if len(s.Classes) > 0 {
			classes = append(classes, s.Classes[i])
		}
	}
	s.Boxes, s.Classes, s.Masks = boxes, classes, masks
}
