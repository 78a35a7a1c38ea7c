// Package polyphonic reads music as piano rolls, in the form of Boulanger-Lewandowski, Bengio and Vincent, "Modeling Temporal Dependencies
// in High-Dimensional Sequences" (2012), https://arxiv.org/abs/1206.6392: MATLAB files with the cell arrays traindata, validdata and
// testdata, each cell a piece, T×88 of zeros and ones.
package polyphonic

import (
	"fmt"
	"io"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/format/mat"
)

// Keys is how many keys a piano has; the lowest one, A0, has number Lowest in MIDI.
const (
	Keys   = 88
	Lowest = 21
)

// A Roll is a piece of music, T×88: row t has a 1 for every key that sounds in frame t, the lowest key first.
type Roll []byte

// Len returns T, the number of frames.
func (r Roll) Len() int { return len(r) / Keys }

// Frame returns the keys of frame t.
func (r Roll) Frame(t int) []byte { return r[t*Keys : (t+1)*Keys] }

// Parts are those of a set of music.
type Parts struct{ Training, Validation, Test []Roll }

// most is how many bytes a file may have when it is unpacked: ten times the largest of the sets.
const most = 512 << 20

// Load reads a located set. What is wrong is an error that names the file, a *source.CorruptError if it is not the one that was published.
func Load(l source.Located) (Parts, error) {
	name := l.Source.Files[0].Name
	f, err := l.Open(name)
	if err != nil {
		return Parts{}, err
	}
	defer f.Close()
	parts, err := Read(f)
	if err != nil {
		// A damaged file often stops making sense before its end, where the sum would show that it is damaged.
		if _, damage := io.Copy(io.Discard, f); damage != nil {
			return Parts{}, damage
		}
		return Parts{}, fmt.Errorf("%s: %w", l.Path(name), err)
	}
	return parts, nil
}

// Read reads a MATLAB file. Every piece has two frames at least, so that there is something to foretell.
func Read(r io.Reader) (Parts, error) {
	arrays, err := mat.Read(r, most)
	if err != nil {
		return Parts{}, err
	}
	var p Parts
	for _, part := range []struct {
		name string
		to   *[]Roll
	}{{"traindata", &p.Training}, {"validdata", &p.Validation}, {"testdata", &p.Test}} {
		for _, a := range arrays {
			if a.Name != part.name {
				continue
			}
			for i, cell := range a.Cells {
				roll, err := rollOf(cell)
				if err != nil {
					return Parts{}, fmt.Errorf("piece %d of %s: %w", i+1, part.name, err)
				}
				*part.to = append(*part.to, roll)
			}
		}
		if len(*part.to) == 0 {
			return Parts{}, fmt.Errorf("there are no pieces in %s: want the cell arrays traindata, validdata and testdata", part.name)
		}
	}
	return p, nil
}

// rollOf turns a matrix, which is stored column after column, into a roll.
func rollOf(a *mat.Array) (Roll, error) {
	if len(a.Shape) != 2 || a.Shape[1] != Keys || a.Shape[0] < 2 || a.Cells != nil {
		return nil, fmt.Errorf("its shape is %v, want two frames or more of %d keys", a.Shape, Keys)
	}
	frames := a.Shape[0]
	roll := make(Roll, frames*Keys)
	for i := range roll {
		switch v := a.At(i); v {
		case 0:
		case 1:
			roll[i%frames*Keys+i/frames] = 1
		default:
			return nil, fmt.Errorf("frame %d has %v where a key sounds or not: want 0 or 1", i%frames+1, v)
		}
	}
	return roll, nil
}
