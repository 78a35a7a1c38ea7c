package pretrained

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"image/jpeg"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// The table and that of package source have the same names, and every network has as many scores as its source has classes.
func TestTable(t *testing.T) {
	if len(All) != len(source.Weights) {
		t.Errorf("there are %d networks and %d sources of weights", len(All), len(source.Weights))
	}
	for i, n := range All {
		if i > 0 && All[i-1].Name >= n.Name {
			t.Errorf("%s stands behind %s", n.Name, All[i-1].Name)
		}
		if n.Paper == "" || len(n.Input.Scale.Mean) != 3 || len(n.Input.Scale.Std) != 3 || n.Input.Short < n.Input.Side {
			t.Errorf("%s has paper %q and input %+v", n.Name, n.Paper, n.Input)
		}
		p := tensor.Inference()
		side := min(n.Input.Side, 64)
		y := n.New(nil, 7).Forward(p.Zeros(1, side, side, 3))
		if !slices.Equal(y.Shape(), []int{1, 7}) {
			t.Errorf("%s makes %v of a picture and 7 classes", n.Name, y.Shape())
		}
		p.End()
		if got := n.Source().Name; got != n.Name {
			t.Errorf("the source of %s is %s", n.Name, got)
		}
	}
	if _, err := ByName("squeezenet"); err == nil || !strings.Contains(err.Error(), "did you mean squeezenet1.0-imagenet?") {
		t.Errorf("ByName(squeezenet) = %v, want the name that may have been meant", err)
	}
	if n, err := ByName("resnet20-cifar10"); err != nil || n.Name != "resnet20-cifar10" {
		t.Errorf("ByName(resnet20-cifar10) = %v, %v", n.Name, err)
	}
}

// The head is the last layer, and all else is taken over.
func TestTransfer(t *testing.T) {
	for name, head := range map[string][]string{
		"resnet20-cifar10":                     {"fc.weight", "fc.bias"},
		"squeezenet1.0-imagenet":               {"classifier.1.weight", "classifier.1.bias"},
		"mobilenetv1-0.25-128-imagenet-tflite": {"classifier.weight", "classifier.bias"},
	} {
		n, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		from := n.New(r, 9)
		net := n.Transfer(r, from, 4)
		var got []string
		for _, l := range n.Head(net) {
			got = append(got, l.Name)
		}
		if !slices.Equal(got, head) {
			t.Errorf("the head of %s is %v, want %v", name, got, head)
		}
		old := slices.Collect(nn.Leaves(from))
		i := 0
		for l := range nn.Leaves(net) {
			same := slices.Equal(l.Tensor.Data(), old[i].Tensor.Data())
			if isHead := slices.Contains(head, l.Name); same == isHead && !strings.HasSuffix(l.Name, "bias") {
				t.Errorf("%s: %s is that of the other network: %v", name, l.Name, same)
			}
			i++
		}
	}
}

// options look for weights and pictures where tests may: nothing is fetched.
func options() source.Options { return source.Options{Dir: os.Getenv("HADAL_DATA"), Offline: true} }

// loaded returns a network with its weights, or skips the test.
func loaded(t *testing.T, n Network) nn.Layer {
	t.Helper()
	net, err := n.Load(context.Background(), options())
	var missing *source.MissingError
	switch {
	case errors.As(err, &missing):
		t.Skipf("the weights are not at hand: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	return net
}

// zigzag goes up from 0 to 255 and down again.
func zigzag(n int) int {
	if n %= 510; n < 256 {
		return n
	}
	return 510 - n
}

// made is picture k of those that internal/fixture/_gen/pretrained.py makes.
func made(k, side int) data.Picture {
	p := data.NewPicture(side, side, 3)
	for i := range p.Pixels {
		y, x, c := i/3/side, i/3%side, i%3
		p.Pixels[i] = byte((zigzag((k+2)*x+c*y) + zigzag((k+3)*y+2*c*x+40*k)) / 2)
	}
	return p
}

// answers are the scores of pictures and their classes, the likeliest first, with the probabilities.
func answers(t *testing.T, n Network, net nn.Layer, pictures []data.Picture) (scores [][]tensor.Float, classes [][]int, probabilities [][]tensor.Float) {
	t.Helper()
	for _, picture := range pictures {
		x, err := n.Input.Scale.Tensor(picture)
		if err != nil {
			t.Fatal(err)
		}
		p := tensor.Inference()
		y := net.Forward(p.Input(x))
		soft := y.Softmax()
		scores = append(scores, slices.Clone(y.Data()))
		classes = append(classes, soft.TopK(soft.Len()))
		probabilities = append(probabilities, slices.Clone(soft.Data()))
		p.End()
	}
	return scores, classes, probabilities
}

// For the same pixels, every network gives the scores of the runtime that its weights are from, but for rounding: of that of TensorFlow Lite
// without its rounding to 8 bits, see internal/fixture/_gen/pretrained.py.
func TestAgainstRuntimesOnMadePictures(t *testing.T) {
	f := fixture.Open(t, "pretrained.safetensors")
	for _, n := range All {
		t.Run(n.Name, func(t *testing.T) {
			if !f.Has(n.Name + "/made_top") {
				t.Skip("the weights were not at hand where the fixture was made")
			}
			net := loaded(t, n)
			most := 4
			if tensor.Kernels() == "generic" {
				most = 1
			}
			var pictures []data.Picture
			for k := range most {
				pictures = append(pictures, made(k, n.Input.Side))
			}
			scores, classes, _ := answers(t, n, net, pictures)
			top, want := f.Ints(t, n.Name+"/made_top"), f.Tensor(t, n.Name+"/made").Data()
			var some []tensor.Float
			for k := range pictures {
				for i := 0; i < len(scores[k]); i += max(1, len(scores[k])/40) {
					some = append(some, scores[k][i])
				}
				if got, want := classes[k][:5], top[5*k:5*k+5]; !slices.Equal(got, want) {
					t.Errorf("picture %d is of the classes %v, want %v", k, got, want)
				}
			}
			fixture.Close(t, "scores", some, want[:len(some)], 1e-4)
		})
	}
}

// Photographs, which Go and libjpeg decode to pixels that differ a little, are recognized as by the runtimes: docs/weights.md has the counts.
func TestAgainstRuntimesOnPhotographs(t *testing.T) {
	if tensor.Kernels() == "generic" {
		t.Skip("without assembly this takes a minute, and made pictures are compared already")
	}
	f := fixture.Open(t, "pretrained.safetensors")
	for _, n := range All {
		t.Run(n.Name, func(t *testing.T) {
			if !f.Has(n.Name + "/top") {
				t.Skip("the weights were not at hand where the fixture was made")
			}
			pictures, right := photographs(t, n)
			net := loaded(t, n)
			_, classes, probabilities := answers(t, n, net, pictures)
			top, p := f.Ints(t, n.Name+"/top"), f.Tensor(t, n.Name+"/p").Data()
			var same, ours, theirs, ours5, theirs5 int
			off := 0.0
			for i := range pictures {
				count := func(n *int, yes bool) {
					if yes {
						*n++
					}
				}
				off += math.Abs(float64(probabilities[i][top[5*i]]-p[i])) / float64(len(pictures))
				count(&same, classes[i][0] == top[5*i])
				count(&ours, classes[i][0] == right[i])
				count(&theirs, top[5*i] == right[i])
				count(&ours5, slices.Contains(classes[i][:5], right[i]))
				count(&theirs5, slices.Contains(top[5*i:5*i+5], right[i]))
			}
			all := len(pictures)
			t.Logf("of %d, top-1 %d (runtime %d), top-5 %d (runtime %d), the same class first %d, its probability off by %.3f", all, ours, theirs, ours5, theirs5, same, off)
			if same < all*9/10 || off > .06 || ours < theirs-all/20 || ours5 < theirs5-all/20 {
				t.Errorf("of %d pictures %d are first of the same class, whose probability is off by %.3f; %d right, want about %d; "+
					"%d right among five, want about %d",
					all, same, off, ours, theirs, ours5, theirs5)
			}
		})
	}
}

// photographs are those of the fixture, with their classes, as a network sees them.
func photographs(t *testing.T, n Network) (pictures []data.Picture, right []int) {
	t.Helper()
	archive, most := "imagenet-sample-50/imagenet50.tar.gz", 50
	if n.Name == "resnet20-cifar10" {
		archive, most = "cifar10-jpeg-30k/cifar10_30k.tar.gz", 20
	}
	files := members(t, archive)
	of := map[string]int{}
	background := len(n.Source().Classes) - 1000
	for _, name := range slices.Sorted(maps.Keys(files)) {
		label := path.Base(path.Dir(name))
		if of[label]++; of[label] > most {
			continue
		}
		img, err := jpeg.Decode(bytes.NewReader(files[name]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pictures = append(pictures, n.Input.Picture(img))
		if most == 50 {
			right = append(right, 20*len(right)+background)
		} else {
			right = append(right, slices.Index(n.Source().Classes, label))
		}
	}
	return pictures, right
}

// members are the test pictures of an archive in HADAL_DATA.
func members(t *testing.T, archive string) map[string][]byte {
	t.Helper()
	f, err := os.Open(filepath.Join(os.Getenv("HADAL_DATA"), archive))
	if err != nil {
		t.Skipf("HADAL_DATA names no folder with %s: %v", archive, err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(h.Name, ".jpg") && !strings.HasPrefix(h.Name, "train/") {
			if files[h.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// content returns the file of weights, or skips the test.
func content(t *testing.T, name string) []byte {
	t.Helper()
	n, err := ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	l, err := n.Source().Find(context.Background(), options())
	if err != nil {
		t.Skipf("the weights are not at hand: %v", err)
	}
	file, err := l.ReadFile(l.Source.Files[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// A file that was cut, or is of another network, is an error that says so, and leaves a network as it was.
func TestFilesThatDoNotFit(t *testing.T) {
	for _, tt := range []struct{ network, file, want string }{
		{"mobilenetv1-0.25-128-imagenet-tflite", "mobilenetv2-imagenet-tflite", "the graph has 53 layers with weights, want 28: it is that of another network"},
		{"mobilenetv2-imagenet-tflite", "mobilenetv1-0.25-128-imagenet-tflite", "the graph has 28 layers with weights, want 53"},
		{"resnet18-imagenet", "resnet20-cifar10", "conv1.weight: missing from the file, the model has [64 3 7 7]"},
		{"squeezenet1.0-imagenet", "resnet20-cifar10", "deepcompression: "},
		{"resnet20-cifar10", "squeezenet1.0-imagenet", "torch: "},
		{"mobilenetv2-imagenet-tflite", "resnet20-cifar10", `tflite: the file's identifier is`},
		{"efficientnet-lite0-imagenet", "resnet20-cifar10", "blocks.0.0.conv_dw.weight: missing from the file, the model has [32 1 3 3]"},
	} {
		t.Run(tt.network+" of "+tt.file, func(t *testing.T) {
			n, err := ByName(tt.network)
			if err != nil {
				t.Fatal(err)
			}
			net := n.New(nil, 1000)
			err = n.read(content(t, tt.file), net)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
			for l := range nn.Leaves(net) {
				if l.Tensor.Rank() > 1 && slices.ContainsFunc(l.Tensor.Data(), func(v tensor.Float) bool { return v != 0 }) {
					t.Fatalf("%s was loaded", l.Name)
				}
			}
		})
	}
	for _, name := range []string{"mobilenetv1-0.25-128-imagenet-tflite", "resnet20-cifar10", "squeezenet1.0-imagenet"} {
		t.Run(name+" cut", func(t *testing.T) {
			n, err := ByName(name)
			if err != nil {
				t.Fatal(err)
			}
			file := content(t, name)
			net := n.New(nil, len(n.Source().Classes))
			for _, size := range []int{0, 1, 8, 100, len(file) / 2, len(file) * 9 / 10} {
				if err := n.read(file[:size:size], net); err == nil {
					t.Errorf("a file that was cut to %d of %d bytes was read", size, len(file))
				}
			}
		})
	}
}
