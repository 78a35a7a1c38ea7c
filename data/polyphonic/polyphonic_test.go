package polyphonic

import (
	"bytes"
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

// A batch foretells each frame by the one before it, and says where shorter pieces end.
func TestBatch(t *testing.T) {
	roll := func(frames int) Roll {
		r := make(Roll, frames*Keys)
		for i := range frames {
			r[i*Keys+i] = 1 // key t in frame t
		}
		return r
	}
	b := NewBatch([]Roll{roll(3), roll(5)})
	if b.Frames != 6 || b.X.Dim(0) != 2 || b.X.Dim(1) != 4 || b.There == nil {
		t.Fatalf("%d frames in %v", b.Frames, b.X.Shape())
	}
	for i, length := range []int{2, 4} {
		for s := range 4 {
			at := (i*4 + s) * Keys
			x, y, there := b.X.Data()[at+s], b.Y.Data()[at+s+1], b.There.Data()[i*4+s]
			if in := s < length; in && (x != 1 || y != 1 || there != 1) || !in && (x != 0 || y != 0 || there != 0) {
				t.Errorf("frame %d of piece %d: %v, then %v, there %v", s, i, x, y, there)
			}
		}
	}
	if even := NewBatch([]Roll{roll(3), roll(3)}); even.There != nil || even.Frames != 4 {
		t.Errorf("pieces of one length have %v frames, There %v", even.Frames, even.There)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("MATLAB 5.0 MAT-file"))
	if dir := os.Getenv("HADAL_DATA"); dir != "" {
		if b, err := os.ReadFile(filepath.Join(dir, "polyphonic-music", "JSB_Chorales.mat")); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, r := range p.Training {
			if r.Len() < 2 || len(r)%Keys != 0 {
				t.Errorf("a piece has %d numbers", len(r))
			}
		}
	})
}
