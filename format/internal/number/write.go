package number

import (
	"encoding/binary"
	"io"
	"math"
	"slices"
)

// chunk is how many bytes are converted at a time.
const chunk = 64 << 10

// Of returns the type of a slice that Write takes and how many elements it has, "" for other data.
func Of(data any) (dtype string, n int) {
	switch data := data.(type) {
	case []float32:
		return "F32", len(data)
	case []float64:
		return "F64", len(data)
	case []int64:
		return "I64", len(data)
	case []int32:
		return "I32", len(data)
	case []uint8:
		return "U8", len(data)
	case []bool:
		return "BOOL", len(data)
	}
	return "", 0
}

// Write writes the elements of a slice, little-endian.
func Write(w io.Writer, data any) error {
	switch data := data.(type) {
	case []float32:
		return writeEach(w, data, func(b []byte, v float32) []byte { return binary.LittleEndian.AppendUint32(b, math.Float32bits(v)) })
	case []float64:
		return writeEach(w, data, func(b []byte, v float64) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(v)) })
	case []int64:
		return writeEach(w, data, func(b []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) })
	case []int32:
		return writeEach(w, data, func(b []byte, v int32) []byte { return binary.LittleEndian.AppendUint32(b, uint32(v)) })
	case []bool:
		return writeEach(w, data, func(b []byte, v bool) []byte {
			if v {
				return append(b, 1)
			}
			return append(b, 0)
		})
	}
	_, err := w.Write(data.([]uint8))
	return err
}

func writeEach[T any](w io.Writer, data []T, encode func([]byte, T) []byte) error {
	buffer := make([]byte, 0, min(chunk, 8*len(data)))
	for part := range slices.Chunk(data, chunk/8) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = encode(buffer, v)
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}
