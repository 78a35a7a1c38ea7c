package sequence

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

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

// A MusicDrawing says how the keys of a frame are drawn.
type MusicDrawing struct {
	Temperature float64 // that scores are divided by; at 0 those keys sound that more likely do than not
	Voices      int     // most keys of a frame, of which those of the greatest scores stay; 0: any number
}

// Generate makes up frames that follow an opening of one frame or more, T·keys numbers, and yields them until yield returns false. Keys are
// drawn each for itself, as they were learned: a chord that none of the pieces has leads to others, which a bound on voices mends.
func (m *TCNMusic) Generate(opening []tensor.Float, d MusicDrawing, r *rand.Rand, yield func(frame []tensor.Float) bool) {
	keys := m.Linear.Weight.Dim(0)
	if len(opening) == 0 || len(opening)%keys != 0 {
		fail("TCNMusic", "an opening of %d numbers is not a frame of %d keys or more", len(opening), keys)
	}
	state := m.TCN.Begin(1)
	for frame := opening; ; {
		p := tensor.Inference()
		h := m.TCN.Step(p.Values(frame, 1, len(frame)/keys, keys), state)
		t := h.Dim(1)
		frame = d.draw(m.Linear.Forward(h.Slice(1, t-1, t)).Data(), r)
		p.End()
		if !yield(frame) {
			return
		}
	}
}

// draw draws a frame by the scores of its keys.
func (d MusicDrawing) draw(scores []tensor.Float, r *rand.Rand) []tensor.Float {
	var sounding []int
	for i, s := range scores {
		if d.sounds(float64(s), r) {
			sounding = append(sounding, i)
		}
	}
	if d.Voices > 0 && len(sounding) > d.Voices {
		slices.SortStableFunc(sounding, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		sounding = sounding[:d.Voices]
	}
	frame := make([]tensor.Float, len(scores))
	for _, i := range sounding {
		frame[i] = 1
	}
	return frame
}

// sounds draws whether a key of a score does.
func (d MusicDrawing) sounds(score float64, r *rand.Rand) bool {
	if d.Temperature == 0 {
		return score > 0
	}
	return r.Float64() < 1/(1+math.Exp(-score/d.Temperature))
}
