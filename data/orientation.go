package data

import (
	"bytes"
	"encoding/binary"
)

// An orientation is the EXIF tag that says how a stored picture has to be turned to be upright (CIPA DC-008, 4.6.4.A): 2 is
// mirrored left and right, 3 turned by 180°, 4 mirrored up and down, 6 and 8 need a quarter turn clockwise and anticlockwise,
// and 5 and 7 are those mirrored.
type orientation int

const upright orientation = 1

// sideways tells whether height and width change places.
func (o orientation) sideways() bool { return o >= 5 }

// orientationOf looks for the tag in the whole file of a picture; what is missing or broken is upright.
func orientationOf(b []byte, format string) orientation {
	switch format {
	case "jpeg":
		return exifOrientation(jpegExif(b))
	case "png":
		return exifOrientation(pngExif(b))
	case "webp":
		return exifOrientation(webpExif(b))
	case "tiff":
		return exifOrientation(b)
	}
	return upright
}

// exifOrientation reads tag 0x0112 of the first directory of EXIF data, which have the form of a TIFF file.
func exifOrientation(b []byte) orientation {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return upright
	}
	directory := from(b, 4, 4)
	if directory == nil {
		return upright
	}
	at := int64(order.Uint32(directory))
	count := from(b, at, 2)
	if count == nil {
		return upright
	}
	for i := range int64(order.Uint16(count)) {
		entry := from(b, at+2+12*i, 12) // tag, type, count, value
		if entry == nil {
			break
		}
		const short = 3
		if order.Uint16(entry) == 0x0112 && order.Uint16(entry[2:]) == short {
			if o := orientation(order.Uint16(entry[8:])); o >= 1 && o <= 8 {
				return o
			}
			break
		}
	}
	return upright
}

// from returns n bytes of b, or nil where there are not as many.
func from(b []byte, at, n int64) []byte {
	if at < 0 || at > int64(len(b))-n {
		return nil
	}
	return b[at : at+n]
}

// jpegExif returns the EXIF data of a JPEG, which stand in a segment APP1 before the first scan.
func jpegExif(b []byte) []byte {
	for at := int64(2); ; {
		head := from(b, at, 4) // FF, marker, length with its own two bytes
		if head == nil || head[0] != 0xff {
			return nil
		}
		const padding, app1, startOfScan = 0xff, 0xe1, 0xda
		if head[1] == padding {
			at++
			continue
		}
		length := int64(binary.BigEndian.Uint16(head[2:]))
		if head[1] == startOfScan || length < 2 {
			return nil
		}
		body := from(b, at+4, length-2)
		if exif, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && head[1] == app1 {
			return exif
		}
		at += 2 + length
	}
}

// pngExif returns the content of a PNG's chunk eXIf.
func pngExif(b []byte) []byte {
	for at := int64(8); ; {
		head := from(b, at, 8) // length, type
		if head == nil {
			return nil
		}
		length := int64(binary.BigEndian.Uint32(head))
		if string(head[4:]) == "eXIf" {
			return from(b, at+8, length)
		}
		at += 12 + length // and a sum
	}
}

// webpExif returns the content of a WebP's chunk EXIF, in which some programs repeat the mark that it has in a JPEG.
func webpExif(b []byte) []byte {
	for at := int64(12); ; {
		head := from(b, at, 8) // type, length
		if head == nil {
			return nil
		}
		length := int64(binary.LittleEndian.Uint32(head[4:]))
		if string(head[:4]) == "EXIF" {
			return bytes.TrimPrefix(from(b, at+8, length), []byte("Exif\x00\x00"))
		}
		at += 8 + length + length&1
	}
}

// turned returns p, which is stored with orientation o, upright.
func (p Picture) turned(o orientation) Picture {
	if o <= upright || o > 8 {
		return p
	}
	q := NewPicture(p.H, p.W, p.C)
	if o.sideways() {
		q.H, q.W = p.W, p.H
	}
	for y := range q.H {
		for x := range q.W {
			from := [...]int{
				2: y*p.W + p.W - 1 - x,
				3: (p.H-1-y)*p.W + p.W - 1 - x,
				4: (p.H-1-y)*p.W + x,
				5: x*p.W + y,
				6: (p.H-1-x)*p.W + y,
				7: (p.H-1-x)*p.W + p.W - 1 - y,
				8: x*p.W + p.W - 1 - y,
			}[o]
			to := y*q.W + x
			copy(q.Pixels[to*p.C:(to+1)*p.C], p.Pixels[from*p.C:])
		}
	}
	return q
}
