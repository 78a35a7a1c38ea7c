package midi

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func sample() *File {
	notes := []Note{
		{Tick: 0, Length: 480, Key: 60, Velocity: 80}, {Tick: 0, Length: 960, Key: 64, Velocity: 70},
		{Tick: 480, Length: 100_000, Channel: 9, Key: 60, Velocity: 127},
	}
	return &File{Division: 480, Tracks: []Track{
		append(Track{Tempo(0, 500_000), {Status: 0xFF, Meta: MetaName, Data: []byte("voices")}}, Events(notes)...),
		{
			{Tick: 3, Status: ProgramChange | 2, Data: []byte{19}}, {Tick: 1 << 20, Status: 0xF0, Data: []byte{1, 2, 0xF7}},
			{Tick: 1 << 20, Status: 0xE0, Data: []byte{0, 64}},
		},
	}}
}

func written(t testing.TB, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	for _, f := range []*File{sample(), {Division: 1, Tracks: []Track{nil}}} {
		got, err := Read(bytes.NewReader(written(t, f)))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, f) {
			t.Errorf("read %v, want %v", got, f)
		}
	}
}

// The bytes are those of the specification: a track with one note, of format 0.
func TestBytes(t *testing.T) {
	f := &File{Division: 96, Tracks: []Track{Events([]Note{{Tick: 0, Length: 192, Key: 60, Velocity: 64}})}}
	want := "MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60" + "MTrk\x00\x00\x00\x0d" +
		"\x00\x90\x3c\x40" + "\x81\x40\x80\x3c\x00" + "\x00\xff\x2f\x00"
	if got := string(written(t, f)); got != want {
		t.Errorf("wrote\n%x, want\n%x", got, want)
	}
}

// Files of others let a status hold on, end notes by velocity 0, and have chunks that are no tracks.
func TestReadsOthersFiles(t *testing.T) {
	f, err := Read(strings.NewReader("MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60" + "XFIH\x00\x00\x00\x01z" +
		"MTrk\x00\x00\x00\x0e" + "\x00\x90\x3c\x40" + "\x60\x3c\x00" + "\x00\x3e\x40" + "\x00\xff\x2f\x00"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Note{{Tick: 0, Length: 96, Key: 60, Velocity: 64}, {Tick: 96, Length: 0, Key: 62, Velocity: 64}}
	if got := f.Tracks[0].Notes(); !slices.Equal(got, want) {
		t.Errorf("notes %v, want %v", got, want)
	}
}

func TestNotes(t *testing.T) {
	want := []Note{
		{Tick: 0, Length: 480, Key: 60, Velocity: 80}, {Tick: 0, Length: 960, Key: 64, Velocity: 70},
		{Tick: 480, Length: 100_000, Channel: 9, Key: 60, Velocity: 127},
	}
	if got := sample().Tracks[0].Notes(); !slices.Equal(got, want) {
		t.Errorf("notes %v, want %v", got, want)
	}
	// A key that is pressed again at the tick at which it is let go sounds twice.
	twice := []Note{{Tick: 0, Length: 5, Key: 60, Velocity: 1}, {Tick: 5, Length: 5, Key: 60, Velocity: 1}}
	if got := Events(twice).Notes(); !slices.Equal(got, twice) {
		t.Errorf("notes %v, want %v", got, twice)
	}
}

func TestMistakesAreErrors(t *testing.T) {
	for want, f := range map[string]*File{
		"a quarter note of 0 ticks":    {Tracks: []Track{nil}},
		"0 tracks":                     {Division: 1},
		"in order":                     {Division: 1, Tracks: []Track{{{Tick: 2, Status: 0xC0, Data: []byte{1}}, {Tick: 1, Status: 0xC0, Data: []byte{1}}}}},
		"want 2 numbers of 0 to 127":   {Division: 1, Tracks: []Track{{{Status: NoteOn, Data: []byte{200, 1}}}}},
		"type 0x2f":                    {Division: 1, Tracks: []Track{{{Status: 0xFF, Meta: MetaEnd}}}},
		"which no event in a file has": {Division: 1, Tracks: []Track{{{Status: 0xF8}}}},
	} {
		if err := Write(new(bytes.Buffer), f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Write = %v, want an error with %q", err, want)
		}
	}
	whole := written(t, sample())
	for n := range whole {
		_, err := Read(bytes.NewReader(whole[:n]))
		var format FormatError
		if err != nil && !errors.As(err, &format) || err == nil && n < 14 {
			t.Fatalf("cut to %d bytes: %v, want a FormatError", n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, sample()))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, track := range got.Tracks {
			track.Notes()
		}
		var again bytes.Buffer
		if Write(&again, got) != nil { // ticks may be further apart than can be written
			return
		}
		back, err := Read(&again)
		if err != nil || len(back.Tracks) != len(got.Tracks) {
			t.Fatalf("what was read and written is read as %v, %v", back, err)
		}
	})
}
