package nn

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/hadal-go/hadal/tensor"
)

// A Leaf is one tensor of a model with the name that it has in a checkpoint.
type Leaf struct {
	Name   string
	Tensor *tensor.Tensor
	Buffer bool  // running statistics and the like: saved, not trained
	Scale  bool  // trained factors, such as the lengths of other weights: passed over by Apply
	Order  []int // PyTorch's axis i is axis Order[i] of the tensor; nil: the same axes

	weight string // what a weight below is called, if not weight
	first  string // what the first element is called, if not 0
	number string // stands at the end of names below in place of a 0
	suffix string // stands at the end of names below
	counts bool   // elements are told by the number at the end of names below
}

// Leaves yields the tensors in the exported fields of a model, depth first in the order of declaration. A field's part of the
// name is its own name in snake case, and an element's its number, so that the names are those of PyTorch; a tag overrides:
//
//	Weight      *tensor.Tensor `nn:",order=3201"`   // weight; PyTorch's axes are ours 3, 2, 0, 1
//	RunningMean *tensor.Tensor `nn:",buffer"`       // running_mean
//	Blocks      nn.Chain       `nn:"layer"`         // layer.0.…, layer.1.…
//	Weighted                   `nn:",weight=v"`     // what is called weight below is called v
//	Layers      []*Block       `nn:",first=layer1"` // layers.layer1.…, layers.layer2.…
//	Blocks      []*Block       `nn:".,first=b1"`    // b1.…, b2.…: a dot is no part of the name
//	Layers      []Layer        `nn:".,number"`      // weight_l0, weight_l1: the 0 at the end of names below becomes the element's number
//	Reverse     *Layer         `nn:".,suffix=_r"`   // weight_l0_r
//
// An element of a map has its key, in sorted order. Nil fields are left out, and embedded structs add no part to the name. A tensor
// that is reached twice (tied weights) is one leaf, under its first name.
func Leaves(model any) iter.Seq[Leaf] {
	return func(yield func(Leaf) bool) {
		w := walker{seen: map[*tensor.Tensor]bool{}, yield: yield}
		w.walk(Leaf{}, reflect.ValueOf(model))
	}
}

type walker struct {
	seen  map[*tensor.Tensor]bool
	yield func(Leaf) bool
}

var tensorType = reflect.TypeFor[*tensor.Tensor]()

// walk yields what is below v and reports whether to go on; at says the name and the options so far.
func (w walker) walk(at Leaf, v reflect.Value) bool {
	switch {
	case !v.IsValid():
		return true
	case v.Type() == tensorType:
		t := v.Interface().(*tensor.Tensor)
		if t == nil || w.seen[t] {
			return true
		}
		w.seen[t] = true
		at.Tensor = t
		if at.number != "" {
			at.Name = strings.TrimSuffix(at.Name, "0") + at.number
		}
		at.Name += at.suffix
		return w.yield(at)
	case v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer:
		return v.IsNil() || w.walk(at, v.Elem())
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		for i := range v.Len() {
			if !w.walk(at.element(i), v.Index(i)) {
				return false
			}
		}
	case v.Kind() == reflect.Map:
		elements := map[string]reflect.Value{}
		for key, e := range v.Seq2() {
			elements[fmt.Sprint(key)] = e
		}
		for _, key := range slices.Sorted(maps.Keys(elements)) {
			if !w.walk(at.below(key), elements[key]) {
				return false
			}
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !w.walk(at.field(f), v.Field(i)) {
				return false
			}
		}
	}
	return true
}

// field is at the field f of a struct.
func (l Leaf) field(f reflect.StructField) Leaf {
	name, options, _ := strings.Cut(f.Tag.Get("nn"), ",")
	if name == "" && !f.Anonymous {
		name = snake(f.Name)
	}
	if name == "." {
		name = ""
	}
	if name == "weight" && l.weight != "" {
		name = l.weight
	}
	l = l.below(name)
	l.first, l.counts = "", false
	for option := range strings.SplitSeq(options, ",") {
		if option == "buffer" {
			l.Buffer = true
		}
		if option == "scale" {
			l.Scale = true
		}
		if option == "number" {
			l.counts = true
		}
		if name, ok := strings.CutPrefix(option, "suffix="); ok {
			l.suffix = name
		}
		if name, ok := strings.CutPrefix(option, "weight="); ok {
			l.weight = name
		}
		if name, ok := strings.CutPrefix(option, "first="); ok {
			l.first = name
		}
		if axes, ok := strings.CutPrefix(option, "order="); ok {
			l.Order = nil
			for _, a := range axes {
				l.Order = append(l.Order, int(a-'0'))
			}
		}
	}
	return l
}

// element is at element i of a slice.
func (l Leaf) element(i int) Leaf {
	if l.counts {
		l.number, l.counts = strconv.Itoa(i), false
		return l
	}
	name := strings.TrimRight(l.first, "0123456789")
	first, _ := strconv.Atoi(l.first[len(name):])
	l.first = ""
	return l.below(name + strconv.Itoa(first+i))
}

func (l Leaf) below(name string) Leaf {
	if l.Name != "" && name != "" {
		l.Name += "."
	}
	l.Name += name
	return l
}

// snake turns a Go name into a Python one: RunningMean to running_mean, WeightIH to weight_ih, BN1 to bn1.
func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(rune(s[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Params returns the tensors of a model that are trained: those that are no buffers and not frozen, in the order of Leaves.
func Params(model any) []*tensor.Tensor {
	var ps []*tensor.Tensor
	for l := range Leaves(model) {
		if !l.Buffer && l.Tensor.Tracked() {
			ps = append(ps, l.Tensor)
		}
	}
	return ps
}

// Count returns how many numbers of a model are trained, and how many it has in all, buffers left out.
func Count(model any) (trained, all int) {
	for l := range Leaves(model) {
		if l.Buffer {
			continue
		}
		all += l.Tensor.Len()
		if l.Tensor.Tracked() {
			trained += l.Tensor.Len()
		}
	}
	return trained, all
}

// Freeze excludes the parameters below part from training: nothing is recorded for them. Layers with statistics go on updating
// them in a training pass; see BatchNorm.Frozen.
func Freeze(part any) { track(part, false) }

// Unfreeze undoes Freeze.
func Unfreeze(part any) { track(part, true) }

func track(part any, on bool) {
	for l := range Leaves(part) {
		if !l.Buffer {
			l.Tensor.Track(on)
		}
	}
}
