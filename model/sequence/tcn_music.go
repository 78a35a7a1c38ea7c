package sequence

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// TCNMusic foretells each frame of a piano roll by those before it, every key for itself: section 5.3 of Bai, Kolter and Koltun 2018. Names
// are those of the authors' code.
//
//	x: N×T×keys, 1 for a key that sounds → scores (logits) of the keys in the frame behind each: N×T×keys
type TCNMusic struct {
	TCN    *TCN `nn:"tcn"`
	Linear *nn.Linear
}

// NewTCNMusic returns a network for so many keys, with the other arguments of NewTCN.
func NewTCNMusic(r *rand.Rand, keys int, channels []int, kernel int, dropout tensor.Float) *TCNMusic {
	return &TCNMusic{
		TCN: NewTCN(r, keys, channels, kernel, dropout), Linear: nn.NewLinear(r, channels[len(channels)-1], keys),
	}
}

// Forward returns the scores of the frame behind each of x.
func (m *TCNMusic) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Linear.Forward(m.TCN.Forward(x))
}

// Generate makes up frames that follow an opening of one frame or more, T·keys numbers, and yields them until yield returns false. Each
// key is drawn by its probability, with scores divided by the temperature; at 0 those sound that more likely do than not.
func (m *TCNMusic) Generate(opening []tensor.Float, temperature float64, r *rand.Rand, yield func(frame []tensor.Float) bool) {
	keys := m.Linear.Weight.Dim(0)
	if len(opening) == 0 || len(opening)%keys != 0 {
		fail("TCNMusic", "an opening of %d numbers is not a frame of %d keys or more", len(opening), keys)
	}
	state := m.TCN.Begin(1)
	for frame := opening; ; {
		next := make([]tensor.Float, keys)
		p := tensor.Inference()
		h := m.TCN.Step(p.Values(frame, 1, len(frame)/keys, keys), state)
		t := h.Dim(1)
		scores := m.Linear.Forward(h.Slice(1, t-1, t)).Data()
		for i := range next {
			if sounds(float64(scores[i]), temperature, r) {
				next[i] = 1
			}
		}
		p.End()
		if !yield(next) {
			return
		}
		frame = next
	}
}

// sounds draws whether a key of a score does.
func sounds(score, temperature float64, r *rand.Rand) bool {
	if temperature == 0 {
		return score > 0
	}
	return r.Float64() < 1/(1+math.Exp(-score/temperature))
}
