package data

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// Batches cuts a set of labelled pictures in batches for a network. The same fields give the same batches, for any number of
// workers.
type Batches struct {
	Set       Set[Labelled]
	Size      int       // examples a batch; the last batch of an epoch may be smaller
	Shuffle   bool      // a new order every epoch, drawn from Seed and the epoch's number
	Seed      uint64    // of the order, the transform and the mixing
	DropLast  bool      // leave out a last batch that is smaller than Size
	Transform Transform // of every example, drawn from Seed, the epoch and the example's number; nil: none
	Mix       Mixer     // of every example with the next one of its batch, the last with the first; nil: none
	Scale     Scale     // of the pixels
	Workers   int       // goroutines that make batches; 0 is half the cores
}

// A Batch is what a network trains on in one step. It is valid until the next one is asked for; its memory is used again.
type Batch struct {
	Images *tensor.Tensor // N×H×W×C, on the heap
	Labels []int          // N
	Index  []int          // N: the examples' numbers in the set

	// Where pictures are mixed of two, Labels has the label of the greater part, which is Share of the whole, and Others that of the
	// rest. Without a Mixer both are empty.
	Others []int
	Share  []float64

	sample Sample
	seeds  []uint64 // of the mixing
	first  []tensor.Float
	pcg    rand.PCG
	random *rand.Rand // from pcg
}

// A Batcher makes the batches of a training, epoch by epoch: Batches, or what gives other numbers in place of pictures.
type Batcher interface {
	Len() int                                       // batches in an epoch
	Epoch(epoch, skip int) iter.Seq2[*Batch, error] // those of one, from number skip on
}

// Len returns the number of batches in an epoch.
func (b *Batches) Len() int { return b.loader().Len() }

// Epoch returns the batches of the epoch with this number, from the batch number skip on, so that a run that stopped in the
// middle of an epoch goes on where it was. After an error, which names the example, there are no more batches. Leaving the loop
// early stops the goroutines that make batches.
func (b *Batches) Epoch(epoch, skip int) iter.Seq2[*Batch, error] {
	return b.loader().Epoch(epoch, skip)
}

func (b *Batches) loader() *Loader[Labelled, Batch] {
	table := b.Scale.table()
	return &Loader[Labelled, Batch]{
		Set: b.Set, Size: b.Size, Shuffle: b.Shuffle, Seed: b.Seed, DropLast: b.DropLast, Workers: b.Workers,
		New: func() *Batch { return new(Batch) },
		Collate: func(to *Batch, examples []Labelled, index []int, random func(int) *rand.Rand) error {
			return to.fill(examples, index, random, b.Transform, b.Mix, table)
		},
	}
}

func (b *Batch) fill(examples []Labelled, index []int, random func(int) *rand.Rand, t Transform, m Mixer, table scaleTable) error {
	b.Labels, b.Index, b.seeds = b.Labels[:0], append(b.Index[:0], index...), b.seeds[:0]
	var h, w, c int
	var images []tensor.Float
	for i, e := range examples {
		p := e.Picture
		if err := p.check(); err != nil {
			return ofExample(index[i], err)
		}
		if t != nil || m != nil {
			r := random(i)
			if t != nil {
				b.sample.Picture = p
				t.Apply(r, &b.sample)
				p = b.sample.Picture
			}
			if m != nil {
				b.seeds = append(b.seeds, r.Uint64())
			}
		}
		if i == 0 {
			h, w, c = p.H, p.W, p.C
			b.shape(len(examples), h, w, c)
			images = b.Images.Edit()
		}
		if p.H != h || p.W != w || p.C != c {
			return fmt.Errorf("example %d is %d×%d×%d, but example %d of the same batch is %d×%d×%d: pictures of different sizes "+
				"need a transform that resizes them", index[i], p.H, p.W, p.C, index[0], h, w, c)
		}
		if err := table.apply(images[i*h*w*c:(i+1)*h*w*c], p); err != nil {
			return ofExample(index[i], err)
		}
		b.Labels = append(b.Labels, e.Label)
	}
	if m != nil {
		b.mix(m)
	}
	return nil
}

// mix mixes every picture with the next one, the last with the first as that was.
func (b *Batch) mix(m Mixer) {
	n, h, w, c := len(b.Labels), b.Images.Dim(1), b.Images.Dim(2), b.Images.Dim(3)
	images, size := b.Images.Edit(), h*w*c
	b.first = append(b.first[:0], images[:size]...)
	b.Share = b.Share[:0]
	b.Others = append(append(b.Others[:0], b.Labels[1:]...), b.Labels[0])
	if b.random == nil {
		b.random = rand.New(&b.pcg)
	}
	for i := range n {
		b.pcg.Seed(b.seeds[i], streamMix)
		other := b.first
		if i < n-1 {
			other = images[(i+1)*size : (i+2)*size]
		}
		share := m.Mix(b.random, h, w, c, images[i*size:(i+1)*size], other)
		if share < .5 {
			b.Labels[i], b.Others[i], share = b.Others[i], b.Labels[i], 1-share
		}
		b.Share = append(b.Share, share)
	}
}

// Targets returns the labels as distributions over classes, N×classes, on the heap.
func (b *Batch) Targets(classes int) *tensor.Tensor {
	t := tensor.New(len(b.Labels), classes)
	d := t.Edit()
	for i, label := range b.Labels {
		if len(b.Share) == 0 {
			d[i*classes+label] = 1
			continue
		}
		d[i*classes+label] += tensor.Float(b.Share[i])
		d[i*classes+b.Others[i]] += tensor.Float(1 - b.Share[i])
	}
	return t
}

// Caption returns the label of example i in words: "cat", or "cat 0.7 dog 0.3" where it is mixed.
func (b *Batch) Caption(i int, classes []string) string {
	label := classes[b.Labels[i]]
	if len(b.Share) == 0 || b.Labels[i] == b.Others[i] || b.Share[i] > .95 {
		return label
	}
	return fmt.Sprintf("%s %.1f %s %.1f", label, b.Share[i], classes[b.Others[i]], 1-b.Share[i])
}

// shape makes Images a tensor of this shape, the same one if it can be.
func (b *Batch) shape(n, h, w, c int) {
	t := b.Images
	if t == nil || t.Dim(0) != n || t.Dim(1) != h || t.Dim(2) != w || t.Dim(3) != c {
		b.Images = tensor.New(n, h, w, c)
	}
}

// A Scale makes the pixel x of 0 to 255 the number (x/255 − Mean)/Std, with one Mean and one Std a channel. Nil is 0 and 1.
type Scale struct {
	Mean, Std []tensor.Float
}

// ScaleOf returns the scale that gives the pixels of a set mean 0 and standard deviation 1 in each channel.
func ScaleOf(s Set[Labelled]) (Scale, error) {
	var count [3][256]int
	channels := 0
	for i := range s.Len() {
		e, err := s.At(i)
		if err == nil {
			err = e.Picture.check()
		}
		if err == nil && i > 0 && e.Picture.C != channels {
			err = fmt.Errorf("%d channels, the examples before have %d", e.Picture.C, channels)
		}
		if err != nil {
			return Scale{}, ofExample(i, err)
		}
		channels = e.Picture.C
		for k, x := range e.Picture.Pixels {
			count[k%channels][x]++
		}
	}
	var scale Scale
	for _, count := range count[:channels] {
		var n, sum, squares float64
		for x, k := range count {
			v := float64(x) / 255
			n, sum, squares = n+float64(k), sum+float64(k)*v, squares+float64(k)*v*v
		}
		mean := sum / n
		scale.Mean = append(scale.Mean, tensor.Float(mean))
		scale.Std = append(scale.Std, tensor.Float(max(math.Sqrt(max(squares/n-mean*mean, 0)), 1.0/255)))
	}
	return scale, nil
}

// Tensor returns pictures of one shape as N×H×W×C on the heap.
func (s Scale) Tensor(pictures ...Picture) (*tensor.Tensor, error) {
	examples, index := make([]Labelled, len(pictures)), natural(len(pictures))
	for i, p := range pictures {
		examples[i].Picture = p
	}
	var b Batch
	if err := b.fill(examples, index, nil, nil, nil, s.table()); err != nil {
		return nil, err
	}
	return b.Images, nil
}

// Pictures turns a batch, N×H×W×C, back into pictures: what the network sees, to look at.
func (s Scale) Pictures(x *tensor.Tensor) []Picture {
	n, h, w, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	pictures := make([]Picture, n)
	for i := range pictures {
		p := NewPicture(h, w, c)
		for j, v := range x.Data()[i*len(p.Pixels) : (i+1)*len(p.Pixels)] {
			if s.Std != nil {
				v *= s.Std[j%c]
			}
			if s.Mean != nil {
				v += s.Mean[j%c]
			}
			p.Pixels[j] = byte(math.Round(255 * float64(min(1, max(0, v)))))
		}
		pictures[i] = p
	}
	return pictures
}

// A scaleTable holds the number of every value of a pixel, for each channel that has its own; one entry serves all channels.
type scaleTable [][256]tensor.Float

func (s Scale) table() scaleTable {
	n := max(len(s.Mean), len(s.Std), 1)
	if len(s.Mean) > 0 && len(s.Mean) != n || len(s.Std) > 0 && len(s.Std) != n {
		panic(fmt.Sprintf("data: Scale: %d means with %d standard deviations", len(s.Mean), len(s.Std)))
	}
	table := make(scaleTable, n)
	for c := range table {
		mean, std := tensor.Float(0), tensor.Float(1)
		if len(s.Mean) > 0 {
			mean = s.Mean[c]
		}
		if len(s.Std) > 0 {
			std = s.Std[c]
		}
		if !(std > 0) {
			panic(fmt.Sprintf("data: Scale: the standard deviation of channel %d is %v", c, std))
		}
		for x := range table[c] {
			table[c][x] = (tensor.Float(x)/255 - mean) / std
		}
	}
	return table
}

func (t scaleTable) apply(to []tensor.Float, p Picture) error {
	if len(t) == 1 {
		for i, x := range p.Pixels {
			to[i] = t[0][x]
		}
		return nil
	}
	if p.C != len(t) {
		return fmt.Errorf("a picture with %d channels, but a scale for %d", p.C, len(t))
	}
	for i := 0; i < len(to); i += 3 {
		to[i], to[i+1], to[i+2] = t[0][p.Pixels[i]], t[1][p.Pixels[i+1]], t[2][p.Pixels[i+2]]
	}
	return nil
}
