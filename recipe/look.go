package recipe

import (
	"errors"
	"fmt"
	"image"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/look"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/train"
)

// A Looker is a job that shows what its network sees.
type Looker interface {
	// Look answers as Predict does, with a drawing in place of the picture: what on it spoke for the likeliest classes, and what the
	// layers of the network make of it. The layer of that name is looked at, or if it is "" those that say most.
	Look(run *train.Run, in Input, layer string) (Answer, error)
}

// drawNetwork leaves pictures of the network itself: its filters, what its layers make of a test picture, and what on test pictures
// spoke for their classes. Of a network without convolutions there are only some of them.
func (c *classification) drawNetwork(run *train.Run, o *train.Outcome) error {
	if filters, err := look.DrawFilters(c.net, c.card.Shape[0], c.card.Shape[1], c.card.Shape[2]); err == nil {
		if err := plot.WritePNG(run.Path("filters.png"), filters); err != nil {
			return err
		}
	}
	const each = 3
	examples := append(oneOfEach(o, each), o.TopLosses(each, false)...)
	if len(examples) == 0 {
		return nil
	}
	var pictures []data.Picture
	var labels []int
	for _, i := range examples {
		e, err := c.test.Set.At(i)
		if err != nil {
			return err
		}
		pictures, labels = append(pictures, e.Picture), append(labels, e.Label)
	}
	name, err := c.drawEvidence(run, pictures, labels)
	if err != nil {
		return err
	}
	if name != "gradcam.png" {
		return nil // neither are there maps to look at
	}
	maps, err := c.drawMaps(pictures[0], c.card.Classes[labels[0]])
	if err != nil {
		return err
	}
	return plot.WritePNG(run.Path("activations.png"), maps)
}

// oneOfEach returns the first examples of n classes that are classified right.
func oneOfEach(o *train.Outcome, n int) (examples []int) {
	seen := map[int]bool{}
	for i, label := range o.Labels {
		if len(examples) < n && !seen[label] && o.Predicted[i] == label {
			seen[label] = true
			examples = append(examples, i)
		}
	}
	return examples
}

// drawEvidence draws what spoke for the classes of pictures to gradcam.png, or where there is no Grad-CAM to saliency.png.
func (c *classification) drawEvidence(run *train.Run, pictures []data.Picture, labels []int) (name string, err error) {
	name = "gradcam.png"
	if len(look.LayerNames(c.net, c.card.Shape[0], c.card.Shape[1], c.card.Shape[2])) == 0 {
		name = "saliency.png"
	}
	x, err := c.scale().Tensor(pictures...)
	if err != nil {
		return "", err
	}
	images := make([]image.Image, len(pictures))
	for i, p := range pictures {
		images[i] = p.Image()
	}
	img, err := c.evidence(2).Draw(x, images, labels)
	if err != nil {
		return "", err
	}
	return name, plot.WritePNG(run.Path(name), img)
}

func (c *classification) evidence(guesses int) look.Evidence {
	return look.Evidence{Model: c.net, Classes: c.card.Classes, Guesses: guesses}
}

// drawMaps draws what the layers of these names, or those that say most, make of a picture.
func (c *classification) drawMaps(p data.Picture, caption string, layers ...string) (image.Image, error) {
	x, err := c.scale().Tensor(p)
	if err != nil {
		return nil, err
	}
	return look.DrawActivations(caption, c.net, x, p.Image(), layers...)
}

// Look implements Looker.
func (c *classification) Look(run *train.Run, in Input, layer string) (Answer, error) {
	if err := c.load(run); err != nil {
		return Answer{}, err
	}
	picture, err := c.read(in)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", in.Name, err)
	}
	a, err := c.answer(in.Name, picture)
	if err != nil {
		return Answer{}, err
	}
	x, err := c.scale().Tensor(picture)
	if err != nil {
		return Answer{}, err
	}
	var layers []string
	if layer != "" {
		layers = []string{layer}
	}
	maps, err := c.drawMaps(picture, a.Scores[0].Class, layers...)
	if err != nil && (layer != "" || !errors.Is(err, look.ErrNoMaps)) {
		return Answer{}, &BadSetting{"layer", layer, err.Error()}
	}
	e := c.evidence(3)
	e.Layer = layer
	if a.Image, err = e.Draw(x, []image.Image{picture.Image()}, nil); err == nil && maps != nil {
		a.Image = plot.Stack(1, a.Image, maps)
	}
	return a, err
}
