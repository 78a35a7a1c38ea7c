package augment

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// Blur convolves with a Gaussian whose deviation, in pixels, is uniform from Low to High. The picture goes on mirrored at its border.
type Blur struct{ Low, High float64 }

// Apply implements data.Transform.
func (t Blur) Apply(r *rand.Rand, s *data.Sample) { blur(s, uniform(r, t.Low, t.High)) }

// blur convolves with a Gaussian, along the rows and then along the columns. It is cut off at three deviations.
func blur(s *data.Sample, deviation float64) {
	if deviation <= 0 {
		return
	}
	p := s.Picture
	reach := int(math.Ceil(3 * deviation))
	size, stride := len(p.Pixels), p.W*p.C
	memory := s.Floats(2*reach + 1 + size + stride + 2*reach*p.C)
	kernel, rows, line := memory[:2*reach+1], memory[2*reach+1:][:size], memory[2*reach+1+size:]
	var total float32
	for k := range kernel {
		x := float64(k-reach) / deviation
		kernel[k] = float32(math.Exp(-x * x / 2))
		total += kernel[k]
	}
	for k := range kernel {
		kernel[k] /= total
	}
	clear(rows)
	for y := range p.H {
		from, to := p.Pixels[y*stride:(y+1)*stride], rows[y*stride:(y+1)*stride]
		for x := range p.W + 2*reach {
			for c, v := range from[reflected(x-reach, p.W)*p.C:][:p.C] {
				line[x*p.C+c] = float32(v)
			}
		}
		for k, w := range kernel {
			for i, v := range line[k*p.C:][:stride] {
				to[i] += w * v
			}
		}
	}
	sum := line[:stride]
	q := s.Fresh(p.H, p.W, p.C)
	for y := range p.H {
		clear(sum)
		for k, w := range kernel {
			at := reflected(y+k-reach, p.H) * stride
			for i, v := range rows[at : at+stride] {
				sum[i] += w * v
			}
		}
		for i, v := range sum {
			q.Pixels[y*stride+i] = byte(v + .5)
		}
	}
	s.Picture = q
}

// Noise adds to every value a draw from a Gaussian with the deviation Deviation, a part of the range from black to white.
type Noise struct{ Deviation float64 }

// Apply implements data.Transform.
func (t Noise) Apply(r *rand.Rand, s *data.Sample) {
	for p, i := s.Edit(), 0; i < len(p.Pixels); i++ {
		v := float64(p.Pixels[i]) + 255*t.Deviation*r.NormFloat64()
		p.Pixels[i] = byte(min(255, max(0, v)) + .5)
	}
}

// sharpen blends with a smoothed picture: 0 is smooth, 1 changes nothing, 2 is sharp. The pixels at the border stay.
func sharpen(s *data.Sample, f float64) {
	p := s.Picture
	c, stride := p.C, p.W*p.C
	q := s.Fresh(p.H, p.W, c)
	copy(q.Pixels, p.Pixels)
	for y := 1; y < p.H-1; y++ {
		above, row, below := p.Pixels[(y-1)*stride:][:stride], p.Pixels[y*stride:][:stride], p.Pixels[(y+1)*stride:][:stride]
		for i := c; i < stride-c; i++ {
			sum := 4 * int(row[i])
			for _, k := range [3]int{i - c, i, i + c} {
				sum += int(above[k]) + int(row[k]) + int(below[k])
			}
			q.Pixels[y*stride+i] = blend(byte((2*sum+13)/26), row[i], float32(f))
		}
	}
	s.Picture = q
}
