package data

import (
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/tensor"
)

// numbered is a set of pictures whose every pixel is the example's number.
func numbered(n, h, w, c int) *Pictures {
	s := &Pictures{H: h, W: w, C: c, Names: []string{"even", "odd"}}
	for i := range n {
		for range h * w * c {
			s.Pixels = append(s.Pixels, byte(i))
		}
		s.Labels = append(s.Labels, i%2)
	}
	return s
}

// A copied batch outlives the loop.
type copied struct {
	Shape  []int
	Images []tensor.Float
	Labels []int
	Index  []int
}

func collect(t *testing.T, b *Batches, epoch, skip int) []copied {
	t.Helper()
	var out []copied
	for batch, err := range b.Epoch(epoch, skip) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, copied{batch.Images.Shape(), slices.Clone(batch.Images.Data()),
			slices.Clone(batch.Labels), slices.Clone(batch.Index)})
	}
	return out
}

func TestBatchesInOrder(t *testing.T) {
	b := &Batches{Set: numbered(5, 1, 1, 1), Size: 2, Scale: Scale{Mean: []tensor.Float{0.5}, Std: []tensor.Float{0.25}}}
	v := func(x tensor.Float) tensor.Float { return (x/255 - 0.5) / 0.25 }
	want := []copied{
		{[]int{2, 1, 1, 1}, []tensor.Float{v(0), v(1)}, []int{0, 1}, []int{0, 1}},
		{[]int{2, 1, 1, 1}, []tensor.Float{v(2), v(3)}, []int{0, 1}, []int{2, 3}},
		{[]int{1, 1, 1, 1}, []tensor.Float{v(4)}, []int{0}, []int{4}},
	}
	if d := cmp.Diff(want, collect(t, b, 0, 0)); d != "" {
		t.Errorf("batches differ (-want +got):\n%s", d)
	}
	b.DropLast = true
	if d := cmp.Diff(want[:2], collect(t, b, 0, 0)); d != "" || b.Len() != 2 {
		t.Errorf("with DropLast, %d batches differ (-want +got):\n%s", b.Len(), d)
	}
}

func TestBatchesChannels(t *testing.T) {
	s := &Pictures{H: 1, W: 2, C: 3, Pixels: []byte{0, 51, 102, 153, 204, 255}, Labels: []int{0}, Names: []string{"x"}}
	b := &Batches{Set: s, Size: 1, Scale: Scale{Mean: []tensor.Float{0, 0.2, 0.4}, Std: []tensor.Float{1, 2, 4}}}
	got := collect(t, b, 0, 0)[0].Images
	for i, want := range []float64{0, 0, 0, 0.6, 0.3, 0.15} {
		if math.Abs(float64(got[i])-want) > 1e-6 {
			t.Errorf("number %d = %v, want %v", i, got[i], want)
		}
	}
}

// The order is a permutation, another one each epoch and seed, and every pixel goes with its label and number.
func TestBatchesShuffle(t *testing.T) {
	b := &Batches{Set: numbered(100, 2, 3, 1), Size: 7, Shuffle: true, Seed: 1}
	index := func(b *Batches, epoch int) []int {
		var all []int
		for _, c := range collect(t, b, epoch, 0) {
			for i, k := range c.Index {
				if got, want := c.Images[i*6+5], tensor.Float(k)/255; got != want || c.Labels[i] != k%2 {
					t.Fatalf("example %d has the pixel %v and the label %d, want %v and %d", k, got, c.Labels[i], want, k%2)
				}
			}
			all = append(all, c.Index...)
		}
		return all
	}
	first := index(b, 0)
	if slices.IsSorted(first) {
		t.Error("the order is not shuffled")
	}
	sorted := slices.Sorted(slices.Values(first))
	if !slices.Equal(sorted, natural(100)) {
		t.Errorf("an epoch holds %v, want every example once", sorted)
	}
	if slices.Equal(first, index(b, 1)) {
		t.Error("two epochs have the same order")
	}
	if slices.Equal(first, index(&Batches{Set: b.Set, Size: 7, Shuffle: true, Seed: 2}, 0)) {
		t.Error("two seeds have the same order")
	}
	if !slices.Equal(first, index(&Batches{Set: b.Set, Size: 10, Shuffle: true, Seed: 1}, 0)) {
		t.Error("the order depends on the size of the batches")
	}
}

// slow delays examples unevenly, so that workers overtake each other.
type slow struct{ *Pictures }

func (s slow) At(i int) (Labelled, error) {
	time.Sleep(time.Duration(i*7919%5) * 50 * time.Microsecond)
	return s.Pictures.At(i)
}

// sprinkle puts N random values in random places.
type sprinkle struct{ N int }

func (t sprinkle) Apply(r *rand.Rand, s *Sample) {
	p := s.Edit()
	for range t.N {
		p.Pixels[r.IntN(len(p.Pixels))] = byte(r.Uint32())
	}
}

// half mixes the first half of the numbers in, less a few.
type half struct{}

func (half) Mix(r *rand.Rand, _, _, _ int, a, b []tensor.Float) float64 {
	n := len(b)/2 - r.IntN(4)
	copy(a, b[:n])
	return 1 - float64(n)/float64(len(a))
}

// The same batches for any number of workers, and from the middle of an epoch on: augmentation included.
func TestBatchesDeterministic(t *testing.T) {
	b := &Batches{
		Set: slow{numbered(60, 6, 5, 3)}, Size: 4, Shuffle: true, Seed: 3,
		Transform: Compose{sprinkle{3}, sprinkle{40}}, Mix: half{},
	}
	b.Workers = 1
	want := collect(t, b, 5, 0)
	if d := cmp.Diff(want, collect(t, &Batches{Set: b.Set, Size: 4, Shuffle: true, Seed: 3}, 5, 0)); d == "" {
		t.Error("the transform changes nothing")
	}
	for _, workers := range []int{1, 2, 3, 8, 100} {
		for _, skip := range []int{0, 1, 7, 14, 15} {
			b.Workers = workers
			if d := cmp.Diff(want[skip:], collect(t, b, 5, skip), cmp.Comparer(equalEmpty)); d != "" {
				t.Errorf("with %d workers from batch %d on, batches differ (-want +got):\n%s", workers, skip, d)
			}
		}
	}
}

func equalEmpty(a, b []copied) bool {
	return len(a) == len(b) && cmp.Equal(append([]copied{}, a...), append([]copied{}, b...))
}

// Augmentation depends on seed, epoch and example, not on where in the epoch the example comes.
func TestAugmentationFollowsTheExample(t *testing.T) {
	s := numbered(40, 6, 6, 1)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range s.Pixels {
		s.Pixels[i] = byte(r.Uint32())
	}
	byExample := func(b *Batches, epoch int) map[int][]tensor.Float {
		m := map[int][]tensor.Float{}
		for _, c := range collect(t, b, epoch, 0) {
			for i, k := range c.Index {
				m[k] = c.Images[i*36 : (i+1)*36]
			}
		}
		return m
	}
	b := &Batches{Set: s, Size: 3, Shuffle: true, Seed: 9, Transform: sprinkle{30}}
	want := byExample(b, 2)
	if d := cmp.Diff(want, byExample(&Batches{Set: s, Size: 40, Seed: 9, Transform: b.Transform}, 2)); d != "" {
		t.Errorf("augmented examples depend on the order (-shuffled +in order):\n%s", d)
	}
	if cmp.Equal(want, byExample(b, 3)) {
		t.Error("two epochs augment alike")
	}
}

// Each picture is mixed with the next one as it was, the last with the first, and the label of the greater part comes first.
func TestBatchesMix(t *testing.T) {
	b := &Batches{Set: numbered(4, 1, 4, 1), Size: 4, Mix: parts{.75, .25, 1, .5}.next()}
	for batch, err := range b.Epoch(0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		want := []tensor.Float{1, 0, 0, 0, 2, 2, 2, 1, 2, 2, 2, 2, 0, 0, 3, 3} // how many of each four are the next picture's: 1, 3, 0, 2
		for i, v := range batch.Images.Data() {
			if v != want[i]/255 {
				t.Errorf("pixel %d = %v, want %v", i, v*255, want[i])
			}
		}
		if d := cmp.Diff([][]int{{0, 0, 0, 1}, {1, 1, 1, 0}}, [][]int{batch.Labels, batch.Others}); d != "" {
			t.Errorf("labels differ (-want +got):\n%s", d)
		}
		if !slices.Equal(batch.Share, []float64{.75, .75, 1, .5}) {
			t.Errorf("shares %v, want 0.75, 0.75, 1 and 0.5", batch.Share)
		}
		if d := cmp.Diff([]tensor.Float{.75, .25, .75, .25, 1, 0, .5, .5}, batch.Targets(2).Data()); d != "" {
			t.Errorf("targets differ (-want +got):\n%s", d)
		}
		for i, want := range []string{"even 0.8 odd 0.2", "even 0.8 odd 0.2", "even", "odd 0.5 even 0.5"} {
			if got := batch.Caption(i, []string{"even", "odd"}); got != want {
				t.Errorf("caption %d is %q, want %q", i, got, want)
			}
		}
	}
}

// parts are the shares that one picture after the other keeps.
type parts []float64

func (p parts) next() Mixer { return &taken{p, 0} }

type taken struct {
	parts
	i int
}

func (m *taken) Mix(_ *rand.Rand, _, _, _ int, a, b []tensor.Float) float64 {
	share := m.parts[m.i]
	m.i++
	copy(a[:int((1-share)*float64(len(a)))], b)
	return share
}

// unreadable is a set that cannot read some of its examples.
type unreadable struct {
	*Pictures
	bad map[int]error
}

func (s unreadable) At(i int) (Labelled, error) {
	if err := s.bad[i]; err != nil {
		return Labelled{}, err
	}
	return s.Pictures.At(i)
}

func TestBatchesError(t *testing.T) {
	cause, later := errors.New("cannot decode"), errors.New("later")
	s := unreadable{numbered(20, 1, 1, 1), map[int]error{9: cause, 17: later}}
	for _, workers := range []int{1, 4} {
		var good int
		var errs []error
		for _, err := range (&Batches{Set: s, Size: 2, Workers: workers}).Epoch(0, 0) {
			if err != nil {
				errs = append(errs, err)
			} else {
				good++
			}
		}
		if good != 4 || len(errs) != 1 || !errors.Is(errs[0], cause) || !strings.Contains(errs[0].Error(), "example 9") {
			t.Errorf("with %d workers: %d batches, then %v; want 4, then one error that names example 9", workers, good, errs)
		}
	}
}

func TestBatchesRefuse(t *testing.T) {
	grey := func(n int) Labelled { return Labelled{Picture: NewPicture(n, 3, 1)} }
	for _, tt := range []struct {
		name string
		set  Slice[Labelled]
		want string
	}{
		{"sizes that differ", Slice[Labelled]{grey(3), grey(4)}, "example 1 is 4×3×1, but example 0 of the same batch is 3×3×1"},
		{"missing bytes", Slice[Labelled]{{Picture: Picture{2, 2, 1, []byte{1}}}}, "example 0: a picture of 2×2×1 has 1 bytes, want 4"},
		{"no pixels", Slice[Labelled]{{}}, "example 0: a picture of 0×0 pixels"},
		{"too few channels", Slice[Labelled]{grey(1)}, "example 0: a picture with 1 channels, but a scale for 3"},
	} {
		b := &Batches{Set: tt.set, Size: 2}
		if tt.name == "too few channels" {
			b.Scale.Mean = make([]tensor.Float, 3)
		}
		var got error
		for _, err := range b.Epoch(0, 0) {
			got = err
		}
		if got == nil || !strings.Contains(got.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, got, tt.want)
		}
	}
}

// Leaving the loop, by break or by a panic, stops the goroutines before Epoch returns.
func TestBatchesLeaveNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	b := &Batches{Set: slow{numbered(200, 1, 1, 1)}, Size: 2, Workers: 4}
	for range b.Epoch(0, 0) {
		break
	}
	func() {
		defer func() {
			if got := recover(); got != "out" {
				t.Errorf("recovered %v, want the panic of the loop", got)
			}
		}()
		for range b.Epoch(0, 0) {
			panic("out")
		}
	}()
	for _, err := range b.Epoch(0, 99) {
		if err != nil {
			t.Fatal(err)
		}
	}
	// What has called Done may take a moment to be gone.
	deadline := time.Now().Add(2 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines after the loops, %d before", after, before)
	}
}

type panicking struct{}

func (panicking) Apply(*rand.Rand, *Sample) { panic("data: Panicking: as ever") }

// A panic in a transform arrives where the batch was asked for, so that a program can save its run.
func TestBatchesCarryPanics(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "data: Panicking: as ever") || !strings.Contains(got, "batch 0") {
			t.Errorf("recovered %v, want the panic of the transform", got)
		}
	}()
	for range (&Batches{Set: numbered(9, 1, 1, 1), Size: 2, Transform: panicking{}}).Epoch(0, 0) {
		t.Error("a batch arrived")
	}
}

func TestBatchesMisused(t *testing.T) {
	s := numbered(4, 1, 1, 1)
	for want, f := range map[string]func(){
		"data: Batches: cannot cut batches of 0 examples": func() { (&Batches{Set: s}).Len() },
		"data: Batches: cannot skip 3 of 2 batches":       func() { (&Batches{Set: s, Size: 2}).Epoch(0, 3) },
		"data: Scale: 2 means with 1 standard deviations": func() {
			(&Batches{Set: s, Size: 2, Scale: Scale{make([]tensor.Float, 2), []tensor.Float{1}}}).Epoch(0, 0)
		},
		"data: Scale: the standard deviation of channel 0 is 0": func() {
			(&Batches{Set: s, Size: 2, Scale: Scale{Std: []tensor.Float{0}}}).Epoch(0, 0)
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("the panic says %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

// Batches are made ahead of their use, but not without bound.
func TestBatchesPrefetch(t *testing.T) {
	var read atomic.Int64
	s := counting{numbered(100, 1, 1, 1), &read}
	for range (&Batches{Set: s, Size: 1, Workers: 2}).Epoch(0, 0) {
		deadline := time.Now().Add(2 * time.Second)
		for read.Load() < 3 && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond) // time in which too many could be made
		break
	}
	if got := read.Load(); got != 3 {
		t.Errorf("with 2 workers, %d batches were made while the first was in use, want 3", got)
	}
}

type counting struct {
	*Pictures
	read *atomic.Int64
}

func (c counting) At(i int) (Labelled, error) {
	c.read.Add(1)
	return c.Pictures.At(i)
}

// An epoch allocates for its start and its few batches, not for every step.
func TestBatchesMakeNoGarbage(t *testing.T) {
	epoch := func(n int) float64 {
		b := &Batches{Set: numbered(n, 4, 4, 1), Size: 4, Workers: 2, Transform: sprinkle{2}, Mix: half{}}
		return testing.AllocsPerRun(3, func() {
			for _, err := range b.Epoch(0, 0) {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	short, long := epoch(100), epoch(1000)
	if long > short+20 {
		t.Errorf("an epoch of 25 batches makes %v allocations, one of 250 makes %v: want no more a step", short, long)
	}
}

// A loader of sequences: batches of another kind on the same prefetcher.
func TestLoaderOfSequences(t *testing.T) {
	type batch struct {
		tokens [][]int
		drawn  []uint64
	}
	l := &Loader[[]int, batch]{
		Set:  Slice[[]int]{{1}, {2, 2}, {3, 3, 3}, {4}, {5}},
		Size: 2, Shuffle: true, Seed: 4, Workers: 3,
		New: func() *batch { return new(batch) },
		Collate: func(b *batch, examples [][]int, index []int, random func(int) *rand.Rand) error {
			b.tokens, b.drawn = append(b.tokens[:0], examples...), b.drawn[:0]
			for i := range index {
				b.drawn = append(b.drawn, random(i).Uint64())
			}
			return nil
		},
	}
	longest, drawn := 0, map[uint64]bool{}
	for b, err := range l.Epoch(0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range b.tokens {
			longest = max(longest, len(s))
			drawn[b.drawn[i]] = true
		}
	}
	if longest != 3 || len(drawn) != 5 {
		t.Errorf("longest sequence %d, %d different draws; want 3 and 5", longest, len(drawn))
	}
}

func TestScaleOf(t *testing.T) {
	s := Slice[Labelled]{
		{Picture: Picture{1, 2, 3, []byte{0, 51, 255, 0, 153, 255}}},
		{Picture: Picture{1, 2, 3, []byte{255, 51, 255, 255, 153, 255}}},
	}
	got, err := ScaleOf(s)
	if err != nil {
		t.Fatal(err)
	}
	want := Scale{Mean: []tensor.Float{0.5, 0.4, 1}, Std: []tensor.Float{0.5, 0.2, 1.0 / 255}}
	close := cmp.Comparer(func(a, b tensor.Float) bool { return math.Abs(float64(a-b)) < 1e-6 })
	if d := cmp.Diff(want, got, close); d != "" {
		t.Errorf("ScaleOf differs (-want +got):\n%s", d)
	}
	x, err := got.Tensor(s[0].Picture, s[1].Picture)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]tensor.Float{-1, -1, 0, -1, 1, 0, 1, -1, 0, 1, 1, 0}, x.Data(), close); d != "" {
		t.Errorf("Tensor differs (-want +got):\n%s", d)
	}
}

func TestPictureAndImage(t *testing.T) {
	grey := Picture{2, 2, 1, []byte{0, 100, 200, 255}}
	colour := Picture{1, 2, 3, []byte{255, 0, 0, 10, 20, 30}}
	for _, p := range []Picture{grey, colour} {
		if d := cmp.Diff(p, FromImage(p.Image(), p.C)); d != "" {
			t.Errorf("there and back, the picture differs (-want +got):\n%s", d)
		}
	}
	if d := cmp.Diff(Picture{1, 2, 1, []byte{76, 18}}, colour.Grey()); d != "" {
		t.Errorf("Grey differs (-want +got):\n%s", d)
	}
	if d := cmp.Diff(colour.Grey(), FromImage(colour.Image(), 1)); d != "" {
		t.Errorf("FromImage in grey is not Grey (-want +got):\n%s", d)
	}
	part := grey.Image().(*image.Gray).SubImage(image.Rect(1, 0, 2, 2))
	if d := cmp.Diff(Picture{2, 1, 1, []byte{100, 255}}, FromImage(part, 1)); d != "" {
		t.Errorf("FromImage of a part differs (-want +got):\n%s", d)
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	if got := FromImage(clear, 3).Pixels; !slices.Equal(got, []byte{255, 255, 255}) {
		t.Errorf("FromImage of what is transparent = %v, want white", got)
	}
}
