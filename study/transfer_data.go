package study

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
)

// Examples are pictures by class, of which those to learn from and those to test on are apart.
type examples struct{ learn, test map[string][]data.Picture }

// add puts a picture to those of a class; part says which.
func (e *examples) add(test bool, class string, p data.Picture) {
	to := e.learn
	if test {
		to = e.test
	}
	to[class] = append(to[class], p)
}

// unpack calls f with every file of an archive, in its order.
func unpack(ctx context.Context, name string, o source.Options, f func(name string, content []byte) error) error {
	s, err := source.ByName(name)
	if err != nil {
		return err
	}
	found, err := s.Find(ctx, o)
	if err != nil {
		return err
	}
	if err := found.Check(); err != nil {
		return err
	}
	file, err := os.Open(found.Path(s.Files[0].Name))
	if err != nil {
		return err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(io.LimitReader(t, 1<<24))
		if err == nil && h.Typeflag == tar.TypeReg {
			err = f(h.Name, content)
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", name, h.Name, err)
		}
	}
}

func decode(content []byte) (data.Picture, error) {
	img, err := data.DecodeImage(bytes.NewReader(content))
	if err != nil {
		return data.Picture{}, err
	}
	return data.FromImage(img, 3), nil
}

// tinyExamples are ten classes of ImageNet, 64×64; the last fifth of each is for the test.
func tinyExamples(ctx context.Context, l *Lab) (*examples, error) {
	e := &examples{map[string][]data.Picture{}, map[string][]data.Picture{}}
	return e, unpack(ctx, "tiny-imagenet-10", l.Source, func(name string, content []byte) error {
		parts := strings.Split(name, "/") // train/n02099601/images/n02099601_0.JPEG
		if len(parts) != 4 || parts[0] != "train" {
			return nil
		}
		p, err := decode(content)
		e.add(len(e.learn[parts[1]]) >= 400, parts[1], p)
		return err
	})
}

// faceExamples are faces, and pieces of 96×96 of streets. The test has the last faces, since those of a person follow one another, and
// streets of the set's own test.
func faceExamples(ctx context.Context, l *Lab) (*examples, error) {
	e := &examples{map[string][]data.Picture{}, map[string][]data.Picture{}}
	err := unpack(ctx, "caltech101-faces", l.Source, func(_ string, content []byte) error {
		p, err := decode(content)
		e.add(len(e.learn["face"]) >= 300, "face", p)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(l.Seed, 1))
	return e, unpack(ctx, "camvid", l.Source, func(name string, content []byte) error {
		part := path.Base(path.Dir(name))
		if part != "train" && part != "test" {
			return nil
		}
		p, err := decode(content)
		if err == nil {
			e.add(part == "test", "street", piece(p, r.IntN(p.H-95), r.IntN(p.W-95), 96, 96))
		}
		return err
	})
}

// cellExamples are blood cells, each with a tenth more around it than its box has; photographs by their names' last digit are for the test.
func cellExamples(ctx context.Context, l *Lab) (*examples, error) {
	e := &examples{map[string][]data.Picture{}, map[string][]data.Picture{}}
	boxes := map[string]annotation{}
	return e, unpack(ctx, "bccd", l.Source, func(name string, content []byte) error {
		photo := strings.TrimSuffix(path.Base(name), path.Ext(name))
		switch path.Ext(name) {
		case ".xml": // all of them come before the photographs
			var a annotation
			if err := xml.Unmarshal(content, &a); err != nil {
				return err
			}
			boxes[photo] = a
		case ".jpg":
			p, err := decode(content)
			if err != nil {
				return err
			}
			for _, o := range boxes[photo].Objects {
				b := o.Box
				my, mx := (b.Y1-b.Y0)/10, (b.X1-b.X0)/10
				y0, x0 := max(0, b.Y0-my), max(0, b.X0-mx)
				h, w := min(p.H, b.Y1+my)-y0, min(p.W, b.X1+mx)-x0
				if h >= 16 && w >= 16 {
					e.add(strings.HasSuffix(photo, "3") || strings.HasSuffix(photo, "7"), o.Name, piece(p, y0, x0, h, w))
				}
			}
		}
		return nil
	})
}

// An annotation is what is read of a file of Pascal VOC.
type annotation struct {
	Objects []struct {
		Name string `xml:"name"`
		Box  struct {
			X0 int `xml:"xmin"`
			Y0 int `xml:"ymin"`
			X1 int `xml:"xmax"`
			Y1 int `xml:"ymax"`
		} `xml:"bndbox"`
	} `xml:"object"`
}

// piece cuts h×w pixels out.
func piece(p data.Picture, y, x, h, w int) data.Picture {
	out := data.NewPicture(h, w, p.C)
	for row := range h {
		copy(out.Pixels[row*w*p.C:(row+1)*w*p.C], p.Pixels[((y+row)*p.W+x)*p.C:])
	}
	return out
}

// some returns n of the pictures of a class, as the source draws them.
func some(r *rand.Rand, all []data.Picture, n int) []data.Picture {
	all = slices.Clone(all)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}
