package recipe

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/model/pretrained"
)

// A network that others have trained answers for pictures of any size, names what cannot be read, and says what its input is made of.
func TestPretrained(t *testing.T) {
	n, err := pretrained.ByName("resnet20-cifar10")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Pretrained(context.Background(), n, source.Options{Dir: os.Getenv("HADAL_DATA"), Offline: true})
	var missing *source.MissingError
	if errors.As(err, &missing) {
		t.Skipf("the weights are not at hand: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	sea := image.NewRGBA(image.Rect(0, 0, 90, 60)) // blue below a darker blue
	for i := range 90 * 60 {
		sea.SetRGBA(i%90, i/90, color.RGBA{40, uint8(60 + i/180), 200, 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, sea); err != nil {
		t.Fatal(err)
	}
	open := func(content []byte) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	}
	answers := 0
	err = c.Apply(context.Background(), []Input{{"broken", open(file.Bytes()[:50])}, {"sea", open(file.Bytes())}}, func(a Answer) error {
		answers++
		sum := 0.0
		for _, s := range a.Scores {
			sum += s.Probability
		}
		if a.Input != "sea" || len(a.Scores) != 10 || math.Abs(sum-1) > 1e-5 || a.Image.Bounds().Dx() != 32 || a.Image.Bounds().Dy() != 32 {
			t.Errorf("the answer to %s is %v of a picture of %v", a.Input, a.Scores, a.Image.Bounds())
		}
		return nil
	})
	if answers != 1 || err == nil || !strings.HasPrefix(err.Error(), "broken: ") {
		t.Errorf("there are %d answers, and the error is %v", answers, err)
	}
	net, input, about := c.Network()
	if net == nil || len(input) != 3 || input[0] != 32 || about[1].Value != "0.485 0.456 0.406" || !strings.HasPrefix(about[4].Value, "airplane, ") {
		t.Errorf("Network = %v, %v, %v", net, input, about)
	}
}
