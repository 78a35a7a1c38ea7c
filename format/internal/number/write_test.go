package number_test

import (
	"bytes"
	"testing"

	"github.com/hadal-go/hadal/format/internal/number"
)

func TestWrite(t *testing.T) {
	for dtype, test := range map[string]struct {
		data any
		want []byte
	}{
		"F32":  {[]float32{1, -2}, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}},
		"F64":  {[]float64{1}, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}},
		"I64":  {[]int64{-2}, []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
		"I32":  {[]int32{258}, []byte{2, 1, 0, 0}},
		"U8":   {[]uint8{7, 8}, []byte{7, 8}},
		"BOOL": {[]bool{true, false}, []byte{1, 0}},
		"":     {data: []string{"no"}},
	} {
		got, n := number.Of(test.data)
		if got != dtype || dtype != "" && n != len(test.want)/number.Width(dtype) {
			t.Errorf("Of(%v) = %q, %d", test.data, got, n)
		}
		if dtype == "" {
			continue
		}
		var b bytes.Buffer
		if err := number.Write(&b, test.data); err != nil || !bytes.Equal(b.Bytes(), test.want) {
			t.Errorf("%s: Write = %x, %v, want %x", dtype, b.Bytes(), err, test.want)
		}
	}
	// More than one chunk comes out whole.
	var b bytes.Buffer
	many := make([]int32, 100_003)
	for i := range many {
		many[i] = int32(i)
	}
	if err := number.Write(&b, many); err != nil || b.Len() != 4*len(many) || b.Bytes()[4*100_001] != 100_001%256 {
		t.Errorf("Write of %d numbers = %d bytes, %v", len(many), b.Len(), err)
	}
}
