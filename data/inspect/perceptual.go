package inspect

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/hadal-go/hadal/data"
)

const (
	side      = 32 // of the picture that is hashed
	smallSide = 16 // of the one that is compared
	frequency = 8  // frequencies of the hash in each direction
	hashBits  = frequency*frequency - 1
)

// greys returns p in grey at side×side: every number is the average of the pixels under it, in part where they are so.
func greys(p data.Picture) *[side * side]float64 {
	grey := p.Grey()
	row := make([]float64, p.W)
	columns := make([]float64, side*p.H) // transposed: at each of the side columns the averages of the rows
	for y := range p.H {
		for x, v := range grey.Pixels[y*p.W : (y+1)*p.W] {
			row[x] = float64(v)
		}
		stretch(columns[y:], p.H, row)
	}
	var out [side * side]float64
	for x := range side {
		stretch(out[x:], side, columns[x*p.H:(x+1)*p.H])
	}
	return &out
}

// stretch makes side averages, every so many numbers, of what is in from.
func stretch(to []float64, every int, from []float64) {
	step := float64(len(from)) / side
	for i := range side {
		begin, end := float64(i)*step, float64(i+1)*step
		first, last := int(begin), min(int(end), len(from)-1)
		if first == last {
			to[i*every] = from[first]
			continue
		}
		sum := (float64(first+1)-begin)*from[first] + (end-float64(last))*from[last]
		for _, v := range from[first+1 : last] {
			sum += v
		}
		to[i*every] = sum / step
	}
}

// cosine[k][x] is the DCT-II's.
var cosine = func() (c [frequency][side]float64) {
	for k := range c {
		for x := range c[k] {
			c[k][x] = math.Cos(math.Pi / side * (float64(x) + 0.5) * float64(k))
		}
	}
	return c
}()

// perceptual returns the signs, against their median, of the 63 lowest frequencies of a cosine transform: the coarse shapes of a
// picture, whatever its size, brightness and contrast (Zauner 2010, Implementation and benchmarking of perceptual image hash
// functions, section 3.2.1).
func perceptual(grey *[side * side]float64) uint64 {
	var rows [side][frequency]float64
	for y := range side {
		for k := range frequency {
			for x, v := range grey[y*side : (y+1)*side] {
				rows[y][k] += v * cosine[k][x]
			}
		}
	}
	var c [hashBits]float64
	for i := range c {
		ky, kx := (i+1)/frequency, (i+1)%frequency
		for y := range side {
			c[i] += rows[y][kx] * cosine[ky][y]
		}
		if math.Abs(c[i]) < 1e-6 {
			c[i] = 0 // of what has no such frequency, as a plain picture, rounding is left
		}
	}
	sorted := c
	slices.Sort(sorted[:])
	middle := sorted[len(sorted)/2]
	var hash uint64
	for i, v := range c {
		if v > middle {
			hash |= 1 << i
		}
	}
	return hash
}

// smallScale is the standard deviation of small, which clips what is beyond four of it.
const smallScale = 31

// small returns a small copy with mean 0 and one contrast.
func small(grey *[side * side]float64) (out [smallSide * smallSide]int8) {
	var v [smallSide * smallSide]float64
	const k = side / smallSide
	mean := 0.0
	for i, g := range grey {
		v[i/side/k*smallSide+i%side/k] += g / k / k
		mean += g / side / side
	}
	variance := 0.0
	for i := range v {
		v[i] -= mean
		variance += v[i] * v[i] / float64(len(v))
	}
	if variance < 0.25 {
		return out // a plain picture
	}
	for i := range v {
		out[i] = int8(math.Round(max(-127, min(127, v[i]/math.Sqrt(variance)*smallScale))))
	}
	return out
}

// leastCorrelation is that of small copies of pictures that are nearly equal. Of photos, as good as none that are different reach it;
// of pictures as simple as handwritten digits, some do that are very much alike.
const leastCorrelation = 0.98

// alike tells whether the small copies of two pictures correlate.
func alike(a, b *print) bool {
	var dot, aa, bb int
	for i, x := range a.small {
		y := b.small[i]
		dot += int(x) * int(y)
		aa += int(x) * int(x)
		bb += int(y) * int(y)
	}
	if aa == 0 || bb == 0 {
		return aa == bb
	}
	return float64(dot) >= leastCorrelation*math.Sqrt(float64(aa)*float64(bb))
}

// near returns the pairs of pictures that are nearly equal. If hashes are cut into o.Bits+2 stretches and differ in at most o.Bits
// bits, two stretches are equal: for every two, the pictures are sorted by them, and only those are compared that have both.
func near(all []print, o Options) (pairs []Group, dropped int) {
	var kept [2]int // pairs within a part, and across parts
	stretches := o.Bits + 2
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	for s := range stretches {
		for second := s + 1; second < stretches; second++ {
			mask := stretchMask(s, stretches) | stretchMask(second, stretches)
			slices.SortFunc(order, func(i, j int) int {
				return cmp.Or(cmp.Compare(all[i].hash&mask, all[j].hash&mask), cmp.Compare(i, j))
			})
			for begin, end := 0, 0; begin < len(order); begin = end {
				key := all[order[begin]].hash & mask
				for end = begin + 1; end < len(order) && all[order[end]].hash&mask == key; end++ {
					for _, i := range order[begin:end] {
						a, b := &all[i], &all[order[end]]
						differ := a.hash ^ b.hash
						distance := bits.OnesCount64(differ)
						if distance > o.Bits || foundBefore(differ, s, second, stretches) || !alike(a, b) {
							continue
						}
						g := Group{[]Example{a.Example, b.Example}, distance}
						of := &kept[0]
						if g.Across() {
							of = &kept[1]
						}
						if *of++; *of > o.Most {
							dropped++
							continue
						}
						pairs = append(pairs, g)
					}
				}
			}
		}
	}
	slices.SortFunc(pairs, func(a, b Group) int { return slices.Compare(place(a), place(b)) })
	slices.SortStableFunc(pairs, compare)
	return pairs, dropped
}

// stretchMask has the bits of stretch k of n.
func stretchMask(k, n int) uint64 {
	return uint64(1)<<((k+1)*hashBits/n) - uint64(1)<<(k*hashBits/n)
}

// foundBefore tells whether hashes with this difference share a stretch before the second one, other than s: then an earlier pair of
// stretches had both pictures.
func foundBefore(differ uint64, s, second, stretches int) bool {
	for k := range second {
		if k != s && differ&stretchMask(k, stretches) == 0 {
			return true
		}
	}
	return false
}

// place orders groups by where their examples are.
func place(g Group) (order []int) {
	for _, e := range g.Examples {
		order = append(order, e.Part, e.Index)
	}
	return order
}
