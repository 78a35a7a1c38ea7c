package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteKeepsTheOldFileOnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the disk is full")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half of the n")
		return cause
	})
	if !errors.Is(err, cause) {
		t.Errorf("Write = %v, want %v", err, cause)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("after a failed write the file has %q, want %q", got, "old")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("a failed write left %v behind", left)
	}
	if err := WriteBytes(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "new" {
		t.Errorf("the file has %q, want %q", got, "new")
	}
}

func TestWriteNeedsTheFolder(t *testing.T) {
	if err := WriteBytes(filepath.Join(t.TempDir(), "missing", "x"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Write into a missing folder = %v, want os.ErrNotExist", err)
	}
}
