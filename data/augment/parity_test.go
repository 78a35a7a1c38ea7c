package augment

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/internal/fixture"
)

// A result is an operation by its arguments, and by how many of 255 levels it may differ from torchvision's on a tensor, which rounds
// in other ways than Pillow. From Pillow it differs by no byte.
type result struct {
	apply func(s *data.Sample, a []float64)
	most  int
}

var results = map[string]result{
	"brightness":          {apply: func(s *data.Sample, a []float64) { brighten(s, a[0]) }},
	"contrast":            {apply: func(s *data.Sample, a []float64) { contrast(s, a[0]) }, most: 1},
	"saturation":          {apply: func(s *data.Sample, a []float64) { saturate(s, a[0]) }, most: 1},
	"sharpness":           {apply: func(s *data.Sample, a []float64) { sharpen(s, a[0]) }},
	"posterize":           {apply: func(s *data.Sample, a []float64) { posterize(s, int(a[0])) }},
	"solarize":            {apply: func(s *data.Sample, a []float64) { solarize(s, a[0]) }},
	"invert":              {apply: func(s *data.Sample, _ []float64) { invert(s) }},
	"autocontrast":        {apply: func(s *data.Sample, _ []float64) { autoContrast(s) }, most: 1},
	"equalize":            {apply: func(s *data.Sample, _ []float64) { equalize(s) }},
	"flip":                {apply: func(s *data.Sample, _ []float64) { move(s, mirror{s.Picture.W}) }},
	"vflip":               {apply: func(s *data.Sample, _ []float64) { move(s, overturn{s.Picture.H}) }},
	"blur":                {apply: func(s *data.Sample, a []float64) { blur(s, a[0]) }},
	"grey":                {apply: func(s *data.Sample, _ []float64) { Greyscale{}.Apply(nil, s) }, most: 1},
	"hue":                 {apply: func(s *data.Sample, a []float64) { turnHue(s, a[0]) }, most: 1},
	"affine":              {apply: func(s *data.Sample, a []float64) { move(s, warp{back: affinityOf(a).back(s.Picture)}) }},
	"affine_nearest":      {apply: func(s *data.Sample, a []float64) { move(s, warp{back: affinityOf(a).back(s.Picture), sharp: true}) }},
	"perspective":         {apply: func(s *data.Sample, a []float64) { move(s, warp{back: backOf(a)}) }, most: 1},
	"perspective_nearest": {apply: func(s *data.Sample, a []float64) { move(s, warp{back: backOf(a), sharp: true}) }},
	"resize": {apply: func(s *data.Sample, a []float64) {
		move(s, zoom{int(a[0]), int(a[1]), int(a[2]), int(a[3]), int(a[4]), int(a[5])})
	}},
	"crop": {apply: func(s *data.Sample, a []float64) {
		move(s, window{s.Picture.H, s.Picture.W, int(a[0]), int(a[1]), a[2] == 1})
	}},
	"erase": {apply: func(s *data.Sample, a []float64) {
		v := byte(a[4])
		paint(s, int(a[0]), int(a[1]), int(a[0]+a[2]), int(a[1]+a[3]), Colour{v, v, v})
	}},
	"policy": {apply: func(s *data.Sample, a []float64) { operation(a[0]).apply(s, a[1], Colour{}) }},
}

func affinityOf(a []float64) affinity {
	return affinity{angle: a[0], dx: a[1], dy: a[2], scale: a[3], shearX: a[4], shearY: a[5]}
}

func backOf(a []float64) plane {
	var points [8][2]float64
	for i := range points {
		points[i] = [2]float64{a[2*i], a[2*i+1]}
	}
	back, _ := quadrilateral([4][2]float64(points[4:]), [4][2]float64(points[:4]))
	return back
}

func picture(t testing.TB, f *fixture.File, name string) data.Picture {
	t.Helper()
	b, err := f.Raw(name)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := f.Entry(name)
	return data.Picture{H: int(e.Shape[0]), W: int(e.Shape[1]), C: int(e.Shape[2]), Pixels: b}
}

func numbers(t testing.TB, f *fixture.File, name string) []float64 {
	t.Helper()
	v, err := f.Float64s(name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Every operation is that of torchvision, on pictures of Pillow and on tensors.
func TestOperationsAreThoseOfTorchvision(t *testing.T) {
	f := fixture.Open(t, "augment.safetensors")
	cases := map[string]int{}
	for _, name := range f.Names() {
		key, ok := strings.CutSuffix(name, "/args")
		if !ok {
			continue
		}
		operation, _, _ := strings.Cut(key, "/")
		r, ok := results[operation]
		if !ok {
			t.Errorf("%s has no row in results", operation)
			continue
		}
		cases[operation]++
		from := picture(t, f, fmt.Sprintf("pictures/%d", f.Ints(t, key+"/from")[0]))
		args := numbers(t, f, name)
		s := data.Sample{Picture: from}
		r.apply(&s, args)
		for kind, most := range map[string]int{"pil": 0, "tensor": r.most} {
			if f.Has(key + "/" + kind) {
				compare(t, fmt.Sprintf("%s %v against %s", key, args, kind), s.Picture, picture(t, f, key+"/"+kind), most)
			}
		}
	}
	for operation := range results {
		if cases[operation] == 0 {
			t.Errorf("%s has no case in the fixture", operation)
		}
	}
}

func compare(t *testing.T, name string, got, want data.Picture, most int) {
	t.Helper()
	if got.H != want.H || got.W != want.W || got.C != want.C {
		t.Errorf("%s: %d×%d×%d, want %d×%d×%d", name, got.H, got.W, got.C, want.H, want.W, want.C)
		return
	}
	worst, off := 0, 0
	for i, v := range want.Pixels {
		d := int(got.Pixels[i]) - int(v)
		if d = max(d, -d); d > most {
			worst, off = max(worst, d), off+1
		}
	}
	if off > 0 {
		t.Errorf("%s: %d of %d values are off by more than %d, one by %d", name, off, len(want.Pixels), most, worst)
	}
}

func TestPoliciesAreThoseOfTorchvision(t *testing.T) {
	f := fixture.Open(t, "augment.safetensors")
	for name, table := range map[string]Policies{"cifar10": CIFAR10, "svhn": SVHN, "imagenet": ImageNet} {
		want := numbers(t, f, "table/"+name)
		for i, policy := range table {
			for k, s := range policy {
				w := want[(2*i+k)*3:][:3]
				if float64(s.operation) != w[0] || s.chance != w[1] || float64(s.level) != max(0, w[2]) {
					t.Errorf("%s, policy %d: %v, want %v", name, i, s, w)
				}
			}
		}
	}
	for name, r := range map[string]reach{"narrow10": narrow, "narrow31": narrow, "wide31": wide} {
		for _, o := range f.Under("reach/" + name + "/") {
			want := numbers(t, f, "reach/"+name+"/"+o)
			var number operation
			fmt.Sscan(o, &number)
			bins := len(want) - 1
			for i, w := range want[:bins] {
				got, signed := r.magnitude(number, float64(i)/float64(bins-1), 24, 20)
				if math.Abs(got-w) > 1e-4 || signed != (want[bins] == 1) {
					t.Errorf("%s: operation %d has at %d of %d the magnitude %v (signed %v), want %v", name, number, i, bins, got, signed, w)
				}
			}
		}
	}
}
