package zipped_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/format/internal/zipped"
)

// archive has one stored and one deflated record.
func archive(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, h := range []zip.FileHeader{{Name: "stored", Method: zip.Store}, {Name: "deflated", Method: zip.Deflate}} {
		r, err := w.CreateHeader(&h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(r, strings.Repeat("hello ", 100))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRecords(t *testing.T) {
	data := archive(t)
	a, err := zipped.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(a.Names) != 2 {
		t.Fatalf("Open = %v, %v", a, err)
	}
	for _, name := range a.Names {
		r, err := a.Record(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(r, 0, 1<<20))
		if err != nil || string(got) != strings.Repeat("hello ", 100) {
			t.Errorf("Record(%s) = %q, %v", name, got, err)
		}
		if got, err := a.Prefix(name, 5); err != nil || string(got) != "hello" {
			t.Errorf("Prefix(%s, 5) = %q, %v, want hello", name, got, err)
		}
		if n, ok := a.Size(name); n != 600 || !ok {
			t.Errorf("Size(%s) = %d, %v, want 600", name, n, ok)
		}
	}
	if _, ok := a.Size("nothing"); ok {
		t.Error("there is a record that is not there")
	}
	if _, err := a.Record("nothing"); !errors.As(err, new(zipped.Problem)) {
		t.Errorf("Record of nothing = %v, want a Problem", err)
	}
}

// Fields of the directory's first or second entry are changed, each to what must be refused on opening or reading.
func TestProblems(t *testing.T) {
	for _, test := range []struct {
		name   string
		second bool
		at     int // in the entry
		value  uint32
		want   string
	}{
		{"encrypted", false, 8, 1, "encrypted"},
		{"method", false, 10, 12, "method 12"},
		{"stored size", false, 24, 599, "stored with 600 bytes but claims 599"},
		{"expansion", true, 24, 1 << 30, "would expand to"},
		{"compressed size", true, 20, 1 << 30, "go beyond the file"},
		{"claims more", true, 24, 601, "cannot be expanded"},
		{"claims less", true, 24, 599, "cannot be expanded"},
		{"checksum", true, 16, 7, "checksum"},
		{"overlap", true, 42, 0, "overlap"},
		{"offset", true, 42, 1 << 30, "header cannot be read"},
	} {
		data := archive(t)
		entry := bytes.Index(data, []byte("PK\x01\x02"))
		if test.second {
			entry = bytes.LastIndex(data, []byte("PK\x01\x02"))
		}
		field := data[entry+test.at:]
		if test.at < 16 {
			binary.LittleEndian.PutUint16(field, uint16(test.value))
		} else {
			binary.LittleEndian.PutUint32(field, test.value)
		}
		a, err := zipped.Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			_, err = a.Record("deflated")
		}
		if !errors.As(err, new(zipped.Problem)) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want a Problem that says %q", test.name, err, test.want)
		}
	}
}
