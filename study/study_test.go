package study_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/study"
	"github.com/hadal-go/hadal/train"
)

// small makes studies short: what they say then is not to be believed, but is said.
var small = map[string][]string{
	"batch-size":       {"examples=512", "draws=3"},
	"clipping":         {"steps=20", "seeds=2"},
	"counting":         {"steps=20", "seeds=1", "most=4", "tried=6"},
	"cross-entropy":    {"distributions=20", "steps=10"},
	"gating":           {"steps=3", "seeds=1", "units=4", "most=6"},
	"gradient-descent": {"examples=64", "passes=1", "seeds=1"},
	"initialization":   {"width=16", "seeds=1"},

	"gradients-through-time": {"units=8", "steps=12", "seeds=2"},
	"line-search":            {"examples=64", "passes=4", "starts=3"},
	"lstm-memory":            {"steps=2", "seeds=1", "units=4", "length=6", "pause=2", "beat=2"},
	"markov":                 {"steps=2", "units=8", "longest=2"},
	"momentum":               {"kappa=100"},
	"normalization":          {"depth=2", "steps=5", "seeds=1"},
	"optimizers":             {"steps=5", "seeds=2"},
	"schedules":              {"steps=8", "seeds=2"},
	"transfer":               {"data=faces", "seeds=1", "minutes=0.01"},
}

// do runs a study in a folder of its own.
func do(t *testing.T, s study.Study, settings ...string) (*study.Finding, string) {
	t.Helper()
	x := s.New()
	for _, text := range settings {
		key, value, _ := strings.Cut(text, "=")
		if err := recipe.Set(x.Settings(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := train.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	found, err := x.Run(context.Background(), &study.Lab{
		Folder: folder, Seed: 7, Source: source.Options{Dir: os.Getenv("HADAL_DATA")}, Say: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, folder.Dir
}

// Every study leaves a picture and a table, says what it must, and says the same again with the same seed.
func TestStudies(t *testing.T) {
	for _, s := range study.All {
		t.Run(s.Name, func(t *testing.T) {
			if s.Name == "transfer" && (os.Getenv("HADAL_SLOW") == "" || os.Getenv("HADAL_DATA") == "") {
				t.Skip("HADAL_SLOW or HADAL_DATA is not set")
			}
			found, dir := do(t, s, small[s.Name]...)
			for _, name := range []string{s.Name + ".png", s.Name + ".csv"} {
				if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
					t.Errorf("%s is missing or empty: %v", name, err)
				}
			}
			if found.Claim == "" || found.Protocol == "" || found.Outcome == "" || strings.Contains(found.Paragraph(), "%!") {
				t.Errorf("the paragraph is\n%s", found.Paragraph())
			}
			if len(found.Numbers) == 0 {
				t.Error("there are no numbers")
			}
			again, _ := do(t, s, small[s.Name]...)
			for name, v := range found.Numbers {
				clock := strings.Contains(name, "cost")
				if w := again.Numbers[name]; !clock && v != w && !(math.IsNaN(v) && math.IsNaN(w)) {
					t.Errorf("%s is %v, and %v the second time", name, v, w)
				}
			}
		})
	}
}

// The quick studies hold with their defaults, of which some are exact.
func TestClaimsHold(t *testing.T) {
	for _, name := range []string{"momentum", "cross-entropy", "batch-size", "gradient-descent", "initialization", "clipping",
		"gradients-through-time"} {
		if name != "momentum" && os.Getenv("HADAL_SLOW") == "" {
			continue
		}
		s, err := study.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if found, _ := do(t, s); !found.Held {
			t.Errorf("%s:\n%s", name, found.Paragraph())
		}
	}
}

func TestTable(t *testing.T) {
	var names []string
	for _, s := range study.All {
		names = append(names, s.Name)
		if s.About == "" || s.Paper == "" {
			t.Errorf("%s has no About or Paper", s.Name)
		}
		if err := study.Check(s.New().Settings()); err != nil {
			t.Errorf("the defaults of %s: %v", s.Name, err)
		}
		if len(small[s.Name]) == 0 {
			t.Errorf("the test has no small settings for %s", s.Name)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("%v are not sorted", names)
	}
	if _, err := study.ByName("momentun"); err == nil || !strings.Contains(err.Error(), "did you mean momentum") {
		t.Errorf("ByName of a slip = %v, want the near name", err)
	}
	s, _ := study.ByName("schedules")
	x := s.New()
	for _, bad := range []string{"steps", "lr"} {
		v := reflect.ValueOf(x.Settings()).Elem()
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("yaml") == bad {
				v.Field(i).SetZero()
			}
		}
		if study.Check(x.Settings()) == nil {
			t.Errorf("%s=0 is taken", bad)
		}
		x = s.New()
	}
}
