package augment

import "github.com/hadal-go/hadal/data"

// What policies do to the values of single pixels.

// invert makes the negative.
func invert(s *data.Sample) { solarize(s, 0) }

// solarize inverts values from threshold on.
func solarize(s *data.Sample, threshold float64) {
	var table [256]byte
	for v := range table {
		table[v] = byte(v)
		if float64(v) >= threshold {
			table[v] = byte(255 - v)
		}
	}
	replace(s, &table)
}

// posterize keeps the highest bits of each value.
func posterize(s *data.Sample, bits int) {
	var table [256]byte
	for v := range table {
		table[v] = byte(v) &^ byte(0xff>>bits)
	}
	replace(s, &table)
}

// autoContrast stretches each channel so that it goes from 0 to 255.
func autoContrast(s *data.Sample) {
	replaceEach(s, func(table *[256]byte, count *[256]int) {
		low, high := 0, 255
		for low < 255 && count[low] == 0 {
			low++
		}
		for high > 0 && count[high] == 0 {
			high--
		}
		if high <= low {
			return
		}
		scale := 255 / float64(high-low)
		offset := -float64(low) * scale
		for v := range table {
			table[v] = byte(min(255, max(0, float64(v)*scale+offset)))
		}
	})
}

// equalize gives each channel a histogram that is as flat as can be.
func equalize(s *data.Sample) {
	replaceEach(s, func(table *[256]byte, count *[256]int) {
		total, last := 0, 0
		for _, n := range count {
			if n > 0 {
				total, last = total+n, n
			}
		}
		step := (total - last) / 255
		if step == 0 {
			return
		}
		below := step / 2
		for v := range table {
			table[v] = byte(min(255, below/step))
			below += count[v]
		}
	})
}

// replaceEach replaces values as replace does, with a table for each channel that rule changes from the identity by how often each
// value is there.
func replaceEach(s *data.Sample, rule func(table *[256]byte, count *[256]int)) {
	p := s.Picture
	var tables [3][256]byte
	var counts [3][256]int
	for c := range p.C {
		for i := c; i < len(p.Pixels); i += p.C {
			counts[c][p.Pixels[i]]++
		}
		for v := range tables[c] {
			tables[c][v] = byte(v)
		}
		rule(&tables[c], &counts[c])
	}
	q := s.Fresh(p.H, p.W, p.C)
	for c := range p.C {
		table := &tables[c]
		for i := c; i < len(p.Pixels); i += p.C {
			q.Pixels[i] = table[p.Pixels[i]]
		}
	}
	s.Picture = q
}
