package recipe

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"iter"
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
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/model/pretrained"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// striped returns a picture of stripes, across or along, of any size and colours.
func striped(seed uint64, across bool) image.Image {
	r := rand.New(rand.NewPCG(seed, 0))
	w, h := 24+r.IntN(40), 24+r.IntN(40)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	colours := [2][3]int{{r.IntN(120), r.IntN(120), r.IntN(120)}, {130 + r.IntN(120), 130 + r.IntN(120), 130 + r.IntN(120)}}
	width, shift := 3+r.IntN(4), r.IntN(8)
	for y := range h {
		for x := range w {
			at := x
			if across {
				at = y
			}
			c := colours[(at+shift)/width%2]
			noise := r.IntN(6)
			img.Set(x, y, color.RGBA{uint8(c[0] + noise), uint8(c[1] + noise), uint8(c[2] + noise), 255})
		}
	}
	return img
}

func writePicture(t *testing.T, path string, img image.Image) {
	t.Helper()
	var b bytes.Buffer
	var err error
	if strings.HasSuffix(path, ".jpg") {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	} else {
		err = png.Encode(&b, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	writeBytes(t, path, b.Bytes())
}

func writeBytes(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// stripes makes a folder of two classes with n pictures each.
func stripes(t *testing.T, n int) (root string) {
	root = filepath.Join(t.TempDir(), "photos")
	for i := range n {
		writePicture(t, filepath.Join(root, "across", fmt.Sprintf("%03d.png", i)), striped(uint64(i), true))
		writePicture(t, filepath.Join(root, "along", fmt.Sprintf("%03d.jpg", i)), striped(uint64(1000+i), false))
	}
	return root
}

// fineTune prepares the job with settings, on a machine without weights; notes has what it said.
func fineTune(t *testing.T, settings ...string) (f *FineTune, notes string, err error) {
	t.Helper()
	f = newFineTune()
	if err := SetAll(f.Settings(), settings); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w := Workplace{
		Recipe: "finetune", Seed: 1, Source: source.Options{Dir: t.TempDir(), Cache: t.TempDir(), Offline: true},
		Note: func(about, text string) { fmt.Fprintf(&b, "%s: %s\n", about, text) },
	}
	err = f.Prepare(context.Background(), w)
	return f, b.String(), err
}

// fitted prepares a training that must be possible.
func fitted(t *testing.T, settings ...string) (f *FineTune, notes string) {
	t.Helper()
	f, notes, err := fineTune(t, settings...)
	if err != nil {
		t.Fatal(err)
	}
	return f, notes
}

// A folder as people have it is trained on; what is left out is named, with the reason.
func TestFineTuneOnAnUntidyFolder(t *testing.T) {
	root := stripes(t, 14)
	in := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	grey := image.NewGray(image.Rect(0, 0, 30, 50))
	for i := range grey.Pix {
		grey.Pix[i] = byte(i / 30 / 4 % 2 * 200)
	}
	writePicture(t, in("across/deep/below/grey.png"), grey)
	clear := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for i := range clear.Pix {
		clear.Pix[i] = byte(i % 4 / 3 * (i / 160 % 8) * 36) // black of more and less
	}
	writePicture(t, in("across/clear.png"), clear)
	long := image.NewGray(image.Rect(0, 0, 2, 3000))
	writePicture(t, in("along/long.png"), long)
	whole, err := os.ReadFile(in("along/000.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	writeBytes(t, in("along/cut.jpg"), whole[:len(whole)/2])
	writeBytes(t, in("along/text.jpg"), []byte("not a picture at all"))
	writeBytes(t, in("along/empty.gif"), nil)
	writeBytes(t, in("along/IMG_1.HEIC"), []byte("x"))
	writeBytes(t, in("notes.txt"), []byte("x"))
	writePicture(t, in("loose.png"), striped(5000, true))
	writePicture(t, in("across/twice.png"), striped(6000, true))
	writePicture(t, in("along/twice.png"), striped(6000, true))
	if err := os.MkdirAll(in("nothing"), 0o755); err != nil {
		t.Fatal(err)
	}

	f, notes := fitted(t, "data="+root, "weights=none", "side=16", "epochs=2", "test=0.3")
	for _, want := range []string{
		"weights: none", "36 pictures in 2 classes: across 17, along 19", "HEIC photographs have to be converted", "(.heic, .txt)",
		"loose.png: it lies beside the folders", "nothing: a folder without pictures", "left out 4 more",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
	run := newRun(t)
	m, err := f.Train(context.Background(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	if low, high := m["test/accuracy/low"], m["test/accuracy/high"]; !(0 <= low && low < m["test/accuracy"]+1e-9 && high > low) {
		t.Errorf("the interval is %v to %v about %v", low, high, m["test/accuracy"])
	}
	if n := m["test/examples"]; n < 8 || n > 11 {
		t.Errorf("%v test pictures, want a third of 30", n)
	}
	if v := m["test/majority"]; v < .3 || v > .7 {
		t.Errorf("always naming one class gives %v, want about a half", v)
	}
	left := map[string]string{}
	for _, row := range table(t, run, "left-out.csv")[1:] {
		left[filepath.Base(row[0])] = row[1]
	}
	for name, why := range map[string]string{
		"cut.jpg": "jpeg", "text.jpg": "no picture that can be read", "empty.gif": "an empty file", "twice.png": "the same picture as",
		"loose.png": "beside the folders", "nothing": "without pictures", "IMG_1.HEIC": "no picture by its name",
	} {
		if !strings.Contains(left[name], why) {
			t.Errorf("%s is left out because %q, want %q in it", name, left[name], why)
		}
	}
	for _, name := range []string{"gradcam.png", "confused.png", "top-losses.png", "confusion_matrix.png", "train_batch.png", "curves.png"} {
		if len(file(t, run, name)) < 500 {
			t.Errorf("%s is empty", name)
		}
	}

	// What is broken is refused where that is asked for.
	if _, _, err := fineTune(t, "data="+root, "weights=none", "broken=refuse"); err == nil || !strings.Contains(err.Error(), "has no pictures") {
		t.Errorf("broken=refuse: %v, want an error of the empty folder", err)
	}
}

func table(t *testing.T, run *train.Run, name string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(file(t, run, name))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// What cannot be learned from has an error that says what to do.
func TestFineTuneRefuses(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	if err := os.MkdirAll(in("empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	writePicture(t, in("flat/1.png"), striped(1, true))
	writePicture(t, in("one/cats/1.png"), striped(1, true))
	writeBytes(t, in("broken/a/1.png"), []byte("x"))
	writeBytes(t, in("broken/b/1.png"), []byte("x"))
	writePicture(t, in("half/a/1.png"), striped(1, true))
	writeBytes(t, in("half/b/1.png"), []byte("x"))
	writePicture(t, in("single/a/1.png"), striped(1, true))
	writePicture(t, in("single/b/1.png"), striped(2, false))
	for i := range 2 {
		writePicture(t, in(fmt.Sprintf("both/a/%d.png", i)), striped(uint64(i), true))
		writePicture(t, in(fmt.Sprintf("both/b/%d.png", i)), striped(uint64(i), true))
	}
	writeBytes(t, in("table.csv"), []byte("file,label\nnowhere/1.png,a\nnowhere/2.png,b\n"))
	for _, c := range []struct {
		settings []string
		want     string
	}{
		{nil, "data=: name the folder of your pictures"},
		{[]string{"data=" + in("nowhere")}, "nowhere"},
		{[]string{"data=" + in("empty")}, "has no pictures: want one folder a class"},
		{[]string{"data=" + in("flat")}, "sort the pictures into one folder a class"},
		{[]string{"data=" + in("one")}, "has one class, cats"},
		{[]string{"data=" + in("broken")}, "0 of 2 classes have pictures that can be read"},
		{[]string{"data=" + in("half")}, "1 of 2 classes have pictures that can be read"},
		{[]string{"data=" + in("single")}, "there is no picture to test on"},
		{[]string{"data=" + in("both")}, "there must be two"},
		{[]string{"data=" + in("table.csv")}, "0 of 2 classes have pictures that can be read"},
		{[]string{"data=" + in("both"), "weights=squeezenett"}, "squeezenett"},
		{[]string{"data=" + in("both"), "test=1"}, "test=1: it must lie between 0 and 1"},
		{[]string{"data=" + in("both"), "augment=flop"}, "did you mean flip"},
		{[]string{"data=" + in("both"), "epochs=2", "freeze=3"}, "freeze=3: it must not be more than epochs"},
	} {
		_, _, err := fineTune(t, append([]string{"weights=none"}, c.settings...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q in it", c.settings, err, c.want)
		}
	}
}

// Three pictures a class are enough, and a class with one is said to be untested.
func TestFineTuneOnFewPictures(t *testing.T) {
	root := stripes(t, 3)
	writePicture(t, filepath.Join(root, "rare", "1.png"), striped(77, true))
	f, notes := fitted(t, "data="+root, "weights=none", "side=16", "epochs=2")
	for _, want := range []string{"no picture is left to test rare on", "too few to keep some back", "5 to learn from, 2 to test on"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
	if m, err := f.Train(context.Background(), newRun(t), nil); err != nil || m["test/examples"] != 2 {
		t.Errorf("Train = %v, %v, want two test pictures", m, err)
	}
}

// Copies that differ a little are never on both sides, and not where the user has made the sides either.
func TestFineTuneKeepsCopiesTogether(t *testing.T) {
	root := stripes(t, 12)
	for i := range 6 {
		for k := range 3 { // the same picture, compressed anew
			writePicture(t, filepath.Join(root, "along", fmt.Sprintf("copy-%d-%d.jpg", i, k)), photograph(uint64(i), byte(k)))
		}
	}
	f, notes := fitted(t, "data="+root, "weights=none", "side=16", "epochs=1", "test=0.4")
	if !strings.Contains(notes, "copies, equal or nearly so: ") {
		t.Errorf("the notes do not speak of copies:\n%s", notes)
	}
	side := map[string]int{}
	for i, p := range f.own.files.Paths {
		if name, ok := strings.CutPrefix(filepath.Base(p), "copy-"); ok {
			if was, known := side[name[:1]]; known && was != f.own.part[i] {
				t.Errorf("copies of %s are in part %s and in part %s", name[:1], partNames[was], partNames[f.own.part[i]])
			}
			side[name[:1]] = f.own.part[i]
		}
	}
	if len(side) != 6 {
		t.Fatalf("found copies of %d pictures, want 6", len(side))
	}

	divided := filepath.Join(t.TempDir(), "divided")
	for i := range 6 {
		writePicture(t, filepath.Join(divided, "train", "a", fmt.Sprintf("%d.jpg", i)), photograph(uint64(i), 0))
		writePicture(t, filepath.Join(divided, "train", "b", fmt.Sprintf("%d.jpg", i)), photograph(uint64(50+i), 0))
		writePicture(t, filepath.Join(divided, "test", "a", fmt.Sprintf("%d.jpg", i)), photograph(uint64(3+i), 1)) // three are copies
		writePicture(t, filepath.Join(divided, "test", "b", fmt.Sprintf("%d.jpg", i)), photograph(uint64(80+i), 0))
	}
	f, _ = fitted(t, "data="+divided, "weights=none", "side=16", "epochs=1")
	if n := len(f.own.in(tested)); n != 12 {
		t.Errorf("%d pictures are tested on, want the 12 of the user", n)
	}
	if n := len(f.own.in(learned, chosen)); n != 9 {
		t.Errorf("%d pictures are learned from, want 12 without the three that are tested on", n)
	}
}

// photograph is a picture of large rectangles, a little brighter by more.
func photograph(seed uint64, brighter byte) image.Image {
	r := rand.New(rand.NewPCG(seed, 9))
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for range 12 {
		x, y, w, h := r.IntN(50), r.IntN(40), 8+r.IntN(30), 8+r.IntN(24)
		c := color.RGBA{byte(r.IntN(200)) + brighter, byte(r.IntN(200)) + brighter, byte(r.IntN(200)) + brighter, 255}
		for i := range w * h {
			img.Set(x+i%w, y+i/w, c)
		}
	}
	return img
}

// A run is begun from a run of the user's: the body stays as it is while the head alone learns, by features, and moves then.
func TestFineTuneFromARun(t *testing.T) {
	root := stripes(t, 12)
	f, _ := fitted(t, "data="+root, "weights=none", "side=16", "epochs=2")
	first := newRun(t)
	config := []byte("recipe: finetune\n")
	writeBytes(t, first.Path("config.yaml"), config)
	if _, err := f.Train(context.Background(), first, nil); err != nil {
		t.Fatal(err)
	}
	before := map[string][]tensor.Float{}
	for l := range nn.Leaves(f.net) {
		before[l.Name] = slices.Clone(l.Tensor.Data())
	}
	second := func(epochs string) (*FineTune, *train.Run) {
		f, _ := fitted(t, "data="+root, "weights="+first.Dir, "freeze=2", "epochs="+epochs, "batch=8")
		run, err := train.Create(filepath.Join(t.TempDir(), "run"), "test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Train(context.Background(), run, nil); err != nil {
			t.Fatal(err)
		}
		if err := run.LoadWeights("last", f.net); err != nil {
			t.Fatal(err)
		}
		return f, run
	}
	moved := func(f *FineTune) (names []string) {
		for l := range nn.Leaves(f.net) {
			if !slices.Equal(l.Tensor.Data(), before[l.Name]) {
				names = append(names, l.Name)
			}
		}
		return names
	}
	if f.card.Shape != [3]int{16, 16, 3} {
		t.Errorf("the network sees %v, want what the run's did", f.card.Shape)
	}
	frozen, _ := second("2")
	if got, want := moved(frozen), []string{"fc.weight", "fc.bias"}; !slices.Equal(got, want) {
		t.Errorf("with the body frozen %v have moved, want %v", got, want)
	}
	free, run := second("3")
	if got := moved(free); len(got) < 10 || slices.ContainsFunc(got, func(name string) bool { return strings.Contains(name, "running") }) {
		t.Errorf("in the end %v have moved, want all weights and no statistics", got)
	}
	for l := range nn.Leaves(free.net) {
		if !l.Buffer && !l.Tensor.Tracked() {
			t.Errorf("%s is left frozen", l.Name)
		}
	}

	// It is predicted with, and judged on its own test pictures and on others.
	job := newFineTune()
	var answers []Answer
	files := []string{filepath.Join(root, "across", "001.png"), filepath.Join(root, "along", "001.jpg"), filepath.Join(root, "no.png")}
	var inputs []Input
	for _, name := range files {
		inputs = append(inputs, Input{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }})
	}
	err := job.Predict(context.Background(), run, inputs, func(a Answer) error {
		answers = append(answers, a)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "no.png") || len(answers) != 2 || answers[0].Input != files[0] || len(answers[0].Scores) != 2 {
		t.Errorf("Predict = %v, %v", answers, err)
	}
	if m, err := newFineTune().Evaluate(context.Background(), run, Own{Folder: root}); err != nil || m["test/examples"] != 24 {
		t.Errorf("Evaluate on the folder = %v, %v", m, err)
	}
	if m, err := free.Evaluate(context.Background(), run, Own{}); err != nil || m["test/examples"] != 4 {
		t.Errorf("Evaluate = %v, %v, want four test pictures", m, err)
	}

	// With another picture in the folder, others would be tested on.
	writePicture(t, filepath.Join(root, "across", "new.png"), striped(500, true))
	again, _ := fitted(t, "data="+root, "weights=none", "side=16", "epochs=2")
	if _, err := again.Evaluate(context.Background(), first, Own{}); err == nil || !strings.Contains(err.Error(), "not those that") {
		t.Errorf("Evaluate with another picture = %v, want an error", err)
	}
	if err := again.Resume(first); err == nil || !strings.Contains(err.Error(), "not those that") {
		t.Errorf("Resume with another picture = %v, want an error", err)
	}
}

// The user's digits are brought to the form that a network of digits takes.
func TestFineTuneOfDigits(t *testing.T) {
	root := stripes(t, 6)
	c := classifier("mnist", lenet)
	net := c.Build(train.NewStream(0, "weights").Rand(), 10)
	run := newRun(t)
	writeBytes(t, run.Path("config.yaml"), []byte("recipe: lenet-mnist\n"))
	if err := run.SaveWeights("best", net); err != nil {
		t.Fatal(err)
	}
	k := card{Recipe: "lenet-mnist", Shape: [3]int{28, 28, 1}, Mean: []tensor.Float{.1}, Std: []tensor.Float{.3}, Classes: make([]string, 10)}
	if err := run.WriteJSON("model.json", k); err != nil {
		t.Fatal(err)
	}
	f, _ := fitted(t, "data="+root, "weights="+run.Dir, "epochs=2", "freeze=1")
	if _, input := f.Model(); !slices.Equal(input[1:], []int{28, 28, 1}) {
		t.Errorf("the network takes %v", input)
	}
	out, err := train.Create(filepath.Join(t.TempDir(), "out"), "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Train(context.Background(), out, nil); err != nil {
		t.Fatal(err)
	}
	if err := newFineTune().load(out); err != nil {
		t.Error(err)
	}
	if _, _, err := fineTune(t, "data="+root, "weights="+run.Dir, "side=32"); err == nil || !strings.Contains(err.Error(), "28 pixels a side") {
		t.Errorf("side=32 = %v, want what the network sees", err)
	}
}

// A run that is stopped anywhere, in either stage, and resumed with the settings that Prepare chose ends as one that was not.
func TestFineTuneResumed(t *testing.T) {
	root := stripes(t, 10)
	base, _ := fitted(t, "data="+root, "weights=none", "side=16", "epochs=1")
	first := newRun(t)
	writeBytes(t, first.Path("config.yaml"), []byte("recipe: finetune\n"))
	if _, err := base.Train(context.Background(), first, nil); err != nil {
		t.Fatal(err)
	}
	settings := []string{"data=" + root, "weights=" + first.Dir, "freeze=2", "epochs=4", "batch=4"}
	f, _ := fitted(t, settings...)
	whole, err := train.Create(filepath.Join(t.TempDir(), "whole"), "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Train(context.Background(), whole, nil); err != nil {
		t.Fatal(err)
	}
	var resolved []string
	for _, s := range Settings(f.Settings()) {
		resolved = append(resolved, fmt.Sprint(s.Key, "=", s.Value))
	}
	run, err := train.Create(filepath.Join(t.TempDir(), "stopped"), "test")
	if err != nil {
		t.Fatal(err)
	}
	stops := 0
	for ; ; stops++ {
		f, _ := fitted(t, resolved...)
		if err := f.Resume(run); err != nil {
			t.Fatal(err)
		}
		if _, err = f.Train(&countdown{context.Background(), 7}, run, nil); err == nil {
			break
		}
		if !errors.Is(err, train.ErrInterrupted) {
			t.Fatal(err)
		}
	}
	if stops < 2 {
		t.Errorf("stopped %d times, want some in each stage", stops)
	}
	for _, name := range []string{"weights/last.safetensors", "weights/best.safetensors"} {
		if !bytes.Equal(file(t, run, name), file(t, whole, name)) {
			t.Errorf("%s is another than that of an uninterrupted run", name)
		}
	}
}

// Plans keep to the time for any number of pictures, by shorter trainings and smaller pictures, and say the same again when they are asked
// for what they chose.
func TestPlans(t *testing.T) {
	look := func(side int) cost { return cost{macs: 8000 * side * side, numbers: 130 * side * side} } // of EfficientNet-Lite0
	last := plan{side: 1 << 20, epochs: 1 << 20}
	for _, n := range []int{2, 10, 50, 200, 1000, 5000, 100_000} {
		j := task{seconds: 120, decoding: float64(n) * .02, cost: look}
		used := j.pictures(n, 128)
		j.decoding *= float64(used) / float64(n)
		j.test, j.learn, j.choose = used/5, used*7/10, used/10
		j.learn = max(1, j.learn)
		p := j.best(224, 128)
		t.Logf("%d pictures, %d used: %+v", n, used, p)
		if p.seconds > 1.15*j.seconds {
			t.Errorf("%d pictures: %.0f seconds, there are %.0f", n, p.seconds, j.seconds)
		}
		if p.side > last.side || p.epochs > last.epochs {
			t.Errorf("%d pictures: side and epochs are %d and %d, with fewer pictures %d and %d", n, p.side, p.epochs, last.side, last.epochs)
		}
		if p.epochs <= p.freeze || p.batch < 1 {
			t.Errorf("%d pictures: %+v trains no body", n, p)
		}
		last = p
	}
	for _, c := range [][3]int{{28, 224, 96}, {64, 224, 192}, {96, 224, 224}, {3000, 224, 224}, {1, 64, 64}, {50, 227, 160}} {
		if got := sideFor(c[0], c[1]); got != c[2] {
			t.Errorf("sideFor(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

// Where there are more pictures than time, as large a part of each class is used.
func TestThin(t *testing.T) {
	o := &own{files: &data.Files{Paths: make([]string, 1000), Labels: make([]int, 1000), Names: []string{"a", "b"}}, part: make([]int, 1000)}
	for i := range 1000 {
		o.files.Labels[i] = min(1, i/800)
	}
	o.thin(100, 1)
	count := make([]int, 2)
	for _, i := range o.in(learned) {
		count[o.files.Labels[i]]++
	}
	if !slices.Equal(count, []int{80, 20}) {
		t.Errorf("of the classes %v are left, want 80 and 20", count)
	}
}

// madeBatches are the batches of internal/fixture/_gen/finetune.py, or their features.
type madeBatches struct {
	per  int
	body vision.Split // nil: pictures
}

func (m madeBatches) Len() int { return m.per }

func (m madeBatches) Epoch(epoch, skip int) iter.Seq2[*data.Batch, error] {
	const size, pixels = 16, 32 * 32 * 3
	return func(yield func(*data.Batch, error) bool) {
		for k := skip; k < m.per; k++ {
			step := epoch*m.per + k
			b := &data.Batch{Images: tensor.New(size, 32, 32, 3)}
			for i := range b.Images.Edit() {
				b.Images.Data()[i] = tensor.Float(mixed(step*size*pixels + i))
			}
			for i := range size {
				b.Labels, b.Index = append(b.Labels, (step*size+i)*7%10), append(b.Index, i)
			}
			if m.body != nil {
				p := tensor.Inference()
				b.Images = m.body.Body(p.Input(b.Images)).Clone()
				p.End()
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// The first 200 losses are those of PyTorch: 50 with the head alone, by features, then all with a rate for each block; see
// internal/fixture/_gen/finetune.py.
func TestFirstLossesOfFineTuningAreThoseOfPyTorch(t *testing.T) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	want := fixture.Open(t, "finetune.safetensors").Tensor(t, "finetune").Data()
	made := func(r *rand.Rand, classes int) nn.Layer { return vision.NewSmallMobileNetV2(r, .5, classes) }
	net := made(nil, 10).(*vision.MobileNetV2)
	fill(net)
	net.Classifier[0] = nn.Dropout{} // whose choices would be others
	for norm := range nn.Find[*nn.BatchNorm](net) {
		norm.Frozen = true
		for i := range norm.RunningMean.Edit() {
			norm.RunningMean.Data()[i] = tensor.Float(mixed(i) / 10)
		}
		nn.Constant(norm.RunningVar, .2)
	}
	const per = 50
	f := newFineTune()
	f.base = base{Network: pretrained.Network{New: made}, from: net}
	f.net, f.LR, f.HeadLR, f.LayerDecay, f.WeightDecay, f.LabelSmoothing = net, 1e-3, 3e-3, .8, .05, .1
	f.Epochs, f.Freeze = 4, 1
	f.training = &data.Batches{Set: make(data.Slice[data.Labelled], per*16), Size: 16}
	f.validation = &data.Batches{Set: data.Slice[data.Labelled]{}, Size: 1}
	s := f.supervised()
	s.Training = madeBatches{per: per}
	s.Stages[0].Model, s.Stages[0].Training = head{net}, madeBatches{per, net}
	if os.Getenv("HADAL_SLOW") == "" {
		want = want[:58]
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	loss, step, worst := s.Loss, 0, 0.0
	s.Loss = func(scores *tensor.Tensor, labels []int) *tensor.Tensor {
		l := loss(scores, labels)
		if step < len(want) {
			worst = max(worst, offBy(t, step, float64(l.Item()), float64(want[step]), 50, .1))
		}
		if step++; step == len(want) {
			stop()
		}
		return l
	}
	if err := s.Run(ctx, newRun(t), nil); err != nil && !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	if step < len(want) {
		t.Errorf("%d losses, want %d", step, len(want))
	}
	t.Logf("%d losses in %d bytes, off by %.2g at most", len(want), kernel.FloatBytes, worst)
}

// Real photographs that are small and few are learned far above chance from weights of others.
func TestFineTuneLearns(t *testing.T) {
	dir := os.Getenv("HADAL_DATA")
	if os.Getenv("HADAL_SLOW") == "" || dir == "" {
		t.Skip("HADAL_SLOW or HADAL_DATA is not set")
	}
	tensor.Poison(false)
	defer tensor.Poison(true)
	root := filepath.Join(t.TempDir(), "photos")
	if !unpackTiny(t, filepath.Join(dir, "tiny-imagenet-10", "tiny10.tar.gz"), root, 25) {
		t.Skip("there is no tiny-imagenet-10 in HADAL_DATA")
	}
	f := newFineTune()
	if err := SetAll(f.Settings(), []string{"data=" + root, "weights=squeezenet1.0-imagenet", "side=96", "epochs=16", "freeze=10"}); err != nil {
		t.Fatal(err)
	}
	var missing *source.MissingError
	err := f.Prepare(context.Background(), Workplace{Source: source.Options{Dir: dir, Offline: true}})
	if errors.As(err, &missing) {
		t.Skipf("the weights are not to be had here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Train(context.Background(), newRun(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("test accuracy %.3f in %.0f s", m["test/accuracy"], m["seconds"])
	if m["test/accuracy"] < .4 {
		t.Errorf("test accuracy %.3f of ten classes, want 0.4", m["test/accuracy"])
	}
}

// unpackTiny unpacks the first pictures of each class, train/CLASS/images/NAME.JPEG.
func unpackTiny(t *testing.T, archive, root string, each int) bool {
	f, err := os.Open(archive)
	if err != nil {
		return false
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for in := tar.NewReader(z); ; {
		h, err := in.Next()
		if err == io.EOF {
			return true
		}
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(strings.TrimPrefix(path.Clean(h.Name), "./"), "/")
		if len(parts) != 4 || parts[0] != "train" || count[parts[1]] == each {
			continue
		}
		count[parts[1]]++
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		writeBytes(t, filepath.Join(root, parts[1], strings.TrimSuffix(parts[3], ".JPEG")+".jpg"), b)
	}
}
