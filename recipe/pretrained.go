package recipe

import (
	"context"
	"image"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/model/pretrained"
)

// Pretrained returns a classifier that others have trained, for Apply and Network. Its weights are fetched if need be. The error is that
// of pretrained.Network.Load.
func Pretrained(ctx context.Context, n pretrained.Network, o source.Options) (*Classifier, error) {
	net, err := n.Load(ctx, o)
	if err != nil {
		return nil, err
	}
	in := n.Input
	return &Classifier{classification: classification{
		net:    net,
		card:   card{Shape: [3]int{in.Side, in.Side, 3}, Mean: in.Scale.Mean, Std: in.Scale.Std, Classes: n.Source().Classes},
		intake: intake{form: func(img image.Image, _ [3]int) (data.Picture, error) { return in.Picture(img), nil }},
	}}, nil
}
