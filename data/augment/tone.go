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
	tables := unchanged
	for c, count := range histograms(s.Picture) {
		low, high := 0, 255
		for low < 255 && count[low] == 0 {
			low++
		}
		for high > 0 && count[high] == 0 {
			high--
		}
		if high <= low {
			continue
		}
		scale := 255 / float64(high-low)
		offset := -float64(low) * scale
		for v := range 256 {
			tables[c][v] = byte(min(255, max(0, float64(v)*scale+offset)))
		}
	}
	replaceEach(s, &tables)
}

// equalize gives each channel a histogram that is as flat as can be.
func equalize(s *data.Sample) {
	tables := unchanged
	for c, count := range histograms(s.Picture) {
		total, last := 0, 0
		for _, n := range count {
			if n > 0 {
				total, last = total+n, n
			}
		}
		step := (total - last) / 255
		if step == 0 {
			continue
		}
		below := step / 2
		for v, n := range count {
			tables[c][v] = byte(min(255, below/step))
			below += n
		}
	}
	replaceEach(s, &tables)
}

// unchanged are tables that change no value.
var unchanged = func() (tables [3][256]byte) {
	for c := range tables {
		for v := range tables[c] {
			tables[c][v] = byte(v)
		}
	}
	return tables
}()

// histograms counts the values of each channel; channels that p does not have are empty.
func histograms(p data.Picture) (counts [3][256]int) {
	for c := range p.C {
		for i := c; i < len(p.Pixels); i += p.C {
			counts[c][p.Pixels[i]]++
		}
	}
	return counts
}

// replaceEach replaces values as replace does, with a table for each channel.
func replaceEach(s *data.Sample, tables *[3][256]byte) {
	p := s.Picture
	q := s.Fresh(p.H, p.W, p.C)
	for c := range p.C {
		for i := c; i < len(p.Pixels); i += p.C {
			q.Pixels[i] = tables[c][p.Pixels[i]]
		}
	}
	s.Picture = q
}
