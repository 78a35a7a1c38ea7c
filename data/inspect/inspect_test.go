package inspect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/data"
)

// scene is a picture of a few large rectangles, different for every seed.
func scene(seed uint64) data.Picture {
	r := rand.New(rand.NewPCG(seed, 0))
	p := data.NewPicture(64, 96, 3)
	for range 12 {
		h, w := 8+r.IntN(40), 8+r.IntN(60)
		y, x := r.IntN(64-h+1), r.IntN(96-w+1)
		colour := [3]byte{byte(r.IntN(200)), byte(r.IntN(200)), byte(r.IntN(200))}
		for i := range h * w {
			copy(p.Pixels[3*((y+i/w)*96+x+i%w):], colour[:])
		}
	}
	return p
}

// changed gives every byte of p another value.
func changed(p data.Picture, f func(byte) byte) data.Picture {
	q := data.NewPicture(p.H, p.W, p.C)
	for i, v := range p.Pixels {
		q.Pixels[i] = f(v)
	}
	return q
}

// listed is a set of pictures in memory of any size.
type listed struct {
	data.Slice[data.Labelled]
	classes []string
}

func (l listed) Classes() []string { return l.classes }

func TestLook(t *testing.T) {
	var training, test listed
	training.classes, test.classes = []string{"a", "b"}, []string{"a", "b"}
	add := func(l *listed, p data.Picture, label int) {
		l.Slice = append(l.Slice, data.Labelled{Picture: p, Label: label})
	}
	for i := range 40 {
		add(&training, scene(uint64(i)), i%2)
	}
	plain := data.NewPicture(64, 96, 3)
	r := rand.New(rand.NewPCG(7, 7))
	add(&test, scene(100), 0)
	add(&test, scene(5), 0) // equal to training 5, which is of class b
	add(&test, scene(8).Resize(40, 60), 0)
	add(&test, changed(scene(9), func(v byte) byte { return 30 + v/5*4 }), 1)           // less contrast
	add(&test, changed(scene(10), func(v byte) byte { return v + byte(r.IntN(9)) }), 0) // noise
	add(&test, scene(11).Grey(), 1)
	add(&training, plain, 0)
	add(&training, changed(plain, func(byte) byte { return 200 }), 0) // as plain, but of another grey
	add(&training, scene(100), 0)
	add(&training, scene(100), 0)

	report, err := Look(context.Background(), []Part{{"training", training}, {"test", test}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]int{{24, 20}, {4, 2}}, report.Counts); d != "" {
		t.Errorf("the counts differ (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]Size{{64, 96, 3, 48}, {64, 96, 1, 1}, {40, 60, 3, 1}}, report.Sizes); d != "" {
		t.Errorf("the sizes differ (-want +got):\n%s", d)
	}
	exact := []Group{
		{Examples: []Example{{0, 5, 1}, {1, 1, 0}}},
		{Examples: []Example{{0, 42, 0}, {0, 43, 0}, {1, 0, 0}}},
	}
	if d := cmp.Diff(exact, report.Exact); d != "" {
		t.Errorf("the equal pictures differ (-want +got):\n%s", d)
	}
	if !report.Exact[0].Across() || !report.Exact[0].Mislabelled() || report.Exact[1].Mislabelled() {
		t.Error("the first group is across the parts and of different labels, the second of one label")
	}
	near := map[[2]Example]bool{
		{{0, 8, 0}, {1, 2, 0}}: true, {{0, 9, 1}, {1, 3, 1}}: true, {{0, 10, 0}, {1, 4, 0}}: true, {{0, 11, 1}, {1, 5, 1}}: true,
		{{0, 40, 0}, {0, 41, 0}}: true,
	}
	for i, g := range report.Near {
		if !near[[2]Example(g.Examples)] {
			t.Errorf("%v are not nearly equal", g.Examples)
		}
		delete(near, [2]Example(g.Examples))
		if i > 0 && g.Across() && !report.Near[i-1].Across() {
			t.Error("pairs across the parts come first")
		}
	}
	if len(near) > 0 {
		t.Errorf("not found to be nearly equal: %v", near)
	}

	only, err := Look(context.Background(), []Part{{"training", training}, {"test", test}}, Options{Bits: -1})
	if err != nil || len(only.Near) > 0 || len(only.Exact) != 2 {
		t.Errorf("without near pairs: %d near, %d equal, error %v", len(only.Near), len(only.Exact), err)
	}
	few, err := Look(context.Background(), []Part{{"training", training}, {"test", test}}, Options{Most: 1})
	if err != nil || len(few.Near) != 2 || few.Dropped != 3 {
		t.Errorf("with one pair kept of each kind: %d, and %d dropped; want 2 and 3; error %v", len(few.Near), few.Dropped, err)
	}
}

// All pairs of hashes that are close are found once, as by comparing every two.
func TestNearFindsAll(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var all []print
	for i := range 600 {
		p := print{Example: Example{0, i, 0}, hash: r.Uint64() >> 1}
		if i > 0 && r.IntN(2) == 0 { // a near copy of one before, with up to 8 bits changed
			p.hash = all[r.IntN(i)].hash
			for range r.IntN(9) {
				p.hash ^= 1 << r.IntN(63)
			}
		}
		all = append(all, p)
	}
	for _, bits := range []int{1, 4, 7} {
		want := map[[2]Example]int{}
		for j := range all {
			for i := range j {
				d := 0
				for differ := all[i].hash ^ all[j].hash; differ != 0; differ &= differ - 1 {
					d++
				}
				if d <= bits {
					want[[2]Example{all[i].Example, all[j].Example}] = d
				}
			}
		}
		pairs, dropped := near(all, Options{Bits: bits, Most: 1 << 20})
		got := map[[2]Example]int{}
		for _, g := range pairs {
			got[[2]Example(g.Examples)] = g.Distance
		}
		if d := cmp.Diff(want, got); d != "" || len(got) != len(pairs) || dropped != 0 || len(want) < 50 {
			t.Errorf("of %d near pairs %d are found, in %d groups (-want +got):\n%s", len(want), len(got), len(pairs), d)
		}
	}
}

func TestLookNamesTheBroken(t *testing.T) {
	f := &data.Files{
		Paths: []string{"a.png", "b.png"}, Labels: []int{0, 1}, Names: []string{"x", "y"},
		Open: func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(nil)), nil },
	}
	report, err := Look(context.Background(), []Part{{"pictures", f}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Broken) != 2 || report.Broken[1].Name != "b.png" || report.Done() != 0 || len(report.Near) > 0 {
		t.Errorf("the report is %+v, want two broken pictures", report)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Look(ended, []Part{{"pictures", f}}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Look with a context that has ended = %v", err)
	}
}

// Whatever the size, a prepared picture is the average under it.
func TestGreys(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 50}, {32, 32}, {33, 31}, {100, 7}, {64, 96}} {
		p := data.NewPicture(size[0], size[1], 1)
		mean := 0.0
		for i := range p.Pixels {
			p.Pixels[i] = byte(i * 37)
			mean += float64(p.Pixels[i]) / float64(len(p.Pixels))
		}
		got := 0.0
		for _, v := range greys(p) {
			got += v / side / side
		}
		if diff := got - mean; diff > 1e-9 || diff < -1e-9 {
			t.Errorf("%v: the mean is %v, want %v", size, got, mean)
		}
	}
}
