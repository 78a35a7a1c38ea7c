package recipe

import (
	"context"
	"fmt"
	"image"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/data/polyphonic"
	"github.com/hadal-go/hadal/internal/atomicfile"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

const (
	openings      = 16 // test pieces whose beginnings are kept in model.json
	openingFrames = 8  // of each
	usualFrames   = 64 // of a piece that is made up
	samplePieces  = 3  // that are made up at the end of a training

	usualTemperature = .9
)

// GeneratedMusicSettings are the settings by which music is made.
type GeneratedMusicSettings struct {
	Frames      int     `yaml:"frames" help:"that are made, behind the opening"`
	Temperature float64 `yaml:"temperature" help:"below 1 likely keys become likelier, above 1 less; 0 takes those likelier than not"`
	Voices      int     `yaml:"voices" help:"most keys that sound at once, the likeliest of those drawn; 0 is any number"`
	Midi        string  `yaml:"midi" help:"a MIDI file to write; of several pieces those behind the first have -2, -3 … in their names"`
}

// Generation implements Generator.
func (m *Music) Generation(run *train.Run) (Generation, error) {
	if err := m.load(run); err != nil {
		return nil, err
	}
	return &musicGeneration{
		GeneratedMusicSettings{Frames: usualFrames, Temperature: usualTemperature, Voices: m.card.Voices}, m.net, m.card,
	}, nil
}

// A musicGeneration goes on with openings of pieces.
type musicGeneration struct {
	GeneratedMusicSettings
	net  *sequence.TCNMusic
	card musicCard
}

// Settings implements Generation.
func (g *musicGeneration) Settings() any { return &g.GeneratedMusicSettings }

// Make implements Generation. A prompt is frames between bars, each of the MIDI numbers of its keys: 48 64 67 72 | 50 65 69. Without one,
// pieces begin as those of the test do.
func (g *musicGeneration) Make(ctx context.Context, o Order) error {
	if g.Frames < 0 || g.Frames > mostFrames {
		return &BadSetting{"frames", fmt.Sprint(g.Frames), fmt.Sprintf("it must lie in 0 to %d", mostFrames)}
	}
	if g.Temperature < 0 || math.IsInf(g.Temperature, 0) {
		return &BadSetting{"temperature", fmt.Sprint(g.Temperature), "it must be 0 or more"}
	}
	if g.Voices < 0 {
		return &BadSetting{"voices", fmt.Sprint(g.Voices), "it must be 0, for any number, or more"}
	}
	for item := range o.N {
		opening := g.card.Openings[item%len(g.card.Openings)]
		if o.Prompt != "" {
			var err error
			if opening, err = parseFrames(o.Prompt); err != nil {
				return fmt.Errorf("prompt: %w", err)
			}
		}
		start, err := rollOfKeys(opening)
		if err != nil {
			return err
		}
		roll := goOn(g.net, start, g.Frames, sequence.MusicDrawing{Temperature: g.Temperature, Voices: g.Voices}, o.Random)
		for t := range roll.Len() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := o.Say(Piece{Item: item, Text: sayFrame(roll, t)}); err != nil {
				return err
			}
		}
		if g.Midi == "" {
			continue
		}
		path := g.Midi
		if item > 0 {
			ext := filepath.Ext(path)
			path = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), item+1, ext)
		}
		if err := atomicfile.Write(path, func(w io.Writer) error { return writeMIDI(w, roll, g.card.Frame) }); err != nil {
			return err
		}
	}
	return nil
}

// sayFrame writes a frame: the names of its keys, and a bar in front of all but the first.
func sayFrame(roll polyphonic.Roll, t int) string {
	var names []string
	for _, key := range keysOf(roll.Frame(t))[0] {
		names = append(names, noteName(key))
	}
	if len(names) == 0 {
		names = []string{"–"}
	}
	said := strings.Join(names, " ")
	if t > 0 {
		said = " | " + said
	}
	return said
}

// parseFrames reads what a prompt says.
func parseFrames(text string) (frames [][]int, err error) {
	for part := range strings.SplitSeq(text, "|") {
		frame := []int{}
		for word := range strings.FieldsSeq(part) {
			key, err := strconv.Atoi(word)
			if err != nil {
				return nil, fmt.Errorf("%q is no MIDI number of a key: write frames as 48 64 67 72 | 50 65 69", word)
			}
			frame = append(frame, key)
		}
		frames = append(frames, frame)
	}
	return frames, nil
}

// rollOfKeys makes a roll of the keys that sound in each frame.
func rollOfKeys(frames [][]int) (polyphonic.Roll, error) {
	roll := make(polyphonic.Roll, len(frames)*polyphonic.Keys)
	for t, frame := range frames {
		for _, key := range frame {
			at := key - polyphonic.Lowest
			if at < 0 || at >= polyphonic.Keys {
				return nil, fmt.Errorf("a piano has no key of the MIDI number %d: they are %d to %d", key, polyphonic.Lowest,
					polyphonic.Lowest+polyphonic.Keys-1)
			}
			roll[t*polyphonic.Keys+at] = 1
		}
	}
	return roll, nil
}

// goOn returns an opening and so many frames that the network makes up behind it.
func goOn(net *sequence.TCNMusic, opening polyphonic.Roll, frames int, d sequence.MusicDrawing, r *rand.Rand) polyphonic.Roll {
	roll := append(polyphonic.Roll(nil), opening...)
	if frames == 0 {
		return roll
	}
	net.Generate(floats(opening).Data(), d, r, func(frame []tensor.Float) bool {
		for _, v := range frame {
			roll = append(roll, byte(v))
		}
		frames--
		return frames > 0
	})
	return roll
}

// play leaves pieces that the network makes up, as MIDI files and as a picture beside one of the test.
func (m *Music) play(run *train.Run) error {
	random := train.NewStream(m.seed, "sample").Rand()
	test := m.parts.Test[0]
	rolls := []polyphonic.Roll{test[:min(test.Len(), openingFrames+usualFrames)*polyphonic.Keys]}
	captions := []string{"a piece of the test, by its composer"}
	for i := range samplePieces {
		start, err := rollOfKeys(m.card.Openings[i%len(m.card.Openings)])
		if err != nil {
			return err
		}
		roll := goOn(m.net, start, usualFrames, sequence.MusicDrawing{Temperature: usualTemperature, Voices: m.card.Voices}, random)
		name := fmt.Sprintf("generated/%d.mid", i+1)
		if err := run.Write(name, func(w io.Writer) error { return writeMIDI(w, roll, m.card.Frame) }); err != nil {
			return err
		}
		rolls = append(rolls, roll)
		captions = append(captions, fmt.Sprintf("%s: made up, behind the first %d frames of a piece of the test", name, start.Len()))
	}
	lowest, highest := compass(rolls...)
	cells := make([]plot.Cell, len(rolls))
	for i, r := range rolls {
		cells[i] = plot.Cell{Image: drawRoll(r, lowest, highest), Caption: captions[i]}
	}
	return plot.WritePNG(run.Path("piano-roll.png"), plot.Grid("Time goes to the right, pitch up, with a line for every C", cells, 1, 1))
}

// voicesOf returns how many keys sound at once at most, but for one frame in a hundred.
func voicesOf(rolls []polyphonic.Roll) int {
	var count [polyphonic.Keys + 1]int
	frames := 0
	for _, keys := range rolls {
		for _, frame := range keysOf(keys) {
			count[len(frame)]++
			frames++
		}
	}
	for n, seen := 0, 0; ; n++ {
		if seen += count[n]; seen >= frames-frames/100 {
			return n
		}
	}
}

// drawRoll draws the keys of a roll from lowest to highest, numbers in a frame.
func drawRoll(roll polyphonic.Roll, lowest, highest int) image.Image {
	const wide, high = 8, 4 // pixels of a frame and of a key
	values := make([][]float64, (highest-lowest+1)*high)
	for y := range values {
		key := highest - y/high
		values[y] = make([]float64, roll.Len()*wide)
		for x := range values[y] {
			on := float64(roll.Frame(x / wide)[key])
			if on == 0 && (key+polyphonic.Lowest)%12 == 0 { // a line for every C
				on = .15
			}
			values[y][x] = on
		}
	}
	return plot.Shade(values, 0, 1)
}

// compass returns the lowest and the highest key that sound in any of the rolls.
func compass(rolls ...polyphonic.Roll) (lowest, highest int) {
	lowest = polyphonic.Keys - 1
	for _, r := range rolls {
		for i, on := range r {
			if on != 0 {
				lowest, highest = min(lowest, i%polyphonic.Keys), max(highest, i%polyphonic.Keys)
			}
		}
	}
	return min(lowest, highest), highest
}

// writeExamples leaves the first test pieces as MIDI files.
func (m *Music) writeExamples(run *train.Run) error {
	const most = 3
	for i, roll := range m.parts.Test[:min(most, len(m.parts.Test))] {
		name := filepath.ToSlash(filepath.Join("examples", fmt.Sprintf("test-%d.mid", i+1)))
		if err := run.Write(name, func(w io.Writer) error { return writeMIDI(w, roll, m.frame) }); err != nil {
			return err
		}
	}
	return nil
}
