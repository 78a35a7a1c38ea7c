package nn

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// A TransformerSize says what the layers of a Transformer are like.
type TransformerSize struct {
	Width, Heads, Hidden int          // features of a step, heads of attention, and features between the two linear layers
	Dropout              tensor.Float // of the weights of attention, between the two linear layers, and in front of every sum
	Activation           Func         // between the two linear layers; nil is ReLU, as in the paper
	NormFirst            bool         // normalize what goes into a part, and not its sum with what comes out
	Eps                  tensor.Float // of the normalizations; 0 is 1e-5
}

// A TransformerEncoderLayer is attention of a sequence to itself and two linear layers for every step, both with a residual sum and a
// normalization (Vaswani et al. 2017, section 3.1, https://arxiv.org/abs/1706.03762):
//
//	x ← norm(x + part(x)), or with NormFirst x ← x + part(norm(x)) (Xiong et al. 2020, https://arxiv.org/abs/2002.04745)
//
// It is PyTorch's of the same name.
type TransformerEncoderLayer struct {
	SelfAttn         *MultiHeadAttention
	Linear1, Linear2 *Linear
	Norm1, Norm2     *LayerNorm
	Dropout          Dropout
	Activation       Func
	NormFirst        bool
}

// NewTransformerEncoderLayer returns a layer with PyTorch's initialization.
func NewTransformerEncoderLayer(r *rand.Rand, size TransformerSize) *TransformerEncoderLayer {
	return &TransformerEncoderLayer{
		SelfAttn: size.attention(r),
		Linear1:  NewLinear(r, size.Width, size.Hidden), Linear2: NewLinear(r, size.Hidden, size.Width),
		Norm1: size.norm(), Norm2: size.norm(),
		Dropout: Dropout{size.Dropout}, Activation: size.activation(), NormFirst: size.NormFirst,
	}
}

// Forward makes of x, N×T×E, a sequence of the same shape.
func (l *TransformerEncoderLayer) Forward(x *tensor.Tensor) *tensor.Tensor { return l.Encode(x, nil) }

// Encode is Forward where each sequence has so many steps as lengths say, the others being padding, at which nobody looks; nil is all.
// What is returned in the place of padding means nothing.
func (l *TransformerEncoderLayer) Encode(x *tensor.Tensor, lengths []int) *tensor.Tensor {
	return l.layer(x, func(x *tensor.Tensor) *tensor.Tensor { return l.SelfAttn.Attend(x, x, lengths) })
}

// Step makes of further steps of sequences, N×T×E, what Forward makes of them behind those that were seen before; see
// MultiHeadAttention.Step.
func (l *TransformerEncoderLayer) Step(x *tensor.Tensor, seen *KeysValues) *tensor.Tensor {
	return l.layer(x, func(x *tensor.Tensor) *tensor.Tensor { return l.SelfAttn.Step(x, seen) })
}

func (l *TransformerEncoderLayer) layer(x *tensor.Tensor, attend func(x *tensor.Tensor) *tensor.Tensor) *tensor.Tensor {
	x = sublayer(x, l.Norm1, l.NormFirst, l.Dropout, attend)
	return sublayer(x, l.Norm2, l.NormFirst, l.Dropout, Chain{l.Linear1, l.Activation, l.Dropout, l.Linear2}.Forward)
}

// sublayer is one part of a layer with its residual sum and its normalization.
func sublayer(x *tensor.Tensor, norm *LayerNorm, first bool, dropout Dropout, part func(x *tensor.Tensor) *tensor.Tensor) *tensor.Tensor {
	if first {
		return x.Add(dropout.Forward(part(norm.Forward(x))))
	}
	return norm.Forward(x.Add(dropout.Forward(part(x))))
}

// A TransformerDecoderLayer is causal attention of a sequence to itself, attention to the memory that an encoder made of another one,
// and two linear layers for every step, each with a residual sum and a normalization as in TransformerEncoderLayer. It is PyTorch's of
// the same name.
type TransformerDecoderLayer struct {
	SelfAttn            *MultiHeadAttention
	MultiheadAttn       *MultiHeadAttention // to the memory
	Linear1, Linear2    *Linear
	Norm1, Norm2, Norm3 *LayerNorm
	Dropout             Dropout
	Activation          Func
	NormFirst           bool
}

// NewTransformerDecoderLayer returns a layer with PyTorch's initialization.
func NewTransformerDecoderLayer(r *rand.Rand, size TransformerSize) *TransformerDecoderLayer {
	l := &TransformerDecoderLayer{
		SelfAttn: size.attention(r), MultiheadAttn: size.attention(r),
		Linear1: NewLinear(r, size.Width, size.Hidden), Linear2: NewLinear(r, size.Hidden, size.Width),
		Norm1: size.norm(), Norm2: size.norm(), Norm3: size.norm(),
		Dropout: Dropout{size.Dropout}, Activation: size.activation(), NormFirst: size.NormFirst,
	}
	l.SelfAttn.Causal = true
	return l
}

// Decode makes of x, N×T×E, a sequence of the same shape, looking at memory, N×S×E, of which each sequence has so many steps as lengths
// say; nil is all. Steps of x are not hidden from those behind them, so that padding of x belongs at its end.
func (l *TransformerDecoderLayer) Decode(x, memory *tensor.Tensor, lengths []int) *tensor.Tensor {
	return l.layer(x, l.SelfAttn.Forward, func(x *tensor.Tensor) *tensor.Tensor { return l.MultiheadAttn.Attend(x, memory, lengths) })
}

// Step makes of further steps of sequences, N×T×E, what Decode makes of them behind those that were seen before.
func (l *TransformerDecoderLayer) Step(x *tensor.Tensor, seen, memory *KeysValues) *tensor.Tensor {
	place := seen.Len
	return l.layer(x, func(x *tensor.Tensor) *tensor.Tensor { return l.SelfAttn.Step(x, seen) },
		func(x *tensor.Tensor) *tensor.Tensor { return l.MultiheadAttn.Recall(x, place, memory) })
}

func (l *TransformerDecoderLayer) layer(x *tensor.Tensor, self, cross func(x *tensor.Tensor) *tensor.Tensor) *tensor.Tensor {
	x = sublayer(x, l.Norm1, l.NormFirst, l.Dropout, self)
	x = sublayer(x, l.Norm2, l.NormFirst, l.Dropout, cross)
	return sublayer(x, l.Norm3, l.NormFirst, l.Dropout, Chain{l.Linear1, l.Activation, l.Dropout, l.Linear2}.Forward)
}

// A TransformerEncoder is a stack of layers. With causal layers it is the decoder-only network of language models.
type TransformerEncoder struct {
	Layers []*TransformerEncoderLayer
	Norm   *LayerNorm // behind the last layer; may be nil
}

// NewTransformerEncoder returns a stack of so many layers and a normalization behind them.
func NewTransformerEncoder(r *rand.Rand, size TransformerSize, layers int) *TransformerEncoder {
	m := &TransformerEncoder{Norm: size.norm()}
	for range layers {
		m.Layers = append(m.Layers, NewTransformerEncoderLayer(r, size))
	}
	return m
}

// Causal lets a step see itself and those before it only, in every layer, and returns m.
func (m *TransformerEncoder) Causal() *TransformerEncoder {
	for _, l := range m.Layers {
		l.SelfAttn.Causal = true
	}
	return m
}

// Forward makes of x, N×T×E, a sequence of the same shape.
func (m *TransformerEncoder) Forward(x *tensor.Tensor) *tensor.Tensor { return m.Encode(x, nil) }

// Encode is Forward where each sequence has so many steps as lengths say, see TransformerEncoderLayer.
func (m *TransformerEncoder) Encode(x *tensor.Tensor, lengths []int) *tensor.Tensor {
	return m.stack(x, func(i int, x *tensor.Tensor) *tensor.Tensor { return m.Layers[i].Encode(x, lengths) })
}

// Begin returns what each of the causal layers sees in front of the first step of n sequences: nothing, with room for so many steps.
func (m *TransformerEncoder) Begin(n, steps int) []*KeysValues {
	seen := make([]*KeysValues, len(m.Layers))
	for i, l := range m.Layers {
		seen[i] = l.SelfAttn.Begin(n, steps)
	}
	return seen
}

// Step makes of further steps of sequences, N×T×E, what Forward makes of them behind those that were seen before.
func (m *TransformerEncoder) Step(x *tensor.Tensor, seen []*KeysValues) *tensor.Tensor {
	return m.stack(x, func(i int, x *tensor.Tensor) *tensor.Tensor { return m.Layers[i].Step(x, seen[i]) })
}

func (m *TransformerEncoder) stack(x *tensor.Tensor, layer func(i int, x *tensor.Tensor) *tensor.Tensor) *tensor.Tensor {
	return normalized(m.Norm, x.Pass().Sequence(x, len(m.Layers), layer))
}

// A TransformerDecoder is a stack of layers that look at the memory that an encoder has made.
type TransformerDecoder struct {
	Layers []*TransformerDecoderLayer
	Norm   *LayerNorm // behind the last layer; may be nil
}

// NewTransformerDecoder returns a stack of so many layers and a normalization behind them.
func NewTransformerDecoder(r *rand.Rand, size TransformerSize, layers int) *TransformerDecoder {
	m := &TransformerDecoder{Norm: size.norm()}
	for range layers {
		m.Layers = append(m.Layers, NewTransformerDecoderLayer(r, size))
	}
	return m
}

// Decode makes of x, N×T×E, a sequence of the same shape, looking at memory, N×S×E, see TransformerDecoderLayer.
func (m *TransformerDecoder) Decode(x, memory *tensor.Tensor, lengths []int) *tensor.Tensor {
	return m.stack(x, func(i int, x *tensor.Tensor) *tensor.Tensor { return m.Layers[i].Decode(x, memory, lengths) })
}

// A DecoderState is what a decoder has seen of its own sequences and of the memory, layer by layer.
type DecoderState struct{ Seen, Memory []*KeysValues }

// Begin returns the state in front of the first step, with room for so many, for sequences that look at memory, N×S×E; see Decode.
func (m *TransformerDecoder) Begin(memory *tensor.Tensor, lengths []int, steps int) DecoderState {
	var s DecoderState
	for _, l := range m.Layers {
		s.Seen = append(s.Seen, l.SelfAttn.Begin(memory.Dim(0), steps))
		s.Memory = append(s.Memory, l.MultiheadAttn.Memory(memory, lengths))
	}
	return s
}

// Step makes of further steps of sequences, N×T×E, what Decode makes of them behind those that were seen before.
func (m *TransformerDecoder) Step(x *tensor.Tensor, s DecoderState) *tensor.Tensor {
	return m.stack(x, func(i int, x *tensor.Tensor) *tensor.Tensor { return m.Layers[i].Step(x, s.Seen[i], s.Memory[i]) })
}

func (m *TransformerDecoder) stack(x *tensor.Tensor, layer func(i int, x *tensor.Tensor) *tensor.Tensor) *tensor.Tensor {
	return normalized(m.Norm, x.Pass().Sequence(x, len(m.Layers), layer))
}

func normalized(norm *LayerNorm, x *tensor.Tensor) *tensor.Tensor {
	if norm == nil {
		return x
	}
	return norm.Forward(x)
}

// A Transformer is an encoder of one sequence and a decoder of another, which looks at what the first has made (Vaswani et al. 2017).
// It is PyTorch's of the same name: embeddings, positions and scores are left to the model.
type Transformer struct {
	Encoder *TransformerEncoder
	Decoder *TransformerDecoder
}

// NewTransformer returns so many layers of both with PyTorch's initialization: Xavier's for all weights.
func NewTransformer(r *rand.Rand, size TransformerSize, encoder, decoder int) *Transformer {
	m := &Transformer{NewTransformerEncoder(r, size, encoder), NewTransformerDecoder(r, size, decoder)}
	Apply(m, func(w *tensor.Tensor) { XavierUniform(r, w, 1) })
	return m
}

// Transform makes of the target, N×T×E, a sequence of the same shape, looking at the source, N×S×E, of which each sequence has so many
// steps as lengths say; nil is all.
func (m *Transformer) Transform(source, target *tensor.Tensor, lengths []int) *tensor.Tensor {
	return m.Decoder.Decode(target, m.Encoder.Encode(source, lengths), lengths)
}

func (s TransformerSize) attention(r *rand.Rand) *MultiHeadAttention {
	l := NewMultiHeadAttention(r, s.Width, s.Heads)
	l.Dropout = s.Dropout
	return l
}

func (s TransformerSize) norm() *LayerNorm {
	l := NewLayerNorm(s.Width)
	if s.Eps > 0 {
		l.Eps = s.Eps
	}
	return l
}

func (s TransformerSize) activation() Func {
	if s.Activation == nil {
		return ReLU
	}
	return s.Activation
}
