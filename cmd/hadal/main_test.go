package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/image/draw"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
)

// TestMain makes the command, under the name hadal, a program that tests run.
func TestMain(m *testing.M) {
	testscript.Main(cleaned{m}, map[string]func(){"hadal": main})
}

// cleaned removes what the tests share.
type cleaned struct{ *testing.M }

func (c cleaned) Run() int {
	defer func() { os.RemoveAll(sharedData) }()
	return c.M.Run()
}

var (
	sharedData string // MNIST, decompressed
	shareData  = sync.OnceValue(func() (err error) {
		s, err := source.ByName("mnist")
		if err != nil {
			return err
		}
		found, err := s.Find(context.Background(), source.Options{Dir: os.Getenv("HADAL_DATA")})
		if err != nil {
			return err
		}
		if sharedData, err = os.MkdirTemp("", "hadal-mnist-*"); err != nil {
			return err
		}
		for _, f := range s.Files {
			if err := decompress(found, f.Name); err != nil {
				return err
			}
		}
		return nil
	})
)

func decompress(found source.Located, name string) error {
	in, err := found.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	b, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(sharedData, strings.TrimSuffix(name, ".gz")), b, 0o644)
}

// mnist returns a folder with MNIST, and skips the test where it cannot be had.
func mnist(t interface {
	Skipf(string, ...any)
	Fatal(...any)
}) string {
	var missing *source.MissingError
	switch err := shareData(); {
	case errors.As(err, &missing):
		t.Skipf("MNIST is not to be had here: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	return sharedData
}

// The transcripts in testdata show what the command prints. In what is compared by like, {{a regular expression}} stands for what
// differs from machine to machine.
func TestTranscripts(t *testing.T) {
	folder := mnist(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HADAL_DATA", folder)
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("GOPROXY", "off")
			e.Setenv("GOMODCACHE", filepath.Join(e.WorkDir, "modules"))
			e.Setenv("GOFLAGS", "-modcacherw")
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "packaged" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			s, err := source.ByName("mnist")
			return slices.ContainsFunc(s.Folders, func(dir string) bool { _, err := os.Stat(dir); return err == nil }), err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code": code, "like": like, "events": events, "picture": picture, "album": album, "damage": damage,
		},
	})
}

// code runs a command that must end with the exit code: code 2 hadal train epochs=0
func code(ts *testscript.TestScript, neg bool, args []string) {
	var failed *exec.ExitError
	got := 0
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if want, _ := strconv.Atoi(args[0]); got != want {
		ts.Fatalf("the exit code is %d, want %d", got, want)
	}
}

var hole = regexp.MustCompile(`\{\{.*?\}\}+`)

// like compares a file, or stdout or stderr, with a golden one line by line: like stdout want
func like(ts *testscript.TestScript, neg bool, args []string) {
	got, want := strings.Split(ts.ReadFile(args[0]), "\n"), strings.Split(ts.ReadFile(args[1]), "\n")
	for i, w := range want {
		var pattern strings.Builder
		at := 0
		for _, h := range hole.FindAllStringIndex(w, -1) {
			pattern.WriteString(regexp.QuoteMeta(w[at:h[0]]) + "(?:" + w[h[0]+2:h[1]-2] + ")")
			at = h[1]
		}
		pattern.WriteString(regexp.QuoteMeta(w[at:]))
		if i >= len(got) {
			ts.Fatalf("%s ends before line %d, want\n%s", args[0], i+1, w)
		}
		if ok, err := regexp.MatchString("^"+pattern.String()+"$", got[i]); err != nil || !ok {
			ts.Fatalf("line %d of %s is\n%s\nwant\n%s", i+1, args[0], got[i], w)
		}
	}
	if len(got) > len(want) {
		ts.Fatalf("%s goes on after line %d:\n%s", args[0], len(want), got[len(want)])
	}
}

// events checks that a file, or stdout, is lines of JSON, and that the last is an event with these fields:
// events stdout done recipe run
func events(ts *testscript.TestScript, neg bool, args []string) {
	var last map[string]any
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		last = nil
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			ts.Fatalf("%s has the line\n%s\nwhich is no JSON object: %v", args[0], lines.Text(), err)
		}
	}
	if last["event"] != args[1] {
		ts.Fatalf("the last event of %s is %v, want %s", args[0], last["event"], args[1])
	}
	for _, field := range args[2:] {
		if _, ok := last[field]; !ok {
			ts.Fatalf("the event %s has no %s", args[1], field)
		}
	}
}

// picture draws a PNG: a picture of one grey, or another picture turned to dark on light and scaled.
//
//	picture blank.png 28 28
//	picture huge.png 100000 100000 (nothing but a header)
//	picture big.png 300 400 digit.png
func picture(ts *testscript.TestScript, neg bool, args []string) {
	w, _ := strconv.Atoi(args[1])
	h, _ := strconv.Atoi(args[2])
	if w*h > data.MaxPixels {
		head := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))...)
		head = append(head, 8, 0, 0, 0, 0)
		file := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), binary.BigEndian.AppendUint32(head, crc32.ChecksumIEEE(head))...)
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), file, 0o644))
		return
	}
	img := image.NewGray(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(color.Gray{90}), image.Point{}, draw.Src)
	if len(args) == 4 {
		f, err := os.Open(ts.MkAbs(args[3]))
		ts.Check(err)
		defer f.Close()
		from, err := png.Decode(f)
		ts.Check(err)
		draw.BiLinear.Scale(img, img.Rect, from, from.Bounds(), draw.Src, nil)
		for i, v := range img.Pix {
			img.Pix[i] = 240 - v/4*3
		}
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(png.Encode(f, img))
	ts.Check(f.Close())
}

// album fills a folder with pictures of rectangles of many greys, about a brightness: album photos/dark 12 60
func album(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	bright, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Check(os.MkdirAll(ts.MkAbs(args[0]), 0o755))
	for i := range n {
		r := rand.New(rand.NewPCG(uint64(i), uint64(bright)))
		img := image.NewGray(image.Rect(0, 0, 40+r.IntN(20), 40+r.IntN(20)))
		for range 30 {
			x, y := r.IntN(50), r.IntN(50)
			grey := image.NewUniform(color.Gray{byte(bright - 40 + r.IntN(80))})
			draw.Draw(img, image.Rect(x, y, x+8+r.IntN(30), y+8+r.IntN(30)), grey, image.Point{}, draw.Src)
		}
		f, err := os.Create(filepath.Join(ts.MkAbs(args[0]), fmt.Sprintf("%02d.png", i)))
		ts.Check(err)
		ts.Check(png.Encode(f, img))
		ts.Check(f.Close())
	}
}

// damage spoils a file: damage cut FILE BYTES keeps that many bytes, damage flip FILE BYTE inverts one, counted from the end if
// negative.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(args[1])
	b, err := os.ReadFile(path)
	ts.Check(err)
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	if n < 0 {
		n += len(b)
	}
	switch args[0] {
	case "cut":
		b = b[:n]
	case "flip":
		b[n] ^= 0xff
	default:
		ts.Fatalf("damage %s: want cut or flip", args[0])
	}
	ts.Check(os.WriteFile(path, b, 0o644))
}

func TestQuoted(t *testing.T) {
	for path, want := range map[string]string{
		"runs/lenet-1": "runs/lenet-1", "my runs/a": "'my runs/a'", "it's": `'it'\''s'`, "$HOME": "'$HOME'",
	} {
		if got := quoted(path); got != want {
			t.Errorf("quoted(%q) = %s, want %s", path, got, want)
		}
	}
}

func TestCallName(t *testing.T) {
	for arg, want := range map[string]string{
		"./hadal": "./hadal", "/opt/my tools/hadal": "'/opt/my tools/hadal'",
		"/tmp/go-build123/b001/exe/hadal": "go run ./cmd/hadal",
	} {
		if got := callName(arg); got != want {
			t.Errorf("callName(%q) = %s, want %s", arg, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	names, settings := split([]string{"lenet-mnist", "lr=0.1", "runs/a=b", "weight-decay=", "./x=y", "=3"})
	if got, want := fmt.Sprint(names, settings), "[lenet-mnist runs/a=b ./x=y =3] [lr=0.1 weight-decay=]"; got != want {
		t.Errorf("split = %s, want %s", got, want)
	}
}
