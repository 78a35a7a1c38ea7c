package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
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

// Keys of the metadata of our files.
const (
	stateKey = "hadal.state"  // the numbers of a state; its tensors are the file's tensors
	sumKey   = "hadal.sha256" // of these numbers and the file's data, so that damage is seen
)

// Damaged says that a file of a run cannot be used.
type Damaged struct {
	Path string
	Err  error
	Help string // what can be done
}

func (d *Damaged) Unwrap() error { return d.Err }

func (d *Damaged) Error() string {
	return fmt.Sprintf("%s cannot be used: %v\n%s", d.Path, d.Err, d.Help)
}

// SaveState writes everything that a loop carries to last.state: the tensors in state under their names in nn.Leaves, and the
// rest as JSON. Fields that hold tensors only are tagged json:"-".
func (r *Run) SaveState(state any) error {
	numbers, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return r.saveTensors("last.state", state, string(numbers))
}

// LoadState reads into state what SaveState wrote. The state must have the same tensors. The error is *Damaged.
func (r *Run) LoadState(state any) error {
	path := r.Path("last.state")
	numbers, err := loadTensors(path, state)
	switch {
	case err != nil:
	case numbers == "":
		err = errors.New("it is not the state of a run")
	default:
		err = json.Unmarshal([]byte(numbers), state)
	}
	if err != nil {
		return &Damaged{path, err, "Without it the run cannot go on: bring back a copy of the file, or train anew. " +
			"The weights are files of their own, in " + r.Path("weights") + "; to evaluate and predict they suffice."}
	}
	return nil
}

// SaveWeights writes the tensors of a model to weights/name.safetensors.
func (r *Run) SaveWeights(name string, model any) error {
	return r.saveTensors("weights/"+name+".safetensors", model, "")
}

// LoadWeights reads weights/name.safetensors into a model. The error is *Damaged.
func (r *Run) LoadWeights(name string, model any) error {
	path := r.Path("weights", name+".safetensors")
	if _, err := loadTensors(path, model); err != nil {
		return &Damaged{path, err, "Bring back a copy of the file, or put other weights of this network in its place; " + r.Path("weights") +
			" has the best and the last."}
	}
	return nil
}

// saveTensors writes a file with the tensors of v, with numbers beside them if there are any.
func (r *Run) saveTensors(name string, v any, numbers string) error {
	plain, write := io.Pipe()
	go func() { write.CloseWithError(nn.Save(write, v)) }()
	sum, err := sumOf(plain, numbers)
	plain.CloseWithError(err)
	if err != nil {
		return err
	}
	metadata := map[string]string{sumKey: sum}
	if numbers != "" {
		metadata[stateKey] = numbers
	}
	return r.Write(name, func(w io.Writer) error { return nn.SaveWith(w, v, metadata) })
}

// loadTensors reads the tensors of a file into v and returns the numbers beside them. A file with a sum must have it, and v is as
// before where something is wrong.
func loadTensors(path string, v any) (numbers string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	file, err := safetensors.Open(f, info.Size())
	if err != nil {
		return "", err
	}
	numbers = file.Metadata[stateKey]
	if want, ok := file.Metadata[sumKey]; ok {
		got, err := sumOf(f, numbers)
		if err != nil {
			return "", err
		}
		if got != want {
			return "", fmt.Errorf("it is damaged: the sha256 of its content is %s, it was %s when it was written", got, want)
		}
	}
	return numbers, nn.Load(f, info.Size(), v)
}

// sumOf returns the SHA-256 of numbers and of the data in a safetensors file: what follows the header.
func sumOf(file io.Reader, numbers string) (string, error) {
	var length [8]byte
	if _, err := io.ReadFull(file, length[:]); err != nil {
		return "", err
	}
	if _, err := io.CopyN(io.Discard, file, int64(binary.LittleEndian.Uint64(length[:]))); err != nil {
		return "", err
	}
	h := sha256.New()
	io.WriteString(h, numbers)
	_, err := io.Copy(h, file)
	return hex.EncodeToString(h.Sum(nil)), err
}
