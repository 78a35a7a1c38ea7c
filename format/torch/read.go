package torch

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/hadal-go/hadal/format/internal/number"
)

// Floats returns the elements of a tensor of dtype F32, F16, BF16 or F64 in row-major order. F64 is rounded to the nearest float32, the
// others convert exactly.
func (f *File) Floats(name string) ([]float32, error) {
	return read(f, name, number.Float32, "BF16, F16, F32, F64")
}

// Float64s is Floats in double precision, to which all four types convert exactly.
func (f *File) Float64s(name string) ([]float64, error) {
	return read(f, name, number.Float64, "BF16, F16, F32, F64")
}

// Int64s returns the elements of a tensor of dtype I64, I32, I16, I8, U32, U16, U8 or BOOL in row-major order.
func (f *File) Int64s(name string) ([]int64, error) {
	return read(f, name, number.Int64, "BOOL, I16, I32, I64, I8, U16, U32, U8")
}

// Raw returns the elements of a tensor of any dtype in row-major order, each little-endian.
func (f *File) Raw(name string) ([]byte, error) {
	t, err := f.entry(name)
	if err != nil {
		return nil, err
	}
	data, order, err := t.load(name)
	if err == nil && order == binary.BigEndian {
		number.Swap(t.dtype, data)
	}
	return data, err
}

func (f *File) entry(name string) (*tensor, error) {
	t, ok := f.tensors[name]
	if !ok {
		text := fmt.Sprintf("is not among the %d tensors of the file", len(f.names))
		if len(f.Calls) > 0 {
			text += fmt.Sprintf("; what is inside objects is not read, and the file asks for %d calls that make some, first %s",
				len(f.Calls)+f.MoreCalls, f.Calls[0].Function)
		}
		return nil, FormatError{name, text}
	}
	if t.refused != "" {
		return nil, FormatError{name, t.refused}
	}
	return t, nil
}

// read converts the elements of a tensor by the conversion of its type.
func read[T float32 | float64 | int64](f *File, name string, conversion func(string, binary.ByteOrder) func([]byte) T,
	known string) ([]T, error) {
	t, err := f.entry(name)
	if err != nil {
		return nil, err
	}
	if conversion(t.dtype, binary.LittleEndian) == nil {
		return nil, FormatError{name, fmt.Sprintf("has dtype %s, want one of %s", t.dtype, known)}
	}
	data, order, err := t.load(name)
	if err != nil {
		return nil, err
	}
	convert := conversion(t.dtype, order)
	width := number.Width(t.dtype)
	values := make([]T, len(data)/width)
	for i := range values {
		values[i] = convert(data[i*width:])
	}
	return values, nil
}

// load returns the bytes of the elements in row-major order, each in the byte order of the file.
func (t *tensor) load(name string) ([]byte, binary.ByteOrder, error) {
	n := int64(1)
	contiguous := true // An axis of one element may have any stride.
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && int64(t.strides[i]) != n {
			contiguous = false
		}
		n *= int64(t.shape[i])
	}
	if n == 0 {
		return []byte{}, binary.LittleEndian, nil
	}
	r, order, err := t.storage.open.storage(t.storage)
	if err != nil {
		return nil, nil, archiveError(name, err)
	}
	width := int64(number.Width(t.dtype))
	data := make([]byte, (t.span()+1)*width)
	if got, err := r.ReadAt(data, t.offset*width); got < len(data) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, nil, fmt.Errorf("torch: read tensor %q: %w", name, err)
	}
	if contiguous {
		return data, order, nil
	}
	return t.gather(data, int(n), int(width)), order, nil
}

// span returns the distance of the last element from the first in a tensor that is not empty.
func (t *tensor) span() int64 {
	last := int64(0)
	for i, n := range t.shape {
		last += int64(t.strides[i]) * int64(n-1)
	}
	return last
}

// gather copies n elements out of the bytes from the first to the last of them. Axes count up like the wheels of an odometer.
func (t *tensor) gather(data []byte, n, width int) []byte {
	out := make([]byte, 0, n*width)
	at := 0
	position := make([]int, len(t.shape))
	for range n {
		out = append(out, data[at*width:(at+1)*width]...)
		for axis := len(t.shape) - 1; axis >= 0; axis-- {
			position[axis]++
			at += t.strides[axis]
			if position[axis] < t.shape[axis] {
				break
			}
			at -= t.strides[axis] * t.shape[axis]
			position[axis] = 0
		}
	}
	return out
}
