package check

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mayImport says which packages of the module a package may import. A package has the first row that matches it, and needs one.
// Imports run one way: cmd → recipe, study → train, model → nn → tensor → internal/kernel.
var mayImport = []struct {
	dir   string
	other []string
}{
	{"internal/kernel", nil},
	{"internal/check", nil},
	{"internal/fixture", []string{"format/safetensors", "tensor"}},
	{"internal/...", nil},
	{"format/...", []string{"format/...", "internal/atomicfile"}},
	{"box", nil},
	{"tensor", []string{"internal/kernel"}},
	{"nn", []string{"tensor", "format/safetensors", "internal/kernel", "internal/atomicfile"}},
	{"optim", []string{"tensor", "internal/kernel"}},
	{"optim/flat", []string{"tensor"}},
	{"optim/...", nil},
	{"data/...", []string{"tensor", "box", "data/...", "format/...", "internal/atomicfile", "internal/near"}},
	{"metric", []string{"tensor", "box"}},
	{"plot", []string{"tensor", "box", "metric", "internal/atomicfile"}},
	{"look", []string{"nn", "tensor", "plot", "internal/near"}},
	{"model/onnx", []string{"nn", "tensor", "format/onnx"}},
	{"model/pretrained", []string{
		"nn", "tensor", "data", "data/augment", "data/source", "format/...", "model/vision", "internal/near",
	}},
	{"model/...", []string{"nn", "tensor", "box", "model/..."}},
	{"train", slices.Concat(library, []string{"internal/atomicfile"})},
	{"recipe", slices.Concat(library, []string{"look", "train", "model/...", "internal/atomicfile", "internal/near"})},
	{"study", slices.Concat(library, []string{"train", "model/...", "recipe", "internal/atomicfile", "internal/near"})},
	{"bench", slices.Concat(library, []string{"model/...", "internal/kernel"})},
	{"cmd/...", slices.Concat(library, []string{"train", "model/...", "recipe", "study", "bench", "internal/atomicfile", "internal/near"})},
}

// library is what everything above the models builds on.
var library = []string{"nn", "tensor", "optim/...", "box", "data/...", "metric", "plot", "format/..."}

func TestImportsRunOneWay(t *testing.T) {
	seen := 0
	for _, f := range files(t) {
		if f.test {
			continue
		}
		row := slices.IndexFunc(mayImport, func(r struct {
			dir   string
			other []string
		}) bool {
			return matches(r.dir, f.dir())
		})
		if row < 0 {
			t.Errorf("%s: package %s has no row in mayImport", f.path, f.dir())
			continue
		}
		for _, p := range f.imports() {
			other, ours := strings.CutPrefix(p, module+"/")
			if !ours {
				continue
			}
			seen++
			if !slices.ContainsFunc(mayImport[row].other, func(pattern string) bool { return matches(pattern, other) }) {
				t.Errorf("%s imports %s; %s may import %v", f.path, other, mayImport[row].dir, mayImport[row].other)
			}
		}
	}
	if seen == 0 {
		t.Error("no package imports another one")
	}
}

// picked are the modules that the design picks.
var picked = []string{
	"github.com/chromedp/chromedp",
	"github.com/goccy/go-yaml",
	"github.com/google/go-cmp",
	"github.com/klauspost/compress",
	"github.com/rogpeppe/go-internal",
	"github.com/spf13/cobra", "github.com/spf13/pflag",
	"github.com/spf13/pflag", // the flags of cobra
	"golang.org/x/image",
	"golang.org/x/sys",
	"golang.org/x/term",
	"gonum.org/v1/gonum",
	"gonum.org/v1/plot",
	"google.golang.org/protobuf",
	"pgregory.net/rapid",
}

func TestModulesArePicked(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	required := regexp.MustCompile(`(?m)^(?:require)?\s+(\S+) v\S+$`).FindAllSubmatch(mod, -1) // no // indirect at the end
	if len(required) == 0 {
		t.Error("go.mod requires nothing")
	}
	for _, m := range required {
		if !slices.Contains(picked, string(m[1])) {
			t.Errorf("go.mod requires %s, which the design does not pick", m[1])
		}
	}
}

// plain are the packages that need the standard library and golang.org/x/sys only, and box, which needs the former only.
var plain = []string{
	"tensor", "nn", "optim", "optim/flat", "optim/minimize", "optim/testfunc", "box", "internal/kernel", "format/safetensors",
}

func TestLibraryIsPlain(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range files(t) {
		if f.test || !slices.Contains(plain, f.dir()) {
			continue
		}
		seen[f.dir()] = true
		for _, p := range f.imports() {
			first, _, _ := strings.Cut(p, "/")
			ours := strings.HasPrefix(p, module+"/")
			sys := strings.HasPrefix(p, "golang.org/x/sys/") && f.dir() != "box"
			if strings.Contains(first, ".") && !ours && !sys {
				t.Errorf("%s imports %s, which is neither in the standard library nor ours", f.path, p)
			}
			if p == "C" || p == "unsafe" && f.dir() != "internal/kernel" {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	}
	for _, dir := range []string{"tensor", "nn", "optim", "internal/kernel"} {
		if !seen[dir] {
			t.Errorf("there is no package %s", dir)
		}
	}
}
