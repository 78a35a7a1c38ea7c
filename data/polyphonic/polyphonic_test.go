package polyphonic

import (
	"os"
	"path/filepath"
	"testing"
)

func published(t *testing.T, name string) Parts {
	t.Helper()
	dir := os.Getenv("HADAL_DATA")
	if dir == "" {
		t.Skip("HADAL_DATA names no folder with the sets")
	}
	f, err := os.Open(filepath.Join(dir, "polyphonic-music", name))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	p, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The sets have as many pieces as are published, and chords that people play.
func TestPublishedSets(t *testing.T) {
	for _, c := range []struct {
		file   string
		pieces [3]int
		frames int // of the test
	}{{"JSB_Chorales.mat", [3]int{229, 76, 77}, 4725}, {"Nottingham.mat", [3]int{694, 173, 170}, 44463}} {
		p := published(t, c.file)
		if got := [3]int{len(p.Training), len(p.Validation), len(p.Test)}; got != c.pieces {
			t.Errorf("%s has %v pieces, want %v", c.file, got, c.pieces)
		}
		frames, notes := 0, 0
		for _, r := range p.Test {
			frames += r.Len()
			for _, v := range r {
				notes += int(v)
			}
		}
		if frames != c.frames {
			t.Errorf("%s has %d frames to test on, want %d", c.file, frames, c.frames)
		}
		if chord := float64(notes) / float64(frames); chord < 2 || chord > 5 {
			t.Errorf("%s has %.2f keys a frame", c.file, chord)
		}
	}
}
