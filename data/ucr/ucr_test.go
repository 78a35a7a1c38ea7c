package ucr

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/tensor"
)

const sample = `# two features, different lengths
@problemName Made
@timeStamps false
@univariate false
@classLabel true up down
@data
1,2,3:10,20,30:up
3, 2:30,20:down
`

func TestRead(t *testing.T) {
	s, err := Read(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	if s.Features != 2 || !slices.Equal(s.Classes, []string{"up", "down"}) || len(s.Series) != 2 {
		t.Fatalf("read %+v", s)
	}
	if one := s.Series[0]; one.Steps != 3 || one.Label != 0 || !slices.Equal(one.Values, []tensor.Float{1, 10, 2, 20, 3, 30}) {
		t.Errorf("the first series is %+v", one)
	}
	if two := s.Series[1]; two.Steps != 2 || two.Label != 1 || !slices.Equal(two.Values, []tensor.Float{3, 30, 2, 20}) {
		t.Errorf("the second series is %+v", two)
	}
}

func TestBatches(t *testing.T) {
	s, err := Read(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	scale := ScaleOf(s)
	if d := scale.Mean[0] - 2.2; d > 1e-5 || d < -1e-5 { // of 1 2 3 3 2
		t.Errorf("the mean is %v, want 2.2", scale.Mean[0])
	}
	b := &Batches{Set: s, Size: 2, Scale: Scale{Mean: []tensor.Float{2, 20}, Std: []tensor.Float{1, 10}}}
	for batch, err := range b.Epoch(0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		want := []tensor.Float{-1, -1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0}
		if x := batch.Images; !slices.Equal(x.Shape(), []int{2, 3, 3}) || !slices.Equal(x.Data(), want) {
			t.Errorf("the batch is %v of shape %v, want %v", x.Data(), x.Shape(), want)
		}
		if !slices.Equal(batch.Labels, []int{0, 1}) || !slices.Equal(batch.Index, []int{0, 1}) {
			t.Errorf("labels %v of %v", batch.Labels, batch.Index)
		}
	}
}

func TestMistakesAreErrors(t *testing.T) {
	head, data := "@classLabel true a b\n@data\n", ""
	for want, text := range map[string]string{
		"there is no series":               head + data,
		"line 1: there is a series in":     "1,2:a\n",
		"line 1: @classLabel has named 0":  "@data\n1:a\n",
		"line 3: it does not end in":       head + "1,2\n",
		`line 3: the class "c" is none of`: head + "1,2:c\n",
		"line 4: it has 1 features":        head + "1:2:a\n1:a\n",
		"feature 2 has 1 values":           head + "1,2:3:a\n",
		`value 2 of feature 1 is "?"`:      head + "1,?:a\n",
		`value 1 of feature 1 is "NaN"`:    head + "NaN:a\n",
		`value 1 of feature 1 is "1e300"`:  head + "1e300:a\n",
		"have times beside them":           "@timeStamps true\n" + head + "(1,2):a\n",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read(%q) = %v, want an error with %q", text, err, want)
		}
	}
}

// The problems have as many series as are published.
func TestPublishedProblems(t *testing.T) {
	dir := os.Getenv("HADAL_DATA")
	if _, err := os.Stat(filepath.Join(dir, "ucr-time-series")); dir == "" || err != nil {
		t.Skip("HADAL_DATA names no folder with ucr-time-series")
	}
	src, err := source.ByName("ucr")
	if err != nil {
		t.Fatal(err)
	}
	found, err := src.Find(t.Context(), source.Options{Dir: dir, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][4]int{ // series to train and to test on, features, classes
		"ArrowHead": {36, 175, 1, 3}, "BasicMotions": {40, 40, 6, 4}, "GunPoint": {50, 150, 1, 2}, "ItalyPowerDemand": {67, 1029, 1, 2},
		"JapaneseVowels": {270, 370, 12, 9}, "OSULeaf": {200, 242, 1, 6},
	}
	if names := Problems(src); len(names) != len(want) {
		t.Errorf("the problems are %v", names)
	}
	for name, w := range want {
		training, test, err := Load(found, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := [4]int{len(training.Series), len(test.Series), training.Features, len(training.Classes)}; got != w {
			t.Errorf("%s has %v, want %v", name, got, w)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample)
	f.Add("@classLabel true a b\n@data\n1:a\n-2e3:b\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		x := ScaleOf(s).Tensor(s.Series[0])
		if x.Dim(2) != s.Features+1 || x.Dim(1) != s.Series[0].Steps {
			t.Errorf("a series of %d steps and %d features has the shape %v", s.Series[0].Steps, s.Features, x.Shape())
		}
	})
}
