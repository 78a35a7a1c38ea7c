package mat

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// element makes a data element, filled up to eight bytes.
func element(k kind, content []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(k))
	b = append(binary.LittleEndian.AppendUint32(b, uint32(len(content))), content...)
	return append(b, make([]byte, (8-len(b)%8)%8)...)
}

func words(v ...uint32) (b []byte) {
	for _, w := range v {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// array makes a matrix element.
func array(class uint32, name string, shape []uint32, content ...[]byte) []byte {
	b := slices.Concat(element(uint32s, words(class, 0)), element(int32s, words(shape...)), element(int8s, []byte(name)))
	return element(matrix, append(b, slices.Concat(content...)...))
}

func packed(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	z.Write(b)
	z.Close()
	return append(words(uint32(compressed), uint32(out.Len())), out.Bytes()...)
}

func file(variables ...[]byte) []byte {
	head := append([]byte("MATLAB 5.0 MAT-file"), make([]byte, headerSize-19)...)
	copy(head[124:], "\x00\x01IM")
	return append(head, slices.Concat(variables...)...)
}

func sample() []byte {
	small := append(words(uint32(int16s)|2<<16), 0xFE, 0xFF, 0, 0) // −2 in four bytes
	roll := array(doubleClass, "", []uint32{2, 3}, element(uint8s, []byte{1, 2, 3, 4, 5, 6}))
	return file(packed(array(cellClass, "cells", []uint32{1, 2}, roll, element(matrix, nil))), array(doubleClass, "x", []uint32{1, 1}, small))
}

func TestRead(t *testing.T) {
	all, err := Read(bytes.NewReader(sample()), 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Name != "cells" || all[0].Len() != 2 || all[1].Name != "x" || all[1].At(0) != -2 {
		t.Fatalf("read %+v", all)
	}
	roll := all[0].Cells[0]
	if !slices.Equal(roll.Shape, []int{2, 3}) || roll.Len() != 6 || roll.At(4) != 5 || all[0].Cells[1].Len() != 0 {
		t.Errorf("read the cells %+v", all[0].Cells)
	}
}

// Each type of numbers is read as it is meant.
func TestNumbers(t *testing.T) {
	for k, c := range map[kind]struct {
		bytes string
		want  float64
	}{
		int8s: {"\xff", -1}, uint8s: {"\xff", 255}, int16s: {"\xfe\xff", -2}, uint16s: {"\x01\x02", 513}, int32s: {"\xff\xff\xff\xff", -1},
		uint32s: {"\x00\x00\x01\x00", 65536}, singles: {"\x00\x00\x80\x3f", 1}, doubles: {"\x00\x00\x00\x00\x00\x00\x00\xc0", -2},
		int64s: {"\xff\xff\xff\xff\xff\xff\xff\xff", -1}, uint64s: {"\x07\x00\x00\x00\x00\x00\x00\x00", 7},
	} {
		all, err := Read(bytes.NewReader(file(array(doubleClass, "x", []uint32{1, 1}, element(k, []byte(c.bytes))))), 1<<16)
		if err != nil || all[0].At(0) != c.want {
			t.Errorf("type %d: %v, %v, want %v", k, all, err, c.want)
		}
	}
}

func TestMistakesAreErrors(t *testing.T) {
	eight := element(uint8s, make([]byte, 8))
	deep := array(doubleClass, "", []uint32{1, 1}, element(uint8s, []byte{1}))
	for range deepest + 1 {
		deep = array(cellClass, "", []uint32{1, 1}, deep)
	}
	complex := element(matrix, slices.Concat(element(uint32s, words(doubleClass|complexFlag, 0)), element(int32s, words(1, 8)), element(int8s, nil), eight))
	for want, b := range map[string][]byte{
		"ends within its header":           file()[:100],
		"another kind of file":             make([]byte, 200),
		"see HDF5":                         bytes.Replace(file(), []byte("\x00\x01IM"), []byte("\x00\x02IM"), 1),
		"in place of a variable":           file(eight),
		"does not fit":                     file(array(doubleClass, "x", []uint32{1 << 30, 1 << 30}, eight)),
		"has 8 bytes of numbers":           file(array(doubleClass, "x", []uint32{1, 7}, eight)),
		"structures and objects":           file(array(2, "x", []uint32{1, 1}, eight)),
		"complex numbers":                  file(complex),
		"lie deeper":                       file(deep),
		"more bytes than may be read":      file(packed(array(doubleClass, "x", []uint32{1, 1 << 17}, element(uint8s, make([]byte, 1<<17))))),
		"cannot be unpacked":               file(append(words(uint32(compressed), 4), 1, 2, 3, 4)),
		"claims 100 bytes, and 0 are left": file(words(uint32(matrix), 100)),
	} {
		_, err := Read(bytes.NewReader(b), 1<<16)
		var format FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), want) {
			t.Errorf("Read = %v, want a FormatError with %q", err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample())
	f.Add(file(array(doubleClass, "x", []uint32{1, 2}, element(singles, make([]byte, 8)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := Read(bytes.NewReader(b), 1<<20)
		if err != nil {
			return
		}
		for _, a := range all {
			for i := range a.Len() {
				if a.Cells == nil {
					a.At(i)
				}
			}
		}
	})
}
