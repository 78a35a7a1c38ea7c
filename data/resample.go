package data

// Resize returns p scaled to h×w pixels, whatever the aspect, with bilinear interpolation; where the picture shrinks, every pixel is an
// average over all that it covers (antialiasing). The numbers are those of Pillow.
func (p Picture) Resize(h, w int) Picture {
	if p.H == h && p.W == w {
		return p
	}
	s := Sample{Picture: p}
	s.Scale(0, 0, p.H, p.W, h, w)
	return s.Picture
}

// A resampler scales pictures: first along the rows, then along the columns, with weights that are whole multiples of 1/one and
// bytes between the two. It keeps the memory that it needs.
type resampler struct {
	across, along []tap
	weights       [2][]int
	rows          []byte
}

const one = 1 << 22

// A tap says which pixels a pixel of the result is made of.
type tap struct {
	from    int
	weights []int
}

// scale fills q with the ph×pw pixels from row y and column x on of p.
func (r *resampler) scale(q, p Picture, y, x, ph, pw int) {
	r.across, r.weights[0] = taps(r.across[:0], r.weights[0][:0], pw, q.W)
	r.along, r.weights[1] = taps(r.along[:0], r.weights[1][:0], ph, q.H)
	stride := q.W * q.C
	if cap(r.rows) < ph*stride {
		r.rows = make([]byte, ph*stride)
	}
	rows := r.rows[:ph*stride]
	for i := range ph {
		from, to := p.Pixels[((y+i)*p.W+x)*p.C:][:pw*p.C], rows[i*stride:(i+1)*stride]
		switch {
		case pw == q.W:
			copy(to, from)
		case p.C == 3:
			across3(to, from, r.across)
		default:
			across1(to, from, r.across)
		}
	}
	for i, t := range r.along {
		to := q.Pixels[i*stride : (i+1)*stride]
		if ph == q.H {
			copy(to, rows[i*stride:])
			continue
		}
		for j := range to {
			sum, at := one/2, t.from*stride+j
			for _, w := range t.weights {
				sum += w * int(rows[at])
				at += stride
			}
			to[j] = byte(sum / one)
		}
	}
}

func across1(to, from []byte, taps []tap) {
	for i, t := range taps {
		sum := one / 2
		for k, v := range from[t.from:][:len(t.weights)] {
			sum += t.weights[k] * int(v)
		}
		to[i] = byte(sum / one)
	}
}

func across3(to, from []byte, taps []tap) {
	for i, t := range taps {
		red, green, blue := one/2, one/2, one/2
		for k, v := 0, from[3*t.from:][:3*len(t.weights)]; len(v) >= 3; k, v = k+1, v[3:] {
			w := t.weights[k]
			red, green, blue = red+w*int(v[0]), green+w*int(v[1]), blue+w*int(v[2])
		}
		to[3*i], to[3*i+1], to[3*i+2] = byte(red/one), byte(green/one), byte(blue/one)
	}
}

// taps returns what each of m pixels is made of that n pixels are scaled to: a triangle about its middle, one pixel of the smaller
// picture wide on each side.
func taps(all []tap, weights []int, n, m int) ([]tap, []int) {
	scale := float64(n) / float64(m)
	reach := max(1, scale)
	if most := m * (int(2*reach) + 3); cap(weights) < most {
		weights = make([]int, 0, most)
	}
	for i := range m {
		centre := (float64(i) + .5) * scale
		from, to := max(0, int(centre-reach+.5)), min(n, int(centre+reach+.5))
		triangle := func(k int) float64 {
			d := (float64(k) + .5 - centre) / reach
			return max(0, 1-max(d, -d))
		}
		total := 0.0
		for k := from; k < to; k++ {
			total += triangle(k)
		}
		start := len(weights)
		for k := from; k < to; k++ {
			weights = append(weights, int(triangle(k)/total*one+.5))
		}
		all = append(all, tap{from, weights[start:]})
	}
	return all, weights
}
