package imagecsv

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/data"
)

// part is what a test compares of a set.
type part struct {
	Paths  []string
	Labels []int
	Names  []string
}

func of(f *data.Files) *part {
	if f == nil {
		return nil
	}
	p := &part{nil, f.Labels, f.Names}
	for _, path := range f.Paths {
		p.Paths = append(p.Paths, filepath.ToSlash(path))
	}
	return p
}

func TestRead(t *testing.T) {
	ab := func(names ...string) *part { return &part{[]string{"in/a.png", "in/b.png"}, []int{1, 0}, names} }
	for _, tt := range []struct {
		name, table    string
		training, test *part
	}{
		{"two columns", "a.png,dog\nb.png,cat\n", ab("cat", "dog"), nil},
		{"header", "file,label\na.png,dog\nb.png,cat", ab("cat", "dog"), nil},
		{"other names and order", "Class,id,Image\r\ndog,1,a.png\r\ncat,2,b.png\r\n", ab("cat", "dog"), nil},
		{"semicolons", "a.png;dog\nb.png;\"cat\"", ab("cat", "dog"), nil},
		{"tabs", "path\tlabel\na.png\tdog, big\nb.png\tcat", ab("cat", "dog, big"), nil},
		{"byte order mark", "\ufefffile,label\na.png,dog\nb.png,cat", ab("cat", "dog"), nil},
		{"numbers", "a.png,10\nb.png,9", ab("9", "10"), nil},
		{"not all numbers", "a.png,9\nb.png,10b", ab("10b", "9"), nil},
		{"a label that is the word class", "a.png,label\nb.png,cat", ab("cat", "label"), nil},
		{
			"split", "file,label,split\na.png,dog,train\nb.png,cat,Val\n", &part{[]string{"in/a.png"}, []int{1}, []string{"cat", "dog"}},
			&part{[]string{"in/b.png"}, []int{0}, []string{"cat", "dog"}},
		},
		{"out of the folder", "../x.png,1\n/y.png,1", &part{[]string{"x.png", "/y.png"}, []int{0, 0}, []string{"1"}}, nil},
	} {
		training, test, err := Read(strings.NewReader(tt.table), "in", data.Decoder{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if d := cmp.Diff([]*part{tt.training, tt.test}, []*part{of(training), of(test)}); d != "" {
			t.Errorf("%s differs (-want +got):\n%s", tt.name, d)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for table, want := range map[string]string{
		"":                                       "no pictures",
		"file,label\n":                           "no pictures",
		"a.png\n":                                "line 1: one column",
		"file,kind\na.png,cat":                   "line 1: the columns are",
		"a.png,cat\nb.png,cat,dog":               "line 2: 3 columns, the first line has 2",
		"a.png,cat\n,cat":                        "line 2: no file",
		"file,label\na.png, ":                    "line 2: no label",
		"a.png,\"cat\nb.png,dog":                 "quote",
		"file,label,split\na.png,cat,one":        `line 2: the split is "one", want one of train, training, test`,
		"file,label,split\na,x,test\nb,x,test\n": "all rows are of one split",
	} {
		_, _, err := Read(strings.NewReader(table), "", data.Decoder{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read(%q) = %v, want %q", table, err, want)
		}
	}
}

// Paths are relative to the table's folder, and errors name it.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	f.Close()
	table := filepath.Join(dir, "table.csv")
	write := func(text string) {
		if err := os.WriteFile(table, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a.png,cat")
	s, _, err := Open(table, data.Decoder{Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := s.At(0); err != nil || e.Picture.W != 3 || e.Picture.C != 1 {
		t.Errorf("the picture is %+v, error %v", e.Picture, err)
	}
	write("a.png")
	if _, _, err := Open(table, data.Decoder{}); err == nil || !strings.Contains(err.Error(), table) {
		t.Errorf("Open = %v, want an error with the path", err)
	}
}

// Whatever a table holds, there is an error, or sets in which every picture has a label with a name.
func FuzzRead(f *testing.F) {
	f.Add("file,label,split\na.png,cat,train\nb.png,dog,test\n")
	f.Add("\ufeffa;1\nb;2\n")
	f.Add("a\t\"x\ny\"\n")
	f.Fuzz(func(t *testing.T, table string) {
		training, test, err := Read(strings.NewReader(table), "in", data.Decoder{})
		if err != nil {
			return
		}
		n := 0
		for _, s := range []*data.Files{training, test} {
			if s == nil {
				continue
			}
			if len(s.Paths) != len(s.Labels) || s.Len() == 0 {
				t.Fatalf("%d paths, %d labels", len(s.Paths), len(s.Labels))
			}
			for _, l := range s.Labels {
				if s.Names[l] == "" {
					t.Fatal("a class without a name")
				}
			}
			n += s.Len()
		}
		if n > strings.Count(table, "\n")+strings.Count(table, "\r")+1 {
			t.Fatalf("%d pictures of %d lines", n, strings.Count(table, "\n")+1)
		}
	})
}
