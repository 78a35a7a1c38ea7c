// Package formattest has what the tests of several file formats need.
package formattest

import (
	"errors"
	"os"
	"testing"
)

// Content returns a file as it is.
func Content(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// ErrFull is the error of a full disk.
var ErrFull = errors.New("disk full")

// A Disk takes so many bytes, and then is full.
type Disk struct{ Room int }

func (d *Disk) Write(p []byte) (int, error) {
	if len(p) > d.Room {
		return d.Room, ErrFull
	}
	d.Room -= len(p)
	return len(p), nil
}

// A Reader reads an array by its name, in three types.
type Reader interface {
	Floats(name string) ([]float32, error)
	Float64s(name string) ([]float64, error)
	Int64s(name string) ([]int64, error)
}

// Reads checks that an array that can be read has n numbers, in whatever type.
func Reads(t testing.TB, f Reader, name string, n int) {
	t.Helper()
	check := func(got int, err error) {
		t.Helper()
		if err == nil && got != n {
			t.Errorf("%q has %d values, want %d", name, got, n)
		}
	}
	floats, err := f.Floats(name)
	check(len(floats), err)
	doubles, err := f.Float64s(name)
	check(len(doubles), err)
	whole, err := f.Int64s(name)
	check(len(whole), err)
}
