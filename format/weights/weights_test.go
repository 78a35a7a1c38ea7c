package weights

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every format is told by its content, whatever the file is called, and the numbers of an array come out.
func TestOpen(t *testing.T) {
	for path, want := range map[string]string{
		"../torch/testdata/kinds.zip.pt":            "PyTorch",
		"../torch/testdata/views.legacy.pt":         "PyTorch",
		"../npz/testdata/other.npz":                 "NumPy",
		"../hdf5/testdata/old.h5":                   "HDF5",
		"../tflite/testdata/tiny.tflite":            "TensorFlow Lite",
		"../npz/testdata/single.npy":                "NumPy",
		"../onnx/testdata/library.onnx":             "ONNX",
		"../safetensors/testdata/plain.safetensors": "safetensors",
	} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		other := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(other, content, 0o666); err != nil {
			t.Fatal(err)
		}
		f, err := Open(other)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if f.Format != want || len(f.Arrays) == 0 {
			t.Errorf("%s: %s with %d arrays, want %s and some", path, f.Format, len(f.Arrays), want)
		}
		read := 0
		for i, a := range f.Arrays {
			floats, err := f.Floats(i)
			if err != nil {
				continue // text, and what else is no number
			}
			n := 1
			for _, d := range a.Shape {
				n *= d
			}
			if len(floats) != n {
				t.Errorf("%s: %s has %d numbers, want %d", path, a.Name, len(floats), n)
			}
			read++
		}
		if read == 0 {
			t.Errorf("%s: no array could be read", path)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What a PyTorch file would have called is a note.
func TestCallsAreNoted(t *testing.T) {
	f, err := Open("../torch/testdata/hostile.zip.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if notes := strings.Join(f.Notes, "\n"); !strings.Contains(notes, "not called: ") || !strings.Contains(notes, "system") {
		t.Errorf("notes are %q, want the call of os.system", notes)
	}
}

func TestUnknown(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "text": "This is no file of weights at all.", "zip": "PK\x05\x06" + strings.Repeat("\x00", 18), "short": "\x08",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		var unknown *UnknownError
		if _, err := Open(path); !errors.As(err, &unknown) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an UnknownError that names the file", name, err)
		}
	}
	if _, err := Open("nowhere"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nowhere: %v", err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.safetensors")
	if err := os.WriteFile(damaged, []byte("\xff\xff\xff\xff\xff\xff\xff\x7f{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(damaged); err == nil || !strings.Contains(err.Error(), damaged) {
		t.Errorf("a damaged file: %v, want an error that names it", err)
	}
}
