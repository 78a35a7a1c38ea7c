package vision

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// torchLeaves reads the names and shapes of a list of networks, each as NAME SHAPE, sorted.
func torchLeaves(t *testing.T, file string) map[string][]string {
	t.Helper()
	unpacked, err := gzip.NewReader(bytes.NewReader(fixture.Bytes(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	leaves, net := map[string][]string{}, ""
	lines := bufio.NewScanner(unpacked)
	for lines.Scan() {
		if leaf, ok := strings.CutPrefix(lines.Text(), "  "); ok {
			leaves[net] = append(leaves[net], leaf)
		} else {
			net = lines.Text()
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return leaves
}

// Every network has so many parameters as its line says, and where PyTorch's leaves are known, their names and shapes.
func TestModels(t *testing.T) {
	known := torchLeaves(t, "convnets.txt.gz")
	for _, m := range Models {
		net := m.New(nil, m.Classes)
		if _, all := nn.Count(net); all != m.Parameters {
			t.Errorf("%s has %d parameters, want %d", m.Name, all, m.Parameters)
		}
		want, ok := known[m.Name]
		delete(known, m.Name)
		if !ok {
			continue
		}
		var got []string
		for l := range nn.Leaves(net) {
			shape := l.Tensor.Shape()
			for i, axis := range l.Order {
				shape[i] = l.Tensor.Dim(axis)
			}
			got = append(got, fmt.Sprintf("%s %v", l.Name, shape))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s has %d leaves, PyTorch's %d; the first that differ: %s", m.Name, len(got), len(want), firstDifference(got, want))
		}
	}
	for name := range known {
		t.Errorf("%s is not in Models", name)
	}
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return got[i] + ", want " + want[i]
		}
	}
	return "behind all of the shorter list"
}

// A name means one network, and its paper is named.
func TestModelNames(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Models {
		if seen[m.Name] || m.Paper == "" {
			t.Errorf("%s is there twice, or has no paper", m.Name)
		}
		seen[m.Name] = true
	}
}

// Weights are drawn as torchvision draws them: the deviation of each kind of weight, and whether biases are zero.
func TestInitialization(t *testing.T) {
	r := rand.New(rand.NewPCG(0, 0))
	def := func(in float64) float64 { return 1 / math.Sqrt(3*in) } // PyTorch's, uniform in ±1/√in
	for _, c := range []struct {
		name string
		net  any
		leaf string
		want float64
	}{
		{"alexnet", newAlexNet(r, [5]int{64, 32, 32, 32, 32}, 64, 10), "features.3.weight", def(64 * 25)},
		{"alexnet", newAlexNet(r, [5]int{64, 32, 32, 32, 32}, 64, 10), "classifier.1.weight", def(36 * 32)},
		{"vgg", newVGG(r, 11, false, .25, 64, 10), "features.3.weight", math.Sqrt(2. / (9 * 32))},
		{"vgg", newVGG(r, 11, false, .25, 64, 10), "classifier.0.weight", .01},
		{"vgg", newVGG(r, 11, false, .25, 64, 10), "classifier.0.bias", 0},
		{"vgg", newVGG(r, 11, false, .25, 64, 10), "features.0.bias", 0},
		{"squeezenet", NewSqueezeNet11(r, 10), "features.12.expand3x3.weight", math.Sqrt(2. / (9 * 64))},
		{"squeezenet", NewSqueezeNet11(r, 10), "classifier.1.weight", .01},
		{"squeezenet", NewSqueezeNet11(r, 10), "features.0.bias", 0},
		{"densenet", NewCIFARDenseNet(r, 22, 12, true, 10), "features.denseblock3.denselayer3.conv2.weight", math.Sqrt(2. / (9 * 48))},
		{"densenet", NewCIFARDenseNet(r, 22, 12, true, 10), "classifier.bias", 0},
		{"preact", NewPreActResNet(r, 20, 10), "layer3.0.conv1.weight", math.Sqrt(2. / (9 * 64))},
		{"preact", NewPreActResNet(r, 20, 10), "fc.bias", 0},
		{"resnext", NewCIFARResNeXt(r, 11, 4, 16, 10), "layer1.0.conv2.weight", math.Sqrt(2. / (9 * 64))},
	} {
		found := false
		for l := range nn.Leaves(c.net) {
			if l.Name != c.leaf {
				continue
			}
			found = true
			if got := deviation(l.Tensor); math.Abs(got-c.want) > .1*c.want {
				t.Errorf("%s: %s has a deviation of %.4f, want %.4f", c.name, c.leaf, got, c.want)
			}
		}
		if !found {
			t.Errorf("%s has no %s", c.name, c.leaf)
		}
	}
}

// deviation is the root of the mean square of a tensor.
func deviation(w *tensor.Tensor) float64 {
	squares := 0.0
	for _, v := range w.Data() {
		squares += float64(v * v)
	}
	return math.Sqrt(squares / float64(w.Len()))
}

// What is of no depth is refused, with the depths that there are.
func TestDepths(t *testing.T) {
	for want, make := range map[string]func(){
		"vision: NewResNet: there is no depth of 20; it is 18, 34, 50, 101 or 152":    func() { NewResNet(nil, 20, 10) },
		"vision: NewCIFARResNet: a depth of 18 is not 6·n + 2":                        func() { NewCIFARResNet(nil, 18, 3, 10) },
		"vision: NewPreActResNet: a depth of 165 is not 9·n + 2":                      func() { NewPreActResNet(nil, 165, 10) },
		"vision: NewCIFARResNeXt: a depth of 2 is not 9·n + 2":                        func() { NewCIFARResNeXt(nil, 2, 8, 64, 10) },
		"vision: NewVGG: there is no depth of 12; it is 11, 13, 16 or 19":             func() { NewVGG(nil, 12, false, 10) },
		"vision: NewCIFARVGG: there is no depth of 12; it is 11, 13, 16 or 19":        func() { NewCIFARVGG(nil, 12, 1, 10) },
		"vision: NewDenseNet: there is no depth of 100; it is 121, 161, 169 or 201":   func() { NewDenseNet(nil, 100, 10) },
		"vision: NewCIFARDenseNet: a depth of 101 is not 6·n + 4":                     func() { NewCIFARDenseNet(nil, 101, 12, true, 10) },
		"vision: NewResNeXt: there is no depth of 18 with bottlenecks; it is 50, 101": func() { NewResNeXt(nil, 18, 32, 4, 10) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, want) {
					t.Errorf("panic %q, want %q", got, want)
				}
			}()
			make()
		}()
	}
}
