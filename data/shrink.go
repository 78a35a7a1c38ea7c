package data

import (
	"image"
	"image/color"
	"image/draw"
)

// shrink is FromImage with every kx×ky pixels made one, their average. Photos are much larger than what a network sees, and this
// goes over their pixels once: a JPEG is averaged as it is stored, in luma and subsampled chroma, before it becomes red, green
// and blue. Up to kx−1 columns and ky−1 rows at the edges, as many on both sides, are left out.
func shrink(img image.Image, channels, kx, ky int) Picture {
	b := img.Bounds()
	p := NewPicture(b.Dy()/ky, b.Dx()/kx, channels)
	if ycc, ok := img.(*image.YCbCr); ok && kx*ky > 1 {
		if sx, sy := subsampling(ycc.SubsampleRatio); kx%sx == 0 && ky%sy == 0 && b.Min == (image.Point{}) {
			p.average(ycc, kx, ky, sx, sy)
			return p
		}
	}
	// A strip of a few rows at a time is drawn as red, green and blue on white, which handles every kind of image.
	op := draw.Over
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		op = draw.Src // is faster, and there is no white to be seen
	}
	at := b.Min.Add(image.Pt(b.Dx()%kx/2, b.Dy()%ky/2))
	rows := min(max(1, 32/ky), p.H)
	strip := image.NewRGBA(image.Rect(0, 0, p.W*kx, rows*ky))
	for y := 0; y < p.H; y += rows {
		n := min(rows, p.H-y)
		part := image.Rect(0, 0, p.W*kx, n*ky)
		if op == draw.Over {
			draw.Draw(strip, part, image.White, image.Point{}, draw.Src)
		}
		draw.Draw(strip, part, img, at.Add(image.Pt(0, y*ky)), op)
		for row := range n {
			p.fill(y+row, strip, row*ky, kx, ky)
		}
	}
	return p
}

// fill makes row y of p of the ky rows of strip from row top on, each kx×ky pixels the average of them.
func (p Picture) fill(y int, strip *image.RGBA, top, kx, ky int) {
	out := p.Pixels[y*p.W*p.C:]
	n := uint32(kx * ky)
	for x := range p.W {
		sum := [3]uint32{n / 2, n / 2, n / 2} // to round
		for row := range ky {
			at := strip.PixOffset(x*kx, top+row)
			for line := strip.Pix[at : at+4*kx]; len(line) >= 4; line = line[4:] {
				sum[0] += uint32(line[0])
				sum[1] += uint32(line[1])
				sum[2] += uint32(line[2])
			}
		}
		p.set(out[x*p.C:], byte(sum[0]/n), byte(sum[1]/n), byte(sum[2]/n))
	}
}

// set writes one pixel.
func (p Picture) set(pixel []byte, r, g, b byte) {
	if p.C == 1 {
		pixel[0] = Grey(r, g, b)
		return
	}
	pixel[0], pixel[1], pixel[2] = r, g, b
}

// average is shrink for what a JPEG holds, with chroma for each sx×sy pixels, which divide kx and ky.
func (p Picture) average(from *image.YCbCr, kx, ky, sx, sy int) {
	size := from.Rect.Size()
	left, top := size.X%kx/2/sx, size.Y%ky/2/sy // in samples of chroma
	luma, blue, red := make([]byte, p.W), make([]byte, p.W), make([]byte, p.W)
	for y := range p.H {
		boxes(luma, from.Y[(top*sy+y*ky)*from.YStride+left*sx:], from.YStride, kx, ky)
		chroma := (top+y*ky/sy)*from.CStride + left
		boxes(blue, from.Cb[chroma:], from.CStride, kx/sx, ky/sy)
		boxes(red, from.Cr[chroma:], from.CStride, kx/sx, ky/sy)
		out := p.Pixels[y*p.W*p.C:]
		for x := range p.W {
			r, g, b := color.YCbCrToRGB(luma[x], blue[x], red[x])
			p.set(out[x*p.C:], r, g, b)
		}
	}
}

// boxes writes the averages of boxes of kx×ky, one beside the other, of a plane with the given stride.
func boxes(to, plane []byte, stride, kx, ky int) {
	n := uint32(kx * ky)
	for x := range to {
		sum := n / 2 // to round
		for row := range ky {
			at := row*stride + x*kx
			for _, v := range plane[at : at+kx] {
				sum += uint32(v)
			}
		}
		to[x] = byte(sum / n)
	}
}

// subsampling returns how many pixels share one sample of chroma, in width and height.
func subsampling(r image.YCbCrSubsampleRatio) (x, y int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}
