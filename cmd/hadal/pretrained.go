package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/internal/near"
	"github.com/hadal-go/hadal/model/pretrained"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

// pretrainedNamed returns a network that others have trained; a run of its name comes before it.
func pretrainedNamed(name string) (pretrained.Network, bool) {
	n, err := pretrained.ByName(name)
	if err != nil {
		return n, false
	}
	_, err = train.Open(name)
	return n, err != nil
}

// classifier loads a network that others have trained.
func (a *app) classifier(ctx context.Context, n pretrained.Network) (*recipe.Classifier, error) {
	c, err := recipe.Pretrained(ctx, n, a.source())
	if err != nil {
		return nil, dataError{err}
	}
	return c, nil
}

// predictPretrained shows the answers for inputs by a network that others have trained. There is no run to leave a picture in.
func (a *app) predictPretrained(ctx context.Context, n pretrained.Network, inputs []string, show func(recipe.Answer) error) error {
	c, err := a.classifier(ctx, n)
	if err != nil {
		return err
	}
	err = c.Apply(ctx, a.inputs(inputs), show)
	if err != nil {
		return dataError{err}
	}
	return nil
}

// nearPretrained returns names of pretrained networks that may have been meant, for verbs that take them in place of a run.
func nearPretrained(verb, name string) []string {
	if !slices.Contains([]string{"convert", "predict"}, verb) {
		return nil
	}
	return near.Near(name, pretrainedNames())
}

func pretrainedNames() []string {
	names := make([]string, len(pretrained.All))
	for i, n := range pretrained.All {
		names[i] = n.Name
	}
	return names
}

// showPretrained shows whose weights those of a name are, what the network sees, and its layers; for that it needs no weights.
func (a *app) showPretrained(n pretrained.Network) error {
	s, in := n.Source(), n.Input
	var err error
	if a.json {
		err = a.printEvent("weights", train.Fields{
			"name": n.Name, "about": s.About, "paper": n.Paper, "licence": s.Licence, "homepage": s.Homepage, "classes": s.Classes,
			"short": in.Short, "side": in.Side, "mean": in.Scale.Mean, "std": in.Scale.Std,
		})
	} else {
		fmt.Fprintf(a.out, "%s  %s\npaper    %s\nlicence  %s\nhome     %s\n", n.Name, s.About, n.Paper, s.Licence, s.Homepage)
		fmt.Fprintf(a.out, "input    the middle, %d×%d, of a picture whose shorter side is scaled to %d\n", in.Side, in.Side, in.Short)
		_, err = fmt.Fprintf(a.out, "classes  %s\n\n", shortened(strings.Join(s.Classes, ", ")))
	}
	if err != nil {
		return err
	}
	return a.printSummary(n.New(nil, len(s.Classes)), []int{1, in.Side, in.Side, 3})
}

// convertPretrained makes ONNX or safetensors of a network that others have trained.
func (a *app) convertPretrained(ctx context.Context, n pretrained.Network, end string) (func(io.Writer) error, error) {
	c, err := a.classifier(ctx, n)
	if err != nil {
		return nil, err
	}
	net, input, about := c.Network()
	if end == ".onnx" {
		return a.asONNX(net, input, about)
	}
	return func(w io.Writer) error { return nn.Save(w, net) }, nil
}
