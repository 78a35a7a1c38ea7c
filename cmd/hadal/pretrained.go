package main

import (
	"context"
	"io"
	"slices"

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

// predictPretrained answers for inputs by a network that others have trained. There is no run to leave a picture in.
func (a *app) predictPretrained(ctx context.Context, n pretrained.Network, inputs []string, top int) error {
	c, err := a.classifier(ctx, n)
	if err != nil {
		return err
	}
	err = c.Apply(ctx, a.inputs(inputs), func(answer recipe.Answer) error { return a.printAnswer(answer, top) })
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
	names := make([]string, len(pretrained.All))
	for i, n := range pretrained.All {
		names[i] = n.Name
	}
	return near.Near(name, names)
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
