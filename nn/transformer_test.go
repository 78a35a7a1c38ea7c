package nn

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/tensor"
)

// A sequenceLayer is a layer or a stack as the fixtures run it. Memory is a parameter, whose second sequence is shorter than the first.
type sequenceLayer struct {
	Attention *MultiHeadAttention
	Layer     any
	Memory    *tensor.Tensor

	run func(x, memory *tensor.Tensor) *tensor.Tensor
}

func (l sequenceLayer) Forward(x *tensor.Tensor) *tensor.Tensor {
	if l.Memory == nil {
		return l.run(x, nil)
	}
	return l.run(x, x.Pass().Use(l.Memory))
}

var shorter = []int{4, 2}

func attentionOf(features int, rotary *tensor.Rotary) sequenceLayer {
	l := causal(NewMultiHeadAttention(source(), features, 2))
	l.Rotary = rotary
	return sequenceLayer{Attention: l, run: func(x, _ *tensor.Tensor) *tensor.Tensor { return l.Forward(x) }}
}

func paddedAttention() sequenceLayer {
	l := attentionOf(6, nil)
	l.run = func(x, _ *tensor.Tensor) *tensor.Tensor { return l.Attention.Attend(x, x, shorter) }
	return l
}

func small(first bool) TransformerSize {
	s := TransformerSize{Width: 6, Heads: 2, Hidden: 8}
	if first {
		s.NormFirst, s.Activation = true, GELU
	}
	return s
}

func encoderLayer(first bool) sequenceLayer {
	l := NewTransformerEncoderLayer(source(), small(first))
	l.SelfAttn.Causal = first
	return sequenceLayer{Layer: l, run: func(x, _ *tensor.Tensor) *tensor.Tensor { return l.Encode(x, shorter) }}
}

func decoderLayer(first bool) sequenceLayer {
	l := NewTransformerDecoderLayer(source(), small(first))
	return sequenceLayer{Layer: l, Memory: tensor.Param(2, 4, 6), run: func(x, memory *tensor.Tensor) *tensor.Tensor {
		return l.Decode(x, memory, shorter)
	}}
}

func encoderStack() sequenceLayer {
	m := NewTransformerEncoder(source(), small(true), 2)
	return sequenceLayer{Layer: m, run: func(x, _ *tensor.Tensor) *tensor.Tensor { return m.Encode(x, shorter) }}
}

func transformer() sequenceLayer {
	m := NewTransformer(source(), small(false), 1, 2)
	return sequenceLayer{Layer: m, Memory: tensor.Param(2, 4, 6), run: func(x, memory *tensor.Tensor) *tensor.Tensor {
		return m.Transform(memory, x, shorter)
	}}
}

func TestTransformersAgainstTorch(t *testing.T) {
	f := fixture.Open(t, "transformers.safetensors")
	for name, layer := range map[string]sequenceLayer{
		"attention_padded":        paddedAttention(),
		"attention_rotary":        attentionOf(8, &tensor.Rotary{}),
		"attention_rotary_halves": attentionOf(8, &tensor.Rotary{Halves: true}),
		"encoder_layer":           encoderLayer(false),
		"encoder_layer_first":     encoderLayer(true),
		"decoder_layer":           decoderLayer(false),
		"decoder_layer_first":     decoderLayer(true),
		"encoder":                 encoderStack(),
		"transformer":             transformer(),
	} {
		t.Run(name, func(t *testing.T) { torchCase{t, f, name}.layer(layer) })
	}
	p := tensor.Inference()
	defer p.End()
	got := SinusoidalPositions{}.AddAt(p.Zeros(1, 3, 6), 4)
	fixture.Close(t, "sinusoidal", got.Data(), f.Tensor(t, "sinusoidal/y").Data()[4*6:], tolerance)
}

// The weights of attention are those that PyTorch returns.
func TestAttentionWeightsAgainstTorch(t *testing.T) {
	c := torchCase{t, fixture.Open(t, "transformers.safetensors"), "attention_padded"}
	l := paddedAttention()
	c.load(l)
	p := tensor.Inference()
	defer p.End()
	x := p.Input(c.tensor("x"))
	c.close("weights", l.Attention.Weights(x, x, shorter))
}

// deviates returns the greatest difference of two tensors of the same shape.
func deviates(t *testing.T, a, b *tensor.Tensor) (d tensor.Float) {
	t.Helper()
	if !slices.Equal(a.Shape(), b.Shape()) {
		t.Fatalf("shapes %v and %v differ", a.Shape(), b.Shape())
	}
	for i, v := range a.Data() {
		d = max(d, v-b.Data()[i], b.Data()[i]-v)
	}
	return d
}

// Steps with what was seen before give what the whole sequence gives, however the steps are cut.
func TestStepsAreTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n, steps, room = 3, 11, 13
	size := TransformerSize{Width: 16, Heads: 4, Hidden: 20, Activation: GELU, NormFirst: true, Dropout: .5}
	encoder := NewTransformerEncoder(r, size, 2).Causal()
	rotated := NewTransformerEncoder(r, size, 2).Causal()
	for i, l := range rotated.Layers {
		l.SelfAttn.Rotary = &tensor.Rotary{Halves: i == 0}
	}
	decoder := NewTransformerDecoder(r, size, 2)
	for _, l := range decoder.Layers {
		l.MultiheadAttn.Rotary = &tensor.Rotary{}
	}
	x, memory, lengths := tensor.New(n, steps, 16), tensor.New(n, 5, 16), []int{5, 1, 3}
	Normal(r, x, 0, 1)
	Normal(r, memory, 0, 1)
	for _, cuts := range [][]int{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {5, 6, 11}, {11}} {
		seen, turned := encoder.Begin(n, room), rotated.Begin(n, room)
		p := tensor.Inference()
		state := decoder.Begin(p.Input(memory), lengths, room)
		p.End()
		from := 0
		for _, to := range cuts {
			p := tensor.Inference()
			all, part := p.Input(x), p.Input(x).Slice(1, from, to)
			for name, pair := range map[string][2]*tensor.Tensor{
				"encoder": {encoder.Forward(all), encoder.Step(part, seen)},
				"rotary":  {rotated.Forward(all), rotated.Step(part, turned)},
				"decoder": {decoder.Decode(all, p.Input(memory), lengths), decoder.Step(part, state)},
			} {
				if d := deviates(t, pair[0].Slice(1, from, to), pair[1]); d > 1e-5 {
					t.Errorf("%s, steps %d to %d of %v: %v away from the whole", name, from, to, cuts, d)
				}
			}
			p.End()
			from = to
		}
		if seen[0].Len != steps {
			t.Errorf("%d steps are seen, want %d", seen[0].Len, steps)
		}
	}
}

// What stands in the place of padding changes neither a value nor a gradient.
func TestPaddingDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	size := TransformerSize{Width: 8, Heads: 2, Hidden: 12}
	m := NewTransformer(r, size, 2, 2)
	for _, l := range m.Decoder.Layers {
		l.SelfAttn.Rotary, l.MultiheadAttn.Rotary = &tensor.Rotary{}, &tensor.Rotary{}
	}
	params := Params(m)
	source, target, lengths := tensor.New(2, 6, 8), tensor.New(2, 4, 8), []int{4, 1}
	Normal(r, source, 0, 1)
	Normal(r, target, 0, 1)
	run := func(source *tensor.Tensor, lengths []int) (all [][]tensor.Float) {
		p := tensor.Training(nil)
		defer p.End()
		y := m.Transform(p.Input(source), p.Input(target), lengths)
		for _, g := range append(tensor.Grad(y.Mul(upstream(y)).Sum(), params...), y) {
			all = append(all, slices.Clone(g.Data()))
		}
		return all
	}
	want := run(source, lengths)
	for n, length := range lengths {
		for i := (n*6 + length) * 8; i < (n+1)*6*8; i++ {
			source.Edit()[i] = 1e4 * tensor.Float(r.NormFloat64())
		}
	}
	for i, got := range run(source, lengths) {
		if !slices.Equal(got, want[i]) {
			t.Errorf("result %d depends on padding", i)
		}
	}
	// Less padding is the same too, to rounding.
	p := tensor.Inference()
	defer p.End()
	for i, got := range run(p.Input(source).Slice(1, 0, 4), lengths) {
		fixture.Close(t, "with less padding", got, want[i], 1e-5)
	}
}

// Dropping weights of attention leaves their mean as it is, and nothing is dropped in inference.
func TestAttentionDropout(t *testing.T) {
	l := NewMultiHeadAttention(source(), 8, 2)
	l.Dropout = .5
	x := tensor.New(1, 6, 8)
	Normal(source(), x, 0, 1)
	run := func(p *tensor.Pass) *tensor.Tensor {
		defer p.End()
		return l.Forward(p.Input(x)).Clone()
	}
	whole, sum := run(tensor.Inference()), tensor.New(1, 6, 8)
	const times = 4000
	random := source()
	for range times {
		sum.AddScaled(run(tensor.Training(random)), 1./times)
	}
	if d := deviates(t, whole, sum); d > .03 {
		t.Errorf("the mean with dropout is %v away from what attention is without", d)
	}
	if d := deviates(t, whole, run(tensor.Training(random))); d < .03 {
		t.Errorf("nothing is dropped: the difference is %v", d)
	}
}

func TestSequencesMustFit(t *testing.T) {
	p := tensor.Inference()
	defer p.End()
	l := causal(NewMultiHeadAttention(source(), 4, 2))
	full := l.Begin(1, 2)
	l.Step(p.Zeros(1, 2, 4), full)
	for want, f := range map[string]func(){
		"nn: MultiHeadAttention: shape [1 0 4] is not N×T×E with at least one step of 4 features": func() { l.Forward(p.Zeros(1, 0, 4)) },
		"nn: MultiHeadAttention: shape [1 2 3] is not N×T×E":                                      func() { l.Forward(p.Zeros(1, 2, 3)) },
		"nn: MultiHeadAttention: only causal attention": func() {
			NewMultiHeadAttention(source(), 4, 2).Step(p.Zeros(1, 1, 4), l.Begin(1, 2))
		},
		"nn: KeysValues: 1 more steps of 1 sequences do not fit behind 2, in the room for 2 of 1": func() { l.Step(p.Zeros(1, 1, 4), full) },
		"nn: LearnedPositions: a sequence of 5 steps is longer than the 4 places": func() {
			NewLearnedPositions(source(), 4, 2).AddAt(p.Zeros(1, 2, 2), 3)
		},
		"nn: SinusoidalPositions: shape [2 0 3] is not N×T×F with at least one step": func() { SinusoidalPositions{}.AddAt(p.Zeros(2, 0, 3), 0) },
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.HasPrefix(got, want) {
					t.Errorf("it panics with %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

// A folded layer computes the same.
func TestFold(t *testing.T) {
	l := NewWeightNorm(NewConv1D(source(), 3, 4, 2, tensor.Conv{}))
	Normal(source(), l.G, 1, .5)
	x := tensor.New(2, 5, 3)
	Normal(source(), x, 0, 1)
	p := tensor.Inference()
	defer p.End()
	if d := deviates(t, l.Forward(p.Input(x)), l.Fold().Forward(p.Input(x))); d > 1e-6 {
		t.Errorf("a folded layer is %v away", d)
	}
}

// Any number of threads gives the same bits, and a training step makes no garbage that grows with the sequence.
func TestTransformerThreadsAndGarbage(t *testing.T) {
	m := NewTransformer(source(), TransformerSize{Width: 24, Heads: 3, Hidden: 40, Dropout: .2}, 2, 2)
	for _, l := range m.Decoder.Layers {
		l.SelfAttn.Rotary = &tensor.Rotary{}
	}
	params := Params(m)
	step := func(n, steps int) (results [][]tensor.Float) {
		x := tensor.New(n, steps, 24)
		Normal(source(), x, 0, 1)
		p := tensor.Training(source())
		defer p.End()
		y := m.Transform(p.Input(x), p.Input(x), nil)
		for _, g := range append(tensor.Grad(y.Square().Sum(), params...), y) {
			results = append(results, slices.Clone(g.Data()))
		}
		return results
	}
	defer tensor.SetThreads(tensor.Threads())
	tensor.SetThreads(1)
	want := step(3, 70)
	tensor.SetThreads(2)
	for i, got := range step(3, 70) {
		if !slices.Equal(got, want[i]) {
			t.Errorf("result %d differs between one thread and two", i)
		}
	}
	allocations := func(steps int) float64 {
		x := tensor.New(2, steps, 24)
		return testing.AllocsPerRun(5, func() {
			p := tensor.Inference()
			m.Transform(p.Input(x), p.Input(x), nil)
			p.End()
		})
	}
	if short, long := allocations(2), allocations(60); long > short+4 {
		t.Errorf("two steps allocate %v times, sixty %v times", short, long)
	}
}
