// Package deepcompression reads the file of SqueezeNet v1.0 that Deep Compression made (Han, Mao and Dally 2015,
// https://arxiv.org/abs/1510.00149; Iandola et al. 2016, https://arxiv.org/abs/1602.07360; the file:
// https://github.com/songhan/SqueezeNet-Deep-Compression). Weights are pruned, and those that are left are indices into a codebook.
//
// A file names nothing: the layers that it was made of must be known. It begins with a 32-bit count for each of them, of its entries. Then
// each layer has its codebook of 2^Bits float32, a bias for each output, and for every entry the Bits of its code, then the 4 bits
// of its gap, which is how many weights are passed over since the last entry. Two values of 4 bits share a byte, the first in the low half.
// Weights that no entry reaches have code 0, which stands for zero; entries of code 0 fill up gaps that are longer than 15. All is
// little-endian. The Huffman coding of the paper is not applied.
package deepcompression

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// A Layer is a convolution or a linear layer whose weights a file holds.
type Layer struct {
	Name  string // Caffe's
	Shape []int  // of its weights, O×I×H×W or O×I
	Bits  int    // of a code: 8 or 4
}

// A FormatError says what is wrong with a file, and with which of its layers.
type FormatError struct {
	Layer   string // empty if the file as a whole is at fault
	Problem string
}

func (e FormatError) Error() string {
	if e.Layer == "" {
		return "deepcompression: " + e.Problem
	}
	return fmt.Sprintf("deepcompression: layer %q: %s", e.Layer, e.Problem)
}

// A File is an open file of a network whose layers are known. Its methods may be called from several goroutines at once if the reader's
// ReadAt may.
type File struct {
	layers []span
	r      io.ReaderAt
}

// A span is a layer and where its bytes are.
type span struct {
	Layer
	entries, begin int64
}

// weights returns the number of weights of a layer.
func (l Layer) weights() int64 {
	n := int64(1)
	for _, d := range l.Shape {
		n *= int64(d)
	}
	return n
}

func (s span) codes() int64 { return s.begin + 4<<s.Bits + 4*int64(s.Shape[0]) } // where the codes begin
func (s span) gaps() int64  { return s.codes() + (s.entries*int64(s.Bits)+7)/8 }
func (s span) end() int64   { return s.gaps() + (s.entries+1)/2 }

// Open reads the counts of a file of size bytes of these layers, and checks that what they ask for is the file to the byte. It
// panics if a layer has no shape or a code of other than 4 or 8 bits. The error is a FormatError if the file breaks the
// format, or that of r if reading fails. Memory is bounded by the layers' shapes.
func Open(r io.ReaderAt, size int64, layers []Layer) (*File, error) {
	at := 4 * int64(len(layers))
	if size < at {
		return nil, FormatError{"", fmt.Sprintf("the file has %d bytes, the counts of %d layers alone take %d", size, len(layers), at)}
	}
	counts := make([]byte, at)
	if err := readFull(r, counts, 0); err != nil {
		return nil, fmt.Errorf("deepcompression: read the counts: %w", err)
	}
	f := &File{r: r}
	for i, l := range layers {
		if len(l.Shape) == 0 || l.Bits != 4 && l.Bits != 8 {
			panic(fmt.Sprintf("deepcompression: Open: layer %q has shape %v and codes of %d bits, must have axes and 4 or 8", l.Name, l.Shape, l.Bits))
		}
		s := span{l, int64(binary.LittleEndian.Uint32(counts[4*i:])), at}
		if s.entries > l.weights() {
			return nil, FormatError{l.Name, fmt.Sprintf("claims %d entries, it has only %d weights", s.entries, l.weights())}
		}
		if at = s.end(); at > size {
			return nil, FormatError{l.Name, fmt.Sprintf("%d entries end at byte %d, the file has %d", s.entries, at, size)}
		}
		f.layers = append(f.layers, s)
	}
	if at != size {
		return nil, FormatError{"", fmt.Sprintf("the layers take %d bytes, the file has %d: it is of other layers", at, size)}
	}
	return f, nil
}

// Names returns the names of the layers in the order of the file.
func (f *File) Names() []string {
	names := make([]string, len(f.layers))
	for i, s := range f.layers {
		names[i] = s.Name
	}
	return names
}

// Entry returns a layer and whether the file has it.
func (f *File) Entry(name string) (Layer, bool) {
	for _, s := range f.layers {
		if s.Name == name {
			s.Shape = slices.Clone(s.Shape)
			return s.Layer, true
		}
	}
	return Layer{}, false
}

// Floats returns the weights of a layer in row-major order of its shape, and its biases, one for each output.
func (f *File) Floats(name string) (weights, biases []float32, err error) {
	i := slices.IndexFunc(f.layers, func(s span) bool { return s.Name == name })
	if i < 0 {
		return nil, nil, FormatError{name, fmt.Sprintf("is not among the %d of the file", len(f.layers))}
	}
	s := f.layers[i]
	data := make([]byte, s.end()-s.begin)
	if err := readFull(f.r, data, s.begin); err != nil {
		return nil, nil, fmt.Errorf("deepcompression: read layer %q: %w", name, err)
	}
	book := floats(data[:4<<s.Bits])
	biases = floats(data[4<<s.Bits : s.codes()-s.begin])
	codes, gaps := data[s.codes()-s.begin:s.gaps()-s.begin], data[s.gaps()-s.begin:]
	if book[0] != 0 {
		return nil, nil, FormatError{name, fmt.Sprintf("code 0, of the pruned weights, stands for %g, must for 0", book[0])}
	}
	weights = make([]float32, s.weights())
	at := 0
	for k := range int(s.entries) {
		at += nibble(gaps, k)
		if at >= len(weights) {
			return nil, nil, FormatError{name, fmt.Sprintf("entry %d is for weight %d, it has only %d", k, at, len(weights))}
		}
		if s.Bits == 8 {
			weights[at] = book[codes[k]]
		} else {
			weights[at] = book[nibble(codes, k)]
		}
		at++
	}
	return weights, biases, nil
}

// nibble returns value k of those of 4 bits.
func nibble(data []byte, k int) int { return int(data[k/2] >> (k % 2 * 4) & 15) }

func floats(data []byte) []float32 {
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values
}

// readFull fills p from offset of r. A reader that ends early is an error, never a short read.
func readFull(r io.ReaderAt, p []byte, offset int64) error {
	_, err := io.ReadFull(io.NewSectionReader(r, offset, int64(len(p))), p)
	return err
}
