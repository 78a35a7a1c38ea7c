package weights

import (
	"fmt"
	"io"
	"os"

	"github.com/hadal-go/hadal/format/hdf5"
	"github.com/hadal-go/hadal/format/npz"
	"github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/format/safetensors"
	"github.com/hadal-go/hadal/format/tflite"
	"github.com/hadal-go/hadal/format/torch"
)

func openSafetensors(r io.ReaderAt, size int64) (*File, error) {
	f, err := safetensors.Open(r, size)
	if err != nil {
		return nil, err
	}
	return of("safetensors", f, func(name string) Array {
		t, _ := f.Entry(name)
		return Array{name, t.DType, t.Shape}
	}), nil
}

func openTorch(r io.ReaderAt, size int64) (*File, error) {
	f, err := torch.Open(r, size)
	if err != nil {
		return nil, err
	}
	w := of("PyTorch", f, func(name string) Array {
		t, _ := f.Entry(name)
		return Array{name, t.DType, t.Shape}
	})
	for _, c := range f.Calls {
		w.Notes = append(w.Notes, fmt.Sprintf("not called: %s%s", c.Function, c.Arguments))
	}
	if f.MoreCalls > 0 {
		w.Notes = append(w.Notes, fmt.Sprintf("not called either: %d more", f.MoreCalls))
	}
	return w, nil
}

func openNumPy(r io.ReaderAt, size int64) (*File, error) {
	f, err := npz.Open(r, size)
	if err != nil {
		return nil, err
	}
	return of("NumPy", f, func(name string) Array {
		a, _ := f.Entry(name)
		return Array{name, a.DType, a.Shape}
	}), nil
}

func openHDF5(r io.ReaderAt, size int64) (*File, error) {
	f, err := hdf5.Open(r, size)
	if err != nil {
		return nil, err
	}
	return of("HDF5", f, func(path string) Array {
		d, _ := f.Entry(path)
		return Array{path, d.DType, d.Shape}
	}), nil
}

// byName is what formats have whose arrays are read by their names.
type byName interface {
	Names() []string
	Floats(name string) ([]float32, error)
}

func of(format string, f byName, describe func(name string) Array) *File {
	w := &File{Format: format}
	for _, name := range f.Names() {
		w.Arrays = append(w.Arrays, describe(name))
	}
	w.floats = func(i int) ([]float32, error) { return f.Floats(w.Arrays[i].Name) }
	return w
}

// openTFLite has the constants of all graphs, dequantized.
func openTFLite(r io.ReaderAt, size int64) (*File, error) {
	m, err := tflite.Open(r, size)
	if err != nil {
		return nil, err
	}
	w := &File{Format: "TensorFlow Lite"}
	var constants []*tflite.Tensor
	for g := range m.Graphs {
		for t := range m.Graphs[g].Tensors {
			if c := &m.Graphs[g].Tensors[t]; c.Constant() {
				constants = append(constants, c)
				w.Arrays = append(w.Arrays, Array{c.Name, c.Type.String(), c.Shape})
			}
		}
	}
	w.floats = func(i int) ([]float32, error) { return constants[i].Float32() }
	return w, nil
}

// openONNX has the initializers of the main graph.
func openONNX(f *os.File) (*File, error) {
	m, err := onnx.Read(f)
	if err != nil {
		return nil, err
	}
	w := &File{Format: "ONNX"}
	if m.Graph == nil {
		return w, nil
	}
	all := m.Graph.Initializers
	for _, t := range all {
		shape := make([]int, len(t.Dims))
		for i, d := range t.Dims {
			shape[i] = int(d)
		}
		w.Arrays = append(w.Arrays, Array{t.Name, t.Type.String(), shape})
	}
	w.floats = func(i int) ([]float32, error) {
		wide, err := all[i].Float64s()
		if err != nil {
			return nil, err
		}
		floats := make([]float32, len(wide))
		for i, v := range wide {
			floats[i] = float32(v)
		}
		return floats, nil
	}
	return w, nil
}
