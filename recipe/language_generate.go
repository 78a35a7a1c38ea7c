package recipe

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/train"
)

// TextSettings are the settings by which text is made.
type TextSettings struct {
	Length      int     `yaml:"length" help:"tokens that are made"`
	Temperature float64 `yaml:"temperature" help:"below 1 likely tokens become likelier, above 1 less; 0 takes the likeliest"`
	TopK        int     `yaml:"top_k" help:"only so many of the likeliest tokens can come; 0 is all"`
	TopP        float64 `yaml:"top_p" help:"only the likeliest tokens that have so much probability together can come; 1 is all"`
	Repetition  float64 `yaml:"repetition" help:"above 1 tokens that were there before become less likely"`
}

func usualText() TextSettings {
	return TextSettings{Length: 500, Temperature: .8, TopP: 1, Repetition: 1}
}

// Generation implements Generator.
func (l *Language) Generation(run *train.Run) (Generation, error) {
	if err := l.load(run); err != nil {
		return nil, err
	}
	return &textGeneration{TextSettings: usualText(), tokenizer: l.tokenizer, net: l.net, prompt: l.card.Network.Prompt}, nil
}

// A textGeneration goes on with texts.
type textGeneration struct {
	TextSettings
	tokenizer *text.Tokenizer
	net       sequence.Reader
	prompt    string
}

// Settings implements Generation.
func (g *textGeneration) Settings() any { return &g.TextSettings }

// Make implements Generation.
func (g *textGeneration) Make(ctx context.Context, o Order) error {
	s := sequence.Sampling{Temperature: g.Temperature, TopK: g.TopK, TopP: g.TopP, Repetition: g.Repetition}
	if err := firstBroken([]rule{
		{g.Length >= 0, "length", g.Length, "it must not be negative"},
		{s.Temperature >= 0, "temperature", g.Temperature, "it must be 0 or more"},
		{s.TopK >= 0, "top_k", g.TopK, "it must be 0, for all tokens, or more"},
		{s.TopP > 0 && s.TopP <= 1, "top_p", g.TopP, "it must be in (0, 1]"},
		{s.Repetition > 0, "repetition", g.Repetition, "it must be positive; 1 changes nothing"},
	}); err != nil {
		return err
	}
	prompt := cmp.Or(o.Prompt, g.prompt)
	ids, err := begin(g.tokenizer, prompt)
	if err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	for item := range o.N {
		if err := g.goOn(ctx, o, item, ids, s); err != nil {
			return err
		}
	}
	return nil
}

// goOn makes one text.
func (g *textGeneration) goOn(ctx context.Context, o Order, item int, prompt []int, s sequence.Sampling) error {
	all := append([]int(nil), prompt...)
	said, err := g.tokenizer.DecodeAll(all)
	if err == nil {
		err = o.Say(Piece{Item: item, Text: said})
	}
	if g.Length == 0 || err != nil {
		return err
	}
	sequence.Generate(g.net, prompt, s, o.Random, func(d sequence.Drawn) bool {
		if err = ctx.Err(); err != nil {
			return false
		}
		all = append(all, d.Token)
		piece := Piece{Item: item, Token: g.tokenizer.Token(d.Token), Probability: d.Probability}
		var whole string
		if whole, err = g.tokenizer.DecodeAll(all); err != nil {
			return false
		}
		// A token may be a part of a character, which is said when it is there.
		if more, ok := strings.CutPrefix(whole, said); ok && utf8.ValidString(more) && !strings.HasSuffix(more, "\uFFFD") {
			piece.Text, said = more, whole
		}
		if err = o.Say(piece); err != nil {
			return false
		}
		return len(all) < len(prompt)+g.Length
	})
	return err
}
