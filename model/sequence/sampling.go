package sequence

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// A Reader is a language model that goes through one text, token by token: a *Language or a *GPT.
type Reader interface {
	// Words returns the number of tokens that there are.
	Words() int
	// Read begins a text: the function takes the model past more of its tokens, at least one, and returns the scores (logits) of the
	// next one, which hold until it is called again.
	Read() func(ids []int) []tensor.Float
}

// Sampling says how the next token of a text is drawn by its scores.
type Sampling struct {
	Temperature float64 // by which scores are divided; 0: the likeliest token is taken
	TopK        int     // only so many of the likeliest tokens can come (Fan et al. 2018, https://arxiv.org/abs/1805.04833); 0: all
	TopP        float64 // only the likeliest that have so much probability together (Holtzman et al. 2020, https://arxiv.org/abs/1904.09751); 1: all
	// Repetition makes tokens of the text so far less likely: positive scores are divided by it, negative ones multiplied (Keskar et
	// al. 2019, https://arxiv.org/abs/1909.05858, section 4.1); 1: not at all.
	Repetition float64
}

// Check says what is wrong with the settings.
func (s Sampling) Check() error {
	switch {
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 0):
		return fmt.Errorf("a temperature of %v: it must be 0 or more", s.Temperature)
	case s.TopK < 0:
		return fmt.Errorf("a top_k of %d: it must be 0, for all, or more", s.TopK)
	case !(s.TopP > 0 && s.TopP <= 1):
		return fmt.Errorf("a top_p of %v: it must be in (0, 1]", s.TopP)
	case !(s.Repetition > 0) || math.IsInf(s.Repetition, 0):
		return fmt.Errorf("a repetition of %v: it must be positive; 1 changes nothing", s.Repetition)
	}
	return nil
}

// A Drawn is a token that was drawn, with the probability that it had, after all that Sampling does to it.
type Drawn struct {
	Token       int
	Probability float64
}

// Generate goes on with a text of at least one token, by as many tokens as say takes: it is given each, and says whether to go on.
func Generate(m Reader, prompt []int, s Sampling, r *rand.Rand, say func(Drawn) bool) {
	if len(prompt) == 0 {
		fail("Generate", "there is no token to go on from")
	}
	read, d := m.Read(), &drawing{Sampling: s, seen: map[int]bool{}}
	next := prompt
	for {
		for _, id := range next {
			d.seen[id] = true
		}
		drawn := d.draw(read(next), r)
		if !say(drawn) {
			return
		}
		next = []int{drawn.Token}
	}
}

// A drawing draws the tokens of one text.
type drawing struct {
	Sampling
	seen   map[int]bool
	tokens []Drawn // by score first, then by probability; its memory is used for every token
}

func (d *drawing) draw(scores []tensor.Float, r *rand.Rand) Drawn {
	d.tokens = d.tokens[:0]
	for id, v := range scores {
		score := float64(v)
		if d.seen[id] && d.Repetition != 1 {
			if score > 0 {
				score /= d.Repetition
			} else {
				score *= d.Repetition
			}
		}
		d.tokens = append(d.tokens, Drawn{id, score})
	}
	// The likeliest first, and of two that are as likely the one with the lower number.
	slices.SortStableFunc(d.tokens, func(a, b Drawn) int {
		switch {
		case a.Probability > b.Probability:
			return -1
		case a.Probability < b.Probability:
			return 1
		}
		return 0
	})
	if d.Temperature == 0 {
		return Drawn{d.tokens[0].Token, 1}
	}
	if d.TopK > 0 {
		d.tokens = d.tokens[:min(d.TopK, len(d.tokens))]
	}
	top, total := d.tokens[0].Probability, 0.
	for i := range d.tokens {
		e := math.Exp((d.tokens[i].Probability - top) / d.Temperature)
		d.tokens[i].Probability, total = e, total+e
	}
	if d.TopP < 1 {
		sum, n := 0., 0
		for n < len(d.tokens) && sum < d.TopP*total {
			sum += d.tokens[n].Probability
			n++
		}
		d.tokens, total = d.tokens[:n], sum
	}
	at := r.Float64() * total
	for _, t := range d.tokens {
		if at -= t.Probability; at < 0 {
			return Drawn{t.Token, t.Probability / total}
		}
	}
	last := d.tokens[len(d.tokens)-1] // rounding: total is not to the last bit what was summed
	return Drawn{last.Token, last.Probability / total}
}
