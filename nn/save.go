package nn

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/format/safetensors"
	"github.com/hadal-go/hadal/internal/atomicfile"
	"github.com/hadal-go/hadal/tensor"
)

// Save writes the tensors of a model, buffers included, in the safetensors format, under PyTorch's names and in its axis orders:
// torch's load_state_dict reads them.
func Save(w io.Writer, model any) error { return SaveWith(w, model, nil) }

// SaveWith is Save with metadata, which safetensors.Open gives back.
func SaveWith(w io.Writer, model any, metadata map[string]string) error {
	p := tensor.Inference()
	defer p.End()
	var entries []safetensors.Entry
	for l := range Leaves(model) {
		x := l.Tensor
		if l.Order != nil {
			x = p.Input(x).Permute(l.Order...)
		}
		entries = append(entries, safetensors.Entry{Name: l.Name, Shape: x.Shape(), Data: x.Data()})
	}
	if err := safetensors.Write(w, entries, metadata); err != nil {
		return fmt.Errorf("nn: save the model: %w", err)
	}
	return nil
}

// SaveFile is Save to the file of the name given, which at any moment holds the old model or the new one, whole.
func SaveFile(name string, model any) error {
	return atomicfile.Write(name, func(w io.Writer) error { return Save(w, model) })
}

// Load reads a file of size bytes that Save has written, or safetensors from PyTorch, into a model. It is strict: tensors that are
// missing from the file, that the model does not have, or whose shapes or types differ come together in one error, which lists the first
// twenty, and then the model is as before. PyTorch's num_batches_tracked is passed over.
func Load(r io.ReaderAt, size int64, model any) error {
	f, err := safetensors.Open(r, size)
	if err != nil {
		return fmt.Errorf("nn: load a model: %w", err)
	}
	var arrays []Array
	for _, name := range f.Names() {
		e, _ := f.Entry(name)
		arrays = append(arrays, Array{name, e.DType, e.Shape, func() ([]tensor.Float, error) { return Numbers(f, name) }})
	}
	return LoadArrays(arrays, model)
}

// An Array is a named array of a file of weights, in PyTorch's order of the axes.
type Array struct {
	Name  string
	DType string // as the safetensors format names types
	Shape []int
	Read  func() ([]tensor.Float, error) // its numbers in row-major order
}

// LoadArrays is Load from arrays of any other format. They are read when all of them fit.
func LoadArrays(arrays []Array, model any) error {
	byName := map[string]Array{}
	for _, a := range arrays {
		byName[a.Name] = a
	}
	leaves := slices.Collect(Leaves(model))
	if err := fits(arrays, byName, leaves); err != nil {
		return err
	}
	read := make([][]tensor.Float, len(leaves)) // everything, before anything is written
	for i, l := range leaves {
		var err error
		if read[i], err = byName[l.Name].Read(); err != nil {
			return fmt.Errorf("nn: load a model: %w", err)
		}
		if len(read[i]) != l.Tensor.Len() {
			return fmt.Errorf("nn: load a model: %s has %d numbers, its shape says %d", l.Name, len(read[i]), l.Tensor.Len())
		}
	}
	for i, l := range leaves {
		copy(l.Tensor.Edit(), l.fromTorch(read[i]))
	}
	return nil
}

// LoadFile is Load from the file of the name given.
func LoadFile(name string, model any) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("nn: load a model: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("nn: load a model: %w", err)
	}
	if err := Load(f, info.Size(), model); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// fits compares the names, shapes and types of a file with those of a model.
func fits(arrays []Array, byName map[string]Array, leaves []Leaf) error {
	var wrong []string
	report := func(name, format string, args ...any) {
		wrong = append(wrong, name+": "+fmt.Sprintf(format, args...))
	}
	known := map[string]bool{}
	for _, l := range leaves {
		if known[l.Name] {
			report(l.Name, "the model has two tensors of this name")
		}
		known[l.Name] = true
		want := l.torchShape()
		switch a, ok := byName[l.Name]; {
		case !ok:
			report(l.Name, "missing from the file, the model has %v", want)
		case !slices.Equal(a.Shape, want):
			report(l.Name, "shape %v in the file, the model has %v", a.Shape, want)
		case !slices.Contains([]string{"F32", "F16", "BF16", "F64"}, a.DType):
			report(l.Name, "type %s in the file, a model takes F32, F16, BF16 or F64", a.DType)
		}
	}
	seen := map[string]bool{}
	for _, a := range arrays {
		if seen[a.Name] {
			report(a.Name, "the file has two tensors of this name")
		}
		seen[a.Name] = true
		if !known[a.Name] && a.Name != "num_batches_tracked" && !strings.HasSuffix(a.Name, ".num_batches_tracked") {
			report(a.Name, "unexpected, the file has %v, the model none", a.Shape)
		}
	}
	if wrong == nil {
		return nil
	}
	slices.Sort(wrong)
	const most = 20
	if more := len(wrong) - most; more > 0 {
		wrong = append(wrong[:most], fmt.Sprintf("and %d more", more))
	}
	const advice = "is the file that of another model, or of another size of it?"
	return errors.New("nn: load a model: the file does not fit it; " + advice + "\n\t" + strings.Join(wrong, "\n\t"))
}

// A Reader of numbers is a file that has tensors by their names, in either precision.
type Reader interface {
	Floats(name string) ([]float32, error)
	Float64s(name string) ([]float64, error)
}

// Numbers reads a tensor in the precision of the build.
func Numbers(f Reader, name string) ([]tensor.Float, error) {
	if _, double := any(tensor.Float(0)).(float64); double {
		v, err := f.Float64s(name)
		return asFloats(v), err
	}
	v, err := f.Floats(name)
	return asFloats(v), err
}

// asFloats returns numbers that are known to be of the build's type.
func asFloats(numbers any) []tensor.Float { return numbers.([]tensor.Float) }

// torchShape returns the shape that PyTorch has for the tensor.
func (l Leaf) torchShape() []int {
	own := l.Tensor.Shape()
	if l.Order == nil {
		return own
	}
	if len(l.Order) != len(own) {
		fail("Leaves", "%s has shape %v, and an order of %d axes in its tag", l.Name, own, len(l.Order))
	}
	shape := make([]int, len(own))
	for i, axis := range l.Order {
		shape[i] = own[axis]
	}
	return shape
}

// fromTorch reorders numbers that lie in PyTorch's order of the axes.
func (l Leaf) fromTorch(data []tensor.Float) []tensor.Float {
	if l.Order == nil {
		return data
	}
	back := make([]int, len(l.Order))
	for i, axis := range l.Order {
		back[axis] = i
	}
	return tensor.Of(data, l.torchShape()...).Permute(back...).Data()
}
