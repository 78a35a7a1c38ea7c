package train

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/hadal-go/hadal/format/safetensors"
	"github.com/hadal-go/hadal/nn"
)

// A Stream is a random stream whose position is saved with a run.
type Stream struct{ pcg rand.PCG }

// NewStream returns the stream of a seed for one purpose. Streams of different purposes are independent.
func NewStream(seed uint64, purpose string) *Stream {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(purpose) {
		h = (h ^ uint64(purpose[i])) * 1099511628211
	}
	return &Stream{pcg: *rand.NewPCG(seed, h)}
}

// Rand returns the stream as a source of random numbers. Its position moves with every draw.
func (s *Stream) Rand() *rand.Rand { return rand.New(&s.pcg) }

// MarshalText writes the position.
func (s *Stream) MarshalText() ([]byte, error) {
	b, err := s.pcg.MarshalBinary()
	return hex.AppendEncode(nil, b), err
}

// UnmarshalText moves to a position.
func (s *Stream) UnmarshalText(text []byte) error {
	b, err := hex.AppendDecode(nil, text)
	if err != nil {
		return err
	}
	return s.pcg.UnmarshalBinary(b)
}

// stateKey is where the numbers of a state stand in the metadata of its file; its tensors are the file's tensors.
const stateKey = "hadal.state"

// SaveState writes everything that a loop carries to last.state: the tensors in state under their names in nn.Leaves, and the
// rest as JSON. Fields that hold tensors only are tagged json:"-".
func (r *Run) SaveState(state any) error {
	numbers, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return r.Write("last.state", func(w io.Writer) error {
		return nn.SaveWith(w, state, map[string]string{stateKey: string(numbers)})
	})
}

// LoadState reads into state what SaveState wrote, and cuts the events back to it. The state must have the same tensors.
func (r *Run) LoadState(state any) error {
	path := r.Path("last.state")
	if err := loadState(path, state); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func loadState(path string, state any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	file, err := safetensors.Open(f, info.Size())
	if err != nil {
		return err
	}
	numbers, ok := file.Metadata[stateKey]
	if !ok {
		return fmt.Errorf("the file has no %s in its metadata: it is not the state of a run", stateKey)
	}
	if err := nn.Load(f, info.Size(), state); err != nil {
		return err
	}
	return json.Unmarshal([]byte(numbers), state)
}

// SaveWeights writes the tensors of a model to weights/name.safetensors.
func (r *Run) SaveWeights(name string, model any) error {
	return r.Write("weights/"+name+".safetensors", func(w io.Writer) error { return nn.Save(w, model) })
}

// LoadWeights reads weights/name.safetensors into a model.
func (r *Run) LoadWeights(name string, model any) error {
	return nn.LoadFile(r.Path("weights", name+".safetensors"), model)
}
