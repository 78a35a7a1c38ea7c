package main

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/augment"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

func (a *app) previewCommand() *cobra.Command {
	var (
		out  string
		n    int
		seed uint64
	)
	c := &cobra.Command{
		Use:   "preview NAME|FOLDER|ARCHIVE|TABLE.csv|FILE.txt [augment=...] [broken=skip]",
		Short: "Draw some examples of a data set, and what augmentation makes of them",
		Long: `Draw some examples of a data set, or of a folder that has one folder of pictures for each class. Of a set of text, or of a file
whose name ends in .txt, the beginning of some texts is printed.

With augment=, every row is an example and some of what training would see in its place. Augmentations are joined by + and applied from
left to right; parameters may be left out, from the last one on:

` + augment.Help() + `
Recipes take the same setting, such as ` + a.name + ` train lenet-fashion augment=crop+flip`,
		Example: `  ` + a.name + ` data preview mnist
  ` + a.name + ` data preview fashion-mnist augment=crop+flip+cutout --n 4
  ` + a.name + ` data preview pictures/train 'augment=randaugment(2,9)+mixup' --out mixed.png`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, settings := split(args)
			if err := oneSet(cmd, names); err != nil {
				return err
			}
			given, err := keyed(settings, "augment", "broken")
			if err != nil {
				return err
			}
			text, named := given["augment"]
			if _, err := augment.Parse(text, augment.Colour{}); named && err != nil {
				return usageError{&recipe.BadSetting{Key: "augment", Value: text, Problem: err.Error()}}
			}
			skip, err := skipBroken(given["broken"])
			if err != nil {
				return err
			}
			if n < 1 {
				return usageError{fmt.Errorf("--n %d: there must be one row at least", n)}
			}
			if parts, _, ok, err := a.textParts(cmd.Context(), names[0]); ok {
				if err == nil && (out != "" || len(given) > 0) {
					err = usageError{errors.New("--out, augment= and broken= are for sets of pictures; text is printed")}
				}
				if err != nil {
					return err
				}
				return a.previewText(parts, n)
			}
			parts, _, err := a.parts(cmd.Context(), names[0])
			if err != nil {
				return err
			}
			set := parts[0].Set // the training part
			if files, ok := set.(*data.Files); ok && skip {
				broken, err := files.Check(cmd.Context())
				if err != nil {
					return err
				}
				a.leftOut(broken)
				set = files.Without(broken)
			}
			if out == "" {
				out = filepath.Base(filepath.Clean(names[0])) + ".png"
			}
			if _, err := os.Stat(out); err == nil {
				return usageError{fmt.Errorf("%s exists already; name another with --out", out)}
			}
			var img image.Image
			if text == "" {
				img, err = previewPlain(names[0], set)
			} else {
				img, err = previewAugmented(text, set, n, seed)
			}
			if err != nil {
				return dataError{err}
			}
			if err := plot.WritePNG(out, img); err != nil {
				return err
			}
			if a.json {
				return a.printEvent("preview", train.Fields{"file": out})
			}
			_, err = fmt.Fprintln(a.out, out)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&out, "out", "", "picture to draw (default NAME.png)")
	f.IntVar(&n, "n", 6, "draw `N` rows of augmented examples, or print N texts")
	f.Uint64Var(&seed, "seed", 0, "draw the augmentation from `N`")
	return c
}

// spread reads n examples from all over a set.
func spread(set data.Set[data.Labelled], n int) ([]data.Labelled, error) {
	n = min(n, set.Len())
	examples := make([]data.Labelled, n)
	for i := range examples {
		var err error
		if examples[i], err = set.At(i * set.Len() / n); err != nil {
			return nil, err
		}
	}
	return examples, nil
}

// previewPlain draws examples of every class, a row each where labels are at hand without reading the pictures.
func previewPlain(name string, set data.Classified) (image.Image, error) {
	const each = 10
	classes := set.Classes()
	var cells []plot.Cell
	add := func(e data.Labelled) {
		cells = append(cells, plot.Cell{Image: e.Picture.Image(), Caption: classes[e.Label]})
	}
	held, ok := set.(*data.Pictures)
	if !ok {
		examples, err := spread(set, each*min(len(classes), each))
		for _, e := range examples {
			add(e)
		}
		return plot.Grid(name, cells, each, 3), err
	}
	for class := range classes {
		found := 0
		for i, l := range held.Labels {
			if l == class && found < each {
				e, err := held.At(i)
				if err != nil {
					return nil, err
				}
				add(e)
				found++
			}
		}
	}
	return plot.Grid(name, cells, each, 3), nil
}

// previewAugmented draws n examples, a row each: as they are, and augmented anew in one epoch after the other.
func previewAugmented(text string, set data.Classified, n int, seed uint64) (image.Image, error) {
	examples, err := spread(set, n)
	if err != nil {
		return nil, err
	}
	scale, err := data.ScaleOf(data.Slice[data.Labelled](examples))
	if err != nil {
		return nil, err
	}
	plan, err := augment.Parse(text, augment.MeanColour(scale))
	if err != nil {
		return nil, err
	}
	samples, labels := make([]data.Sample, len(examples)), make([]int, len(examples))
	for i, e := range examples {
		samples[i], labels[i] = data.Sample{Picture: e.Picture}, e.Label
	}
	cells, err := augmentedCells(plan, samples, labels, set.Classes(), seed)
	return plot.Grid("augment="+text, cells, 1+variants, 0), err
}

// variants is how many times an example is augmented.
const variants = 7

// augmentedCells returns a row of cells for each sample: as it is, and its variants. What is marked on a sample is drawn.
func augmentedCells(plan augment.Plan, samples []data.Sample, labels []int, classes []string, seed uint64) ([]plot.Cell, error) {
	cells := make([]plot.Cell, len(samples)*(1+variants))
	for i := range samples {
		cells[i*(1+variants)] = plot.Cell{Image: drawSample(&samples[i], classes), Caption: classes[labels[i]], Colour: plot.Right}
	}
	for epoch := range variants {
		made := make([]data.Labelled, len(samples))
		for i, s := range samples { // a copy: the marks of the original stay
			if plan.Transform != nil {
				plan.Transform.Apply(data.Random(seed, epoch, i), &s)
			}
			made[i] = data.Labelled{Picture: s.Picture, Label: labels[i]}
			cells[i*(1+variants)+1+epoch] = plot.Cell{Image: drawSample(&s, classes), Caption: classes[labels[i]]}
		}
		if plan.Mix == nil {
			continue
		}
		batches := data.Batches{Set: data.Slice[data.Labelled](made), Size: len(made), Seed: seed, Mix: plan.Mix}
		for batch, err := range batches.Epoch(epoch, 0) {
			if err != nil {
				return nil, err
			}
			for i, p := range batches.Scale.Pictures(batch.Images) {
				cells[i*(1+variants)+1+epoch] = plot.Cell{Image: p.Image(), Caption: batch.Caption(i, classes)}
			}
		}
	}
	return cells, nil
}

// drawSample returns the picture of a sample, enlarged with its marks if it has any.
func drawSample(s *data.Sample, classes []string) image.Image {
	if !s.Marked() {
		return s.Picture.Image()
	}
	grey := func(p data.Picture) *image.Gray {
		return &image.Gray{Pix: p.Pixels, Stride: p.W, Rect: image.Rect(0, 0, p.W, p.H)}
	}
	m := plot.Marks{Boxes: s.Boxes}
	for _, class := range s.Classes {
		m.Captions = append(m.Captions, classes[class])
	}
	for _, mask := range s.Masks {
		m.Masks = append(m.Masks, grey(mask))
	}
	if len(s.Map.Pixels) > 0 {
		m.Map = grey(s.Map)
	}
	return m.On(s.Picture.Image(), max(1, 192/max(s.Picture.H, s.Picture.W)))
}
