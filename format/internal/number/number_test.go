package number_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/hadal-go/hadal/format/internal/number"
)

// Half agrees with the definition of binary16 for every number.
func TestHalf(t *testing.T) {
	for bits := range 1 << 16 {
		exponent, fraction := bits>>10&31, float64(bits&1023)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if bits>>15 == 1 {
			want = -want
		}
		got := float64(number.Half(uint16(bits)))
		if got != want && !(got != got && want != want) || want == want && math.Signbit(got) != math.Signbit(want) {
			t.Fatalf("Half(%#x) = %v, want %v", bits, got, want)
		}
	}
}

func TestConversions(t *testing.T) {
	for _, test := range []struct {
		dtype string
		big   []byte
		want  float64
	}{
		{"F64", []byte{0xc0, 4, 0, 0, 0, 0, 0, 0}, -2.5}, {"F32", []byte{0xc0, 0x20, 0, 0}, -2.5}, {"F16", []byte{0xc1, 0}, -2.5},
		{"BF16", []byte{0xc0, 0x20}, -2.5}, {"I64", []byte{255, 255, 255, 255, 255, 255, 255, 254}, -2},
		{"I32", []byte{255, 255, 255, 254}, -2}, {"I16", []byte{255, 254}, -2}, {"I8", []byte{254}, -2}, {"U32", []byte{255, 255, 255, 254}, 1<<32 - 2},
		{"U16", []byte{255, 254}, 65534}, {"U8", []byte{254}, 254}, {"BOOL", []byte{1}, 1},
	} {
		little := bytes.Clone(test.big)
		number.Swap(test.dtype, little)
		if number.Width(test.dtype) != len(little) {
			t.Errorf("Width(%s) = %d, want %d", test.dtype, number.Width(test.dtype), len(little))
		}
		for order, b := range map[binary.ByteOrder][]byte{binary.BigEndian: test.big, binary.LittleEndian: little} {
			if toInt := number.Int64(test.dtype, order); toInt != nil {
				if got := toInt(b); float64(got) != test.want {
					t.Errorf("Int64 of %s % x, %v = %d, want %v", test.dtype, b, order, got, test.want)
				}
				continue
			}
			single, double := number.Float32(test.dtype, order)(b), number.Float64(test.dtype, order)(b)
			if float64(single) != test.want || double != test.want {
				t.Errorf("%s % x, %v = %v and %v, want %v", test.dtype, b, order, single, double, test.want)
			}
		}
	}
	if number.Float32("I64", binary.LittleEndian) != nil || number.Int64("F32", binary.LittleEndian) != nil || number.Width("F7") != 0 {
		t.Error("there are conversions between floats and integers, or a type F7")
	}
	complex := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	if number.Swap("C64", complex); !bytes.Equal(complex, []byte{4, 3, 2, 1, 8, 7, 6, 5}) {
		t.Errorf("Swap of a complex number = %v", complex)
	}
}

func TestElements(t *testing.T) {
	for _, test := range []struct {
		shape []int
		limit int64
		want  int64
		ok    bool
	}{
		{nil, 4, 1, true}, {nil, 3, 0, false}, {[]int{2, 3}, 24, 6, true}, {[]int{2, 3}, 23, 0, false}, {[]int{-1}, 100, 0, false},
		{[]int{-1, -1}, 100, 0, false}, {[]int{0}, 0, 0, true}, {[]int{1 << 40, 1 << 40, 0}, 0, 0, true},
		{[]int{1 << 32, 1 << 32}, math.MaxInt64, 0, false}, {[]int{0, -1}, 100, 0, false},
	} {
		if got, ok := number.Elements(test.shape, 4, test.limit); ok != test.ok || ok && got != test.want {
			t.Errorf("Elements(%v, 4, %d) = %d, %v, want %d, %v", test.shape, test.limit, got, ok, test.want, test.ok)
		}
	}
}
