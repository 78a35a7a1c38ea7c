package sequence

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

func TestMain(m *testing.M) {
	tensor.Poison(true)
	os.Exit(m.Run())
}

func source() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// A torchCase is what PyTorch computed of a network.
type torchCase struct {
	t    *testing.T
	f    *fixture.File
	name string
}

func (c torchCase) tensor(name string) *tensor.Tensor { return c.f.Tensor(c.t, c.name+"/"+name) }
func (c torchCase) ints(name string) []int            { return c.f.Ints(c.t, c.name+"/"+name) }

// close compares numbers with those of PyTorch.
func (c torchCase) close(name string, got *tensor.Tensor) {
	c.t.Helper()
	if got == nil {
		c.t.Errorf("%s/%s is nil", c.name, name)
		return
	}
	tolerance := 1e-5
	if _, double := any(tensor.Float(0)).(float64); double {
		tolerance = 2e-7
	}
	fixture.Close(c.t, c.name+"/"+name, got.Data(), c.tensor(name).Data(), tolerance)
}

// load loads what a state_dict has, strictly.
func (c torchCase) load(net any) {
	c.t.Helper()
	state := c.f.State(c.t, c.name+"/state/")
	if err := nn.Load(state, state.Size(), net); err != nil {
		c.t.Fatal(err)
	}
}
