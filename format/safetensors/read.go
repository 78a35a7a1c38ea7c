package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/format/internal/number"
)

// chunk is how many bytes are converted at a time, so that reading needs little beside the numbers themselves. Every
// element's size divides it.
const chunk = 64 << 10

// Floats returns the elements of a tensor of dtype F32, F16, BF16 or F64 in row-major order. F64 is rounded to the
// nearest float32, the others convert exactly.
func (f *File) Floats(name string) ([]float32, error) {
	return read(f, name, map[string]func([]byte) float32{
		"F32":  float32At,
		"F16":  float16At,
		"BF16": bfloat16At,
		"F64":  func(b []byte) float32 { return float32(float64At(b)) },
	})
}

// Float64s is Floats in double precision, to which every dtype converts exactly.
func (f *File) Float64s(name string) ([]float64, error) {
	return read(f, name, map[string]func([]byte) float64{
		"F32":  func(b []byte) float64 { return float64(float32At(b)) },
		"F16":  func(b []byte) float64 { return float64(float16At(b)) },
		"BF16": func(b []byte) float64 { return float64(bfloat16At(b)) },
		"F64":  float64At,
	})
}

// Int64s returns the elements of a tensor of dtype I64, I32, I16, I8, U32, U16, U8 or BOOL in row-major order.
func (f *File) Int64s(name string) ([]int64, error) {
	return read(f, name, map[string]func([]byte) int64{
		"I64":  func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) },
		"I32":  func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) },
		"I16":  func(b []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(b))) },
		"I8":   func(b []byte) int64 { return int64(int8(b[0])) },
		"U32":  func(b []byte) int64 { return int64(binary.LittleEndian.Uint32(b)) },
		"U16":  func(b []byte) int64 { return int64(binary.LittleEndian.Uint16(b)) },
		"U8":   func(b []byte) int64 { return int64(b[0]) },
		"BOOL": func(b []byte) int64 { return int64(b[0]) },
	})
}

// Raw returns the bytes of a tensor of any dtype as they lie in the file.
func (f *File) Raw(name string) ([]byte, error) {
	t, err := f.entry(name)
	if err != nil {
		return nil, err
	}
	data := make([]byte, t.Bytes())
	if err := readFull(f.r, data, f.data+t.begin); err != nil {
		return nil, fmt.Errorf("safetensors: read tensor %q: %w", name, err)
	}
	return data, nil
}

func (f *File) entry(name string) (Tensor, error) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, FormatError{name, fmt.Sprintf("is not among the %d tensors of the file", len(f.tensors))}
	}
	return f.tensors[i], nil
}

// read loads a tensor element by element with the conversion of its dtype.
func read[T float32 | float64 | int64](f *File, name string, conversions map[string]func([]byte) T) ([]T, error) {
	t, err := f.entry(name)
	if err != nil {
		return nil, err
	}
	convert, ok := conversions[t.DType]
	if !ok {
		var known []string
		for dtype := range conversions {
			known = append(known, dtype)
		}
		slices.Sort(known)
		return nil, FormatError{name, fmt.Sprintf("has dtype %s, want one of %s", t.DType, strings.Join(known, ", "))}
	}
	width := int64(dtypes[rank(t.DType)].bits / 8)
	values := make([]T, 0, t.Bytes()/width)
	buffer := make([]byte, min(chunk, t.Bytes()))
	for at := t.begin; at < t.end; at += chunk {
		part := buffer[:min(chunk, t.end-at)]
		if err := readFull(f.r, part, f.data+at); err != nil {
			return nil, fmt.Errorf("safetensors: read tensor %q: %w", name, err)
		}
		for ; len(part) > 0; part = part[width:] {
			values = append(values, convert(part))
		}
	}
	return values, nil
}

func float32At(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
func float64At(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }
func bfloat16At(b []byte) float32 {
	return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
}

func float16At(b []byte) float32 { return number.Half(binary.LittleEndian.Uint16(b)) }
