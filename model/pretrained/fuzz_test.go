package pretrained

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever a file says, it is an error or fits: no panic. The formats' own packages try their readers with more than this does.
func FuzzRead(f *testing.F) {
	seeds, err := filepath.Glob("../../format/*/testdata/*")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("there are no seeds: %v", err)
	}
	for _, path := range seeds {
		if file, err := os.ReadFile(path); err == nil && len(file) < 50_000 {
			f.Add(file)
		}
	}
	var networks []Network
	for _, name := range []string{"mobilenetv1-0.25-128-imagenet-tflite", "resnet20-cifar10", "squeezenet1.0-imagenet"} {
		n, err := ByName(name)
		if err != nil {
			f.Fatal(err)
		}
		networks = append(networks, n)
	}
	v1, small, squeeze := networks[0].New(nil, 2), networks[1].New(nil, 2), networks[2].New(nil, 1000)
	f.Fuzz(func(t *testing.T, file []byte) {
		if networks[0].read(file, v1) == nil || networks[1].read(file, small) == nil || networks[2].read(file, squeeze) == nil {
			t.Log("a file fits")
		}
	})
}
