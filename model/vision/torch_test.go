package vision

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// A LeNet that PyTorch initialized and its safetensors library saved gives the same scores, and what is saved here holds the same
// numbers under the same names and shapes.
func TestLeNetFromTorch(t *testing.T) {
	file := fixture.Bytes(t, "lenet.safetensors")
	net := NewLeNet(rand.New(rand.NewPCG(0, 0)), 10)
	if err := nn.Load(bytes.NewReader(file), int64(len(file)), net); err != nil {
		t.Fatal(err)
	}
	scores := fixture.Open(t, "lenet_scores.safetensors")
	p := tensor.Inference()
	defer p.End()
	y := net.Forward(p.Input(scores.Tensor(t, "x")))
	fixture.Close(t, "scores", y.Data(), scores.Tensor(t, "y").Data(), 1e-5)

	var saved bytes.Buffer
	if err := nn.Save(&saved, net); err != nil {
		t.Fatal(err)
	}
	got, want := fixture.Read(t, saved.Bytes()), fixture.Open(t, "lenet.safetensors")
	names := want.Names()
	slices.Sort(names)
	if g := got.Names(); !slices.Equal(g, names) {
		t.Fatalf("saved %v, want %v", g, names)
	}
	for _, name := range names {
		g, w := got.Tensor(t, name), want.Tensor(t, name)
		if !slices.Equal(g.Shape(), w.Shape()) || !slices.Equal(g.Data(), w.Data()) {
			t.Errorf("%s was saved as %v, want %v", name, g, w)
		}
	}
}
