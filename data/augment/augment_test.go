package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// applied returns what a transform makes of a picture.
func applied(t data.Transform, r *rand.Rand, p data.Picture) data.Picture {
	s := data.Sample{Picture: p}
	t.Apply(r, &s)
	return s.Picture
}

// scene is a picture of which no two parts are alike.
func scene(h, w, c int) data.Picture {
	p, r := data.NewPicture(h, w, c), source(7)
	for i := range p.Pixels {
		y, x := i/c/w, i/c%w
		p.Pixels[i] = byte(128 + 80*math.Sin(float64(y)/4+float64(i%c))*math.Cos(float64(x)/3) + 40*(r.Float64()-.5))
	}
	return p
}

func TestTransforms(t *testing.T) {
	p := data.Picture{H: 2, W: 3, C: 1, Pixels: []byte{1, 2, 3, 4, 5, 6}}
	row := func(pixels ...byte) data.Picture { return data.Picture{H: 1, W: len(pixels), C: 1, Pixels: pixels} }
	column := func(pixels ...byte) data.Picture { return data.Picture{H: len(pixels), W: 1, C: 1, Pixels: pixels} }
	for _, tt := range []struct {
		name string
		t    data.Transform
		want data.Picture
	}{
		{"Resize to the same size", Resize{2, 3}, p},
		{"CenterCrop", CenterCrop{2, 1}, column(2, 5)},
		{"CenterCrop of a smaller picture", CenterCrop{4, 1}, column(0, 2, 5, 0)},
		{"PadCrop by nothing", PadCrop{}, p},
		{"Affine by nothing", Affine{}, p},
		{"Jitter by nothing", Jitter{}, p},
		{"Noise of nothing", Noise{}, p},
		{"Blur by nothing", Blur{}, p},
		{"Perspective of nothing", Perspective{}, p},
		{"never", Maybe{0, Erase{Low: .5, High: .5, Aspect: 1}}, p},
		{"always", Maybe{1, CenterCrop{1, 2}}, row(1, 2)},
		{"Compose", data.Compose{CenterCrop{2, 1}, CenterCrop{1, 1}}, row(2)},
	} {
		got := applied(tt.t, source(0), p)
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s differs (-want +got):\n%s", tt.name, d)
		}
	}
	if !slices.Equal(p.Pixels, []byte{1, 2, 3, 4, 5, 6}) {
		t.Errorf("the transforms changed their picture: %v", p.Pixels)
	}
	if got := applied(ResizeShort{16}, nil, data.NewPicture(64, 128, 1)); got.H != 16 || got.W != 32 {
		t.Errorf("ResizeShort(16) of 64×128 is %d×%d, want 16×32", got.H, got.W)
	}
}

func TestFlip(t *testing.T) {
	p := scene(5, 4, 3)
	for _, tt := range []struct {
		name string
		t    data.Transform
		m    func(s *data.Sample)
	}{
		{"Flip", Flip{}, func(s *data.Sample) { move(s, mirror{4}) }},
		{"FlipVertical", FlipVertical{}, func(s *data.Sample) { move(s, overturn{5}) }},
	} {
		s := data.Sample{Picture: p}
		tt.m(&s)
		mirrored, r, flipped := s.Picture, source(1), 0
		for range 1000 {
			switch q := applied(tt.t, r, p); {
			case slices.Equal(q.Pixels, mirrored.Pixels):
				flipped++
			case !slices.Equal(q.Pixels, p.Pixels):
				t.Fatalf("%s makes something else", tt.name)
			}
		}
		if flipped < 430 || flipped > 570 { // 4.4 standard deviations
			t.Errorf("%s mirrors %d of 1000 pictures, want about half", tt.name, flipped)
		}
	}
}

// Every shift within ±Pad comes up, and what a shift brings in is black.
func TestPadCrop(t *testing.T) {
	p := data.NewPicture(5, 5, 1)
	p.Pixels[12] = 9
	r, seen := source(1), map[int]bool{}
	for range 1000 {
		at := slices.Index(applied(PadCrop{Pad: 2}, r, p).Pixels, 9)
		if at < 0 {
			t.Fatal("PadCrop lost the middle")
		}
		seen[at] = true
	}
	if len(seen) != 25 {
		t.Errorf("PadCrop(2) makes %d different shifts, want 25", len(seen))
	}
	for _, far := range []int{3, 40, -40} {
		s := data.Sample{Picture: data.Picture{H: 1, W: 1, C: 1, Pixels: []byte{7}}}
		move(&s, window{2, 2, far, far, false})
		if slices.Max(s.Picture.Pixels) != 0 {
			t.Errorf("a window beside the picture = %v, want black", s.Picture.Pixels)
		}
		s = data.Sample{Picture: data.Picture{H: 1, W: 1, C: 1, Pixels: []byte{7}}}
		move(&s, window{2, 2, far, far, true})
		if slices.Min(s.Picture.Pixels) != 7 {
			t.Errorf("a mirroring window beside the picture = %v, want 7", s.Picture.Pixels)
		}
	}
}

// Turned by 90 degrees about its middle, a picture has its rows as columns.
func TestAffineTurns(t *testing.T) {
	p := data.Picture{H: 3, W: 3, C: 1, Pixels: []byte{10, 20, 30, 0, 50, 0, 0, 0, 0}}
	turned := map[string]bool{}
	r := source(2)
	for range 4000 {
		q := applied(Affine{Degrees: 90}, r, p)
		if q.Pixels[4] != 50 {
			t.Fatalf("the middle moved: %v", q.Pixels)
		}
		// Within a few degrees of the ends of the range the top row has become the left or the right column.
		switch {
		case q.Pixels[3] >= 19 && q.Pixels[1] <= 1:
			turned["left"] = true
		case q.Pixels[5] >= 19 && q.Pixels[1] <= 1:
			turned["right"] = true
		}
	}
	if len(turned) != 2 {
		t.Errorf("turns by up to ±90 degrees reach %v, want left and right", turned)
	}
}

// ResizedCrop draws areas and aspects within its bounds, and takes all that it can of a picture that is too long.
func TestResizedCropDraws(t *testing.T) {
	c, r := ResizedCrop{Area: .08, Aspect: 4.0 / 3}, source(3)
	mean := 0.0
	for range 2000 {
		y, x, h, w := c.rectangle(r, 200, 220)
		area, aspect := float64(h*w)/(200*220), float64(w)/float64(h)
		if y < 0 || x < 0 || y+h > 200 || x+w > 220 || area < .075 || aspect < .72 || aspect > 1.37 {
			t.Fatalf("%d×%d from (%d, %d) on", h, w, y, x)
		}
		mean += area / 2000
	}
	if mean < .47 || mean > .56 { // the largest areas do not fit always
		t.Errorf("mean area %.3f, want about a half", mean)
	}
	y, x, h, w := c.rectangle(r, 10, 1000)
	if h != 10 || w != 13 || y != 0 || x != 493 {
		t.Errorf("of 10×1000: %d×%d from (%d, %d) on, want 10×13 in the middle", h, w, y, x)
	}
}

// A hole is where it should be, of the size that it should have, and of the colour.
func TestHoles(t *testing.T) {
	p := data.NewPicture(30, 40, 3)
	for i := range p.Pixels {
		p.Pixels[i] = 1
	}
	r, total := source(4), 0.0
	for range 500 {
		q := applied(Erase{Low: .02, High: .33, Aspect: 3.3, Fill: Colour{2, 3, 4}}, r, p)
		n := 0
		for i, v := range q.Pixels {
			if v != 1 {
				n++
				if v != byte(2+i%3) {
					t.Fatalf("a hole has %d in channel %d", v, i%3)
				}
			}
		}
		total += float64(n) / 3600 / 500
	}
	if total < .15 || total > .2 {
		t.Errorf("erased on average %.3f, want about 0.175", total)
	}
	largest := 0
	for range 500 {
		n := 0
		for _, v := range applied(Cutout{Size: 8}, r, p).Pixels {
			if v == 0 {
				n++
			}
		}
		if n == 0 || n > 3*64 {
			t.Fatalf("Cutout covers %d pixels", n/3)
		}
		largest = max(largest, n/3)
	}
	if largest != 64 {
		t.Errorf("Cutout(8) covers %d pixels at most, want 64", largest)
	}
}

func TestMixers(t *testing.T) {
	f := fixture.Open(t, "augment.safetensors")
	a, b, want := f.Tensor(t, "mixup/a"), f.Tensor(t, "mixup/b"), f.Tensor(t, "mixup/y")
	mixUp(a.Edit(), b.Data(), .3)
	fixture.Close(t, "mixup", a.Data(), want.Data(), map[int]float64{4: 1e-6, 8: 1e-6}[kernel.FloatBytes])

	r := source(5)
	for range 2000 { // of ones and twos, the rectangle and the share agree
		ones, twos := make([]tensor.Float, 7*9*3), make([]tensor.Float, 7*9*3)
		for i := range ones {
			ones[i], twos[i] = 1, 2
		}
		share := CutMix{1}.Mix(r, 7, 9, 3, ones, twos)
		kept := 0
		for _, v := range ones {
			if v == 1 {
				kept++
			}
		}
		if math.Abs(share-float64(kept)/float64(len(ones))) > 1e-9 {
			t.Fatalf("CutMix returns %v, but keeps %d of %d", share, kept, len(ones))
		}
	}
	// The variance of Beta(a, a) is 1/(8a + 4).
	for _, alpha := range []float64{.001, .2, 1, 3} {
		const n = 20000
		var sum, squares float64
		for range n {
			x := beta(r, alpha)
			if !(x >= 0 && x <= 1) {
				t.Fatalf("Beta(%g) drew %v", alpha, x)
			}
			sum, squares = sum+x, squares+(x-.5)*(x-.5)
		}
		if mean, v, want := sum/n, squares/n, 1/(8*alpha+4); math.Abs(mean-.5) > .02 || math.Abs(v/want-1) > .05 {
			t.Errorf("Beta(%g) has mean %.3f and variance %.4f, want 0.5 and %.4f", alpha, mean, v, want)
		}
	}
	seen := map[float64]bool{}
	for range 100 {
		seen[AnyMix{share(0), share(1)}.Mix(r, 1, 1, 1, nil, nil)] = true
	}
	if len(seen) != 2 {
		t.Errorf("AnyMix of two mixers used %d", len(seen))
	}
}

type share float64

func (s share) Mix(*rand.Rand, int, int, int, []tensor.Float, []tensor.Float) float64 {
	return float64(s)
}

// Every name gives the same for the same seed, other things for other seeds, leaves its source alone, and makes no garbage.
func TestEveryName(t *testing.T) {
	for _, c := range []int{1, 3} {
		p := scene(32, 28, c)
		before := slices.Clone(p.Pixels)
		for _, name := range Names() {
			plan, err := Parse(name, Colour{1, 2, 3})
			if err != nil {
				t.Fatal(err)
			}
			if name == "none" && plan != (Plan{}) {
				t.Errorf("none is %v", plan)
			}
			if plan.Transform == nil {
				continue
			}
			kinds := map[string]bool{}
			var s data.Sample
			for seed := range uint64(30) {
				s.Picture = p
				plan.Transform.Apply(source(seed), &s)
				again := applied(plan.Transform, source(seed), p)
				if !slices.Equal(s.Picture.Pixels, again.Pixels) {
					t.Errorf("%s of %d channels makes two things of one seed", name, c)
				}
				kinds[string(again.Pixels)] = true
			}
			if least := map[bool]int{true: 2, false: 12}[strings.Contains("flip vflip grey", name)]; len(kinds) < least && !(name == "grey" && c == 1) {
				t.Errorf("%s of %d channels makes %d pictures of 30 seeds, want %d", name, c, len(kinds), least)
			}
			r := source(1)
			if n := testing.AllocsPerRun(1, func() { // the first run, which is not counted, warms the memory
				for range 100 {
					s.Picture = p
					plan.Transform.Apply(r, &s)
				}
			}); n > 2 { // a blur wider than any before
				t.Errorf("%s of %d channels makes %v allocations for 100 pictures", name, c, n)
			}
		}
		if !slices.Equal(before, p.Pixels) {
			t.Errorf("the pictures of %d channels were changed in place", c)
		}
	}
}

func TestParse(t *testing.T) {
	mean := Colour{7, 8, 9}
	for text, want := range map[string]Plan{
		"none":                    {},
		"flip":                    {Transform: Flip{}},
		"none+flip":               {Transform: Flip{}},
		"crop+flip+cutout":        {Transform: data.Compose{PadCrop{Pad: 4}, Flip{}, Cutout{0, mean}}},
		"crop(2, reflect)+mixup":  {PadCrop{2, true}, MixUp{1}},
		"randaugment(3,5)":        {Transform: RandAugment{3, 5, mean}},
		"randaugment(3)":          {Transform: RandAugment{3, 9, mean}},
		"mixup(2e-1)+cutmix()":    {Mix: AnyMix{MixUp{.2}, CutMix{1}}},
		"noise(5e+0) + flip":      {Transform: data.Compose{Noise{5}, Flip{}}},
		"affine":                  {Transform: Affine{Degrees: 8, Scale: .08, Shift: 1.5}},
		"autoaugment(svhn)":       {Transform: AutoAugment{SVHN, mean}},
		"erase":                   {Transform: Maybe{.5, Erase{Low: .02, High: .33, Aspect: 3.3, Noise: true}}},
		"resized-crop(0.25, 224)": {Transform: ResizedCrop{.25, 4.0 / 3, 224, 224}},
	} {
		got, err := Parse(text, mean)
		if d := cmp.Diff(want, got, cmp.AllowUnexported(step{})); d != "" || err != nil {
			t.Errorf("%q: %v, differs (-want +got):\n%s", text, err, d)
		}
	}
	for text, want := range map[string]string{
		"flp":               `unknown augmentation "flp"; did you mean flip?`,
		"":                  `the name of an augmentation is missing`,
		"flip+":             `the name of an augmentation is missing`,
		"flip(2)":           "flip(2): too many parameters, it is flip",
		"crop(1,2,3)":       "too many parameters, it is crop(4,black)",
		"crop(1":            "crop(1: a closing bracket is missing",
		"crop(x)":           `crop: parameter 1 is "x", want a whole number from 0 to 10000; it is to shift`,
		"randaugment(2,31)": `randaugment: parameter 2 is "31", want a whole number from 0 to 30`,
		"jitter(nan)":       `want a number from 0 to 10`,
		"crop(4,white)":     `parameter 2 is "white", want black or reflect`,
	} {
		if _, err := Parse(text, mean); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	for _, name := range Names() {
		if !strings.Contains(Help(), "  "+name) {
			t.Errorf("Help has no line for %s", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"crop(4,reflect)+flip", "mixup(1e-3)", "((", "+", "none(,)"} {
		f.Add(s)
	}
	p := scene(9, 8, 3)
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := Parse(text, Colour{})
		if err != nil || plan.Transform == nil || strings.ContainsAny(text, "0123456789") {
			return
		}
		applied(plan.Transform, source(1), p)
	})
}

func BenchmarkAugment(b *testing.B) {
	for _, size := range [][2]int{{32, 32}, {224, 224}} {
		p := scene(size[0], size[1], 3)
		for _, text := range append(Names(), "crop+flip") {
			plan, err := Parse(text, Colour{})
			if err != nil {
				b.Fatal(err)
			}
			if plan.Transform == nil {
				continue
			}
			b.Run(fmt.Sprintf("%s/%d", text, size[0]), func(b *testing.B) {
				var s data.Sample
				r := source(1)
				for b.Loop() {
					s.Picture = p
					plan.Transform.Apply(r, &s)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
			})
		}
	}
}

// What a loader delivers, from bytes to the numbers of a batch.
func BenchmarkBatches(b *testing.B) {
	for _, c := range []struct {
		text       string
		side, size int
	}{{"none", 32, 128}, {"crop+flip", 32, 128}, {"randaugment", 32, 128}, {"crop+flip+mixup", 32, 128}, {"resized-crop(0.08,224)+flip", 256, 32}} {
		b.Run(c.text, func(b *testing.B) {
			p := scene(c.side, c.side, 3)
			plan, err := Parse(c.text, Colour{})
			if err != nil {
				b.Fatal(err)
			}
			set := make(data.Slice[data.Labelled], 64*c.size)
			for i := range set {
				set[i].Picture = p
			}
			batches := data.Batches{Set: set, Size: c.size, Shuffle: true, Transform: plan.Transform, Mix: plan.Mix, Workers: 2}
			b.ReportAllocs()
			n, epoch := 0, 0
			for b.Loop() {
				for _, err := range batches.Epoch(epoch, 0) {
					if err != nil {
						b.Fatal(err)
					}
				}
				n, epoch = n+len(set), epoch+1
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "pictures/s")
		})
	}
}
