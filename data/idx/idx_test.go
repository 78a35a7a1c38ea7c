package idx

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func encode(t testing.TB, a *Array) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zip(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func count(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func TestReadWritten(t *testing.T) {
	for _, want := range []*Array{
		{Shape: []int{3}, Data: []byte{7, 0, 9}},
		{Shape: []int{2, 28, 28}, Data: count(2 * 28 * 28)},
		{Shape: []int{300, 28, 28}, Data: count(300 * 28 * 28)}, // more than the first buffer
		{Shape: []int{0, 28, 28}, Data: []byte{}},
		{Shape: []int{1, 1, 1, 1, 1, 1, 1, 1}, Data: []byte{1}},
	} {
		plain := encode(t, want)
		for name, b := range map[string][]byte{"plain": plain, "gzip": zip(t, plain)} {
			got, err := Read(iotest.HalfReader(bytes.NewReader(b)))
			if err != nil {
				t.Errorf("Read(%s %v) = %v", name, want.Shape, err)
			} else if d := cmp.Diff(want, got); d != "" {
				t.Errorf("Read(%s %v) differs (-want +got):\n%s", name, want.Shape, d)
			}
		}
	}
}

func TestReadBroken(t *testing.T) {
	good := encode(t, &Array{Shape: []int{2, 3}, Data: count(6)})
	change := func(at int, bytes ...byte) []byte {
		b := append([]byte{}, good...)
		copy(b[at:], bytes)
		return b
	}
	zipped := zip(t, good)
	badSum := append([]byte{}, zipped...)
	badSum[len(badSum)-8] ^= 1
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "first four bytes"},
		{"magic cut", good[:3], "first four bytes"},
		{"no zero bytes", change(0, 'P', 'K'), "starts with 50 4b 08 02"},
		{"float elements", change(2, 0x0D), "elements of type float32"},
		{"unknown elements", change(2, 0x42), "unknown type of elements (byte 2 is 0x42)"},
		{"no axes", change(3, 0), "0 axes"},
		{"255 axes", change(3, 255), "255 axes"},
		{"header cut", good[:9], "the length of axis 1 of 2 is missing"},
		{"data cut", good[:len(good)-1], "shape [2 3] asks for 6 bytes, there are 5"},
		{"no data", good[:12], "there are 0"},
		{"too long", append(change(0), 1), "more bytes than the 6"},
		{"axis beyond memory", change(4, 0xff, 0xff, 0xff, 0xff), "axis 0 (byte 4) has length 4294967295"},
		{"product beyond memory", change(4, 0, 1, 0, 0, 0, 1, 0, 0), "more than 2147483647 bytes"},
		{"gzip header cut", zipped[:5], "cut short"},
		{"gzip body cut", zipped[:len(zipped)-9], "cut short"},
		{"gzip checksum", badSum, "invalid checksum"},
	}
	for _, tt := range tests {
		_, err := Read(bytes.NewReader(tt.in))
		var format FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Read(%s) = %v, want a FormatError with %q", tt.name, err, tt.want)
		}
	}
}

// An error of the reader is not blamed on the format.
func TestReadPassesErrorsOn(t *testing.T) {
	cause := errors.New("disk on fire")
	good := encode(t, &Array{Shape: []int{2, 3}, Data: count(6)})
	for n := range len(good) + 1 {
		_, err := Read(io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(cause)))
		if !errors.Is(err, cause) {
			t.Errorf("Read of %d bytes, then an error = %v, want %v", n, err, cause)
		}
	}
}

// A header of 16 bytes that promises two gigabytes must not cost them.
func TestReadTakesNoMemoryOnTrust(t *testing.T) {
	lying := []byte{0, 0, 8, 3, 0, 0, 0x7f, 0xff, 0, 0, 0xff, 0xff, 0, 0, 0, 1, 1, 2, 3}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(bytes.NewReader(lying)); err == nil {
		t.Fatal("Read of a lying header succeeds")
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("Read of %d bytes that promise 2 GB took %d bytes of memory, want at most 1 MB", len(lying), took)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, a := range []*Array{
		{Shape: nil, Data: nil},
		{Shape: []int{2, 2}, Data: count(3)},
		{Shape: []int{-1}, Data: nil},
		{Shape: []int{1 << 20, 1 << 20}, Data: nil},
	} {
		if err := Write(io.Discard, a); err == nil {
			t.Errorf("Write of %d bytes as shape %v succeeds, want an error", len(a.Data), a.Shape)
		}
	}
}

func FuzzRead(f *testing.F) {
	good := encode(f, &Array{Shape: []int{2, 3, 4}, Data: count(24)})
	f.Add(good)
	f.Add(zip(f, good))
	f.Add(good[:9])
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(encode(t, a)))
		if err != nil {
			t.Fatalf("Read refuses what Write wrote: %v", err)
		}
		if d := cmp.Diff(a, again); d != "" {
			t.Fatalf("written and read again, the array differs (-want +got):\n%s", d)
		}
	})
}
