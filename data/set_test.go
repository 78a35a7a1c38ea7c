package data

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func all[E any](t *testing.T, s Set[E]) []E {
	t.Helper()
	var out []E
	for i := range s.Len() {
		e, err := s.At(i)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func TestParts(t *testing.T) {
	s := Slice[string]{"a", "b", "c", "d", "e"}
	rest, held := HoldOut(s, 2)
	tests := []struct {
		name string
		got  Set[string]
		want []string
	}{
		{"Subset", Subset(s, []int{4, 0, 0}), []string{"e", "a", "a"}},
		{"Subset of nothing", Subset(s, nil), nil},
		{"HoldOut, rest", rest, []string{"a", "b", "c"}},
		{"HoldOut, held", held, []string{"d", "e"}},
		{"Concat", Concat(s[:2], s[2:2], s[2:2], s[3:]), []string{"a", "b", "d", "e"}},
		{"Concat that starts empty", Concat(s[:0], s[3:]), []string{"d", "e"}},
		{"Concat of nothing", Concat[string](), nil},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, all(t, tt.got)); d != "" {
			t.Errorf("%s differs (-want +got):\n%s", tt.name, d)
		}
	}
}

func TestSplit(t *testing.T) {
	s := Slice[int](natural(1000))
	rest, held := Split(s, 100, 7)
	a, b := all(t, rest), all(t, held)
	if len(a) != 900 || len(b) != 100 {
		t.Fatalf("Split(1000, 100) has parts of %d and %d, want 900 and 100", len(a), len(b))
	}
	if !slices.IsSorted(a) || !slices.IsSorted(b) {
		t.Error("Split does not keep the order")
	}
	both := append(slices.Clone(a), b...)
	slices.Sort(both)
	if !slices.Equal(both, natural(1000)) {
		t.Error("Split loses or repeats examples")
	}
	if _, again := Split(s, 100, 7); !slices.Equal(b, all(t, again)) {
		t.Error("Split with the same seed differs")
	}
	if _, other := Split(s, 100, 8); slices.Equal(b, all(t, other)) {
		t.Error("Split with another seed is the same")
	}
}

func TestPartsPanic(t *testing.T) {
	s := Slice[int]{1, 2, 3}
	for name, f := range map[string]func(){
		"Subset out of range": func() { Subset(s, []int{3}) },
		"HoldOut too many":    func() { HoldOut(s, 4) },
		"Split negative":      func() { Split(s, -1, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			f()
		}()
	}
}
