package augment

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/internal/near"
)

// A Plan is what becomes of training examples: each by itself, and then two at a time. Either may be nil.
type Plan struct {
	Transform data.Transform
	Mix       data.Mixer
}

// A word is the name of an augmentation in text, with its parameters and their usual values.
type word struct {
	name, usual, about string
	make               func(a *arguments) any // a Transform or a Mixer, or nil
}

// words is the table of names, in the order in which they are listed.
var words = []word{
	{"none", "", "nothing", func(*arguments) any { return nil }},
	{"affine", "8,0.08,1.5,0", "turn, scale, shift and shear by up to so many degrees, parts, pixels and degrees", func(a *arguments) any {
		return Affine{a.number(0, 180), a.number(0, .99), a.number(0, 1e4), a.number(0, 80)}
	}},
	{"autoaugment", "cifar10", "a policy found for cifar10, imagenet or svhn", func(a *arguments) any {
		tables := map[string]Policies{"cifar10": CIFAR10, "imagenet": ImageNet, "svhn": SVHN}
		return AutoAugment{Policies: tables[a.word("cifar10", "imagenet", "svhn")], Fill: a.mean}
	}},
	{"blur", "0.1,2", "blur with a Gaussian of a deviation from the first number to the second", func(a *arguments) any {
		low := a.number(0, 100)
		return Blur{low, a.number(low, 100)}
	}},
	{"crop", "4,black", "shift by up to so many pixels; black or reflect comes in", func(a *arguments) any {
		return PadCrop{a.whole(0, 1e4), a.word("black", "reflect") == "reflect"}
	}},
	{"cutmix", "1", "put a rectangle of another picture in, its area drawn from Beta(a, a)", func(a *arguments) any {
		return CutMix{a.number(1e-3, 1e3)}
	}},
	{"cutout", "0", "cover a square of so many pixels a side, with 0 half of the picture's", func(a *arguments) any {
		return Cutout{a.whole(0, 1e4), a.mean}
	}},
	{"erase", "0.5", "cover a rectangle with noise, with this probability", func(a *arguments) any {
		return Maybe{a.number(0, 1), Erase{Low: .02, High: .33, Aspect: 3.3, Noise: true}}
	}},
	{"flip", "", "mirror half of the pictures", func(*arguments) any { return Flip{} }},
	{"grey", "0.2", "take the colours out with this probability", func(a *arguments) any { return Maybe{a.number(0, 1), Greyscale{}} }},
	{"jitter", "0.4,0.4,0.4,0.1", "change brightness, contrast, saturation and hue by up to so much", func(a *arguments) any {
		return Jitter{a.number(0, 10), a.number(0, 10), a.number(0, 10), a.number(0, .5)}
	}},
	{"mixup", "1", "blend with another picture, by a share drawn from Beta(a, a)", func(a *arguments) any { return MixUp{a.number(1e-3, 1e3)} }},
	{"noise", "0.05", "add Gaussian noise of this deviation, as a part of white", func(a *arguments) any { return Noise{a.number(0, 10)} }},
	{"perspective", "0.5", "look from aside, by up to so much", func(a *arguments) any { return Perspective{a.number(0, .99)} }},
	{"randaugment", "2,9", "so many operations of a magnitude from 0 to 30", func(a *arguments) any {
		return RandAugment{a.whole(1, 100), a.whole(0, 30), a.mean}
	}},
	{"resized-crop", "0.08,0", "cut out so much of the area or more, and scale it to so many pixels a side, with 0 as it was",
		func(a *arguments) any {
			area, side := a.number(.001, 1), a.whole(0, 1e4)
			return ResizedCrop{Area: area, Aspect: 4.0 / 3, H: side, W: side}
		}},
	{"rotate", "15", "turn by up to so many degrees", func(a *arguments) any { return Affine{Degrees: a.number(0, 180)} }},
	{"trivialaugment", "", "one operation of any magnitude", func(a *arguments) any { return TrivialAugment{a.mean} }},
	{"vflip", "", "turn half of the pictures upside down", func(*arguments) any { return FlipVertical{} }},
}

// Names returns the names that Parse knows.
func Names() []string {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = w.name
	}
	return names
}

// Help returns a line for every name: it with the usual parameters, and what it does.
func Help() string {
	var b strings.Builder
	for _, w := range words {
		name := w.name
		if w.usual != "" {
			name += "(" + w.usual + ")"
		}
		fmt.Fprintf(&b, "  %-27s %s\n", name, w.about)
	}
	return b.String()
}

// Parse makes a plan of text: names joined by +, which are applied from left to right, each with some or all of its parameters in
// brackets, as in "crop(4,reflect)+flip+cutout(8)". The mixers among them come last, one of them for each picture. Cutout and the
// policies fill holes with mean, the mean colour of the data, which is 0 to a network; affine, crop, perspective and rotate with black.
func Parse(text string, mean Colour) (Plan, error) {
	var transforms data.Compose
	var mixers AnyMix
	parts := strings.Split(text, "+")
	for i := 0; i < len(parts); i++ {
		part := parts[i]
		for strings.Contains(part, "(") && !strings.Contains(part, ")") && i+1 < len(parts) { // a number such as 1e+2
			i++
			part += "+" + parts[i]
		}
		made, err := parse(strings.TrimSpace(part), mean)
		if err != nil {
			return Plan{}, err
		}
		switch t := made.(type) {
		case data.Transform:
			transforms = append(transforms, t)
		case data.Mixer:
			mixers = append(mixers, t)
		}
	}
	var p Plan
	switch len(transforms) {
	case 0:
	case 1:
		p.Transform = transforms[0]
	default:
		p.Transform = transforms
	}
	switch len(mixers) {
	case 0:
	case 1:
		p.Mix = mixers[0]
	default:
		p.Mix = mixers
	}
	return p, nil
}

// parse makes one augmentation.
func parse(text string, mean Colour) (any, error) {
	if text == "" {
		return nil, errors.New("the name of an augmentation is missing; none is for nothing, and + stands between two of them")
	}
	name, given, brackets := strings.Cut(text, "(")
	for _, w := range words {
		if w.name != name {
			continue
		}
		if brackets && !strings.HasSuffix(given, ")") {
			return nil, fmt.Errorf("%s: a closing bracket is missing", text)
		}
		a := &arguments{of: w, mean: mean}
		if w.usual != "" {
			a.usual = strings.Split(w.usual, ",")
		}
		if given = strings.TrimSuffix(given, ")"); strings.TrimSpace(given) != "" {
			a.given = strings.Split(given, ",")
		}
		if len(a.given) > len(a.usual) {
			usage := w.name
			if w.usual != "" {
				usage += "(" + w.usual + ")"
			}
			return nil, fmt.Errorf("%s: too many parameters, it is %s", text, usage)
		}
		made := w.make(a)
		return made, a.err
	}
	return nil, near.Unknown("augmentation", "augmentations", name, Names())
}

// arguments are the parameters of one augmentation, taken one after the other.
type arguments struct {
	of           word
	mean         Colour
	given, usual []string
	next         int
	err          error // the first
}

// text returns the next parameter, the usual one if none is given.
func (a *arguments) text() string {
	i := a.next
	a.next++
	if i < len(a.given) {
		return strings.TrimSpace(a.given[i])
	}
	return a.usual[i]
}

func (a *arguments) fail(text, want string) {
	if a.err == nil {
		a.err = fmt.Errorf("%s: parameter %d is %q, want %s; it is to %s, usually (%s)", a.of.name, a.next, text, want, a.of.about, a.of.usual)
	}
}

func (a *arguments) number(low, high float64) float64 {
	text := a.text()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= low && v <= high) {
		a.fail(text, fmt.Sprintf("a number from %g to %g", low, high))
	}
	return v
}

func (a *arguments) whole(low, high int) int {
	text := a.text()
	v, err := strconv.Atoi(text)
	if err != nil || v < low || v > high {
		a.fail(text, fmt.Sprintf("a whole number from %d to %d", low, high))
	}
	return v
}

func (a *arguments) word(among ...string) string {
	text := a.text()
	for _, w := range among {
		if w == text {
			return w
		}
	}
	a.fail(text, strings.Join(among, " or "))
	return among[0]
}

// MeanColour returns the mean of a scale as a colour.
func MeanColour(s data.Scale) Colour {
	var f Colour
	for c := range f {
		if n := len(s.Mean); n > 0 {
			f[c] = byte(math.Round(255 * float64(s.Mean[min(c, n-1)])))
		}
	}
	return f
}
