package recipe

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/hadal-go/hadal/data/polyphonic"
	"github.com/hadal-go/hadal/format/midi"
	"github.com/hadal-go/hadal/tensor"
)

const (
	division   = 480     // ticks of a quarter note in the files that we write
	tempo      = 600_000 // microseconds of a quarter note
	velocity   = 80
	mostFrames = 100_000 // of a piece that is read
)

// writeMIDI writes a roll whose frames last so many quarter notes. A key that sounds in frames that follow one another is one note.
func writeMIDI(w io.Writer, roll polyphonic.Roll, frame float64) error {
	ticks := int(math.Round(frame * division))
	var notes []midi.Note
	for key := range polyphonic.Keys {
		began := -1
		for t := 0; t <= roll.Len(); t++ {
			sounds := t < roll.Len() && roll.Frame(t)[key] != 0
			switch {
			case sounds && began < 0:
				began = t
			case !sounds && began >= 0:
				notes = append(notes, midi.Note{
					Tick: began * ticks, Length: (t - began) * ticks, Key: byte(key + polyphonic.Lowest), Velocity: velocity,
				})
				began = -1
			}
		}
	}
	track := append(midi.Track{midi.Tempo(0, tempo)}, midi.Events(notes)...)
	return midi.Write(w, &midi.File{Division: division, Tracks: []midi.Track{track}})
}

// rollOf reads a MIDI file into frames of so many quarter notes. A key sounds in a frame if it does in its middle.
func rollOf(r io.Reader, frame float64) (polyphonic.Roll, error) {
	f, err := midi.Read(r)
	if err != nil {
		return nil, err
	}
	ticks := frame * float64(f.Division)
	var roll polyphonic.Roll
	for _, track := range f.Tracks {
		for _, n := range track.Notes() {
			key := int(n.Key) - polyphonic.Lowest
			if key < 0 || key >= polyphonic.Keys || n.Channel == 9 { // that of drums
				continue
			}
			from, to := math.Ceil(float64(n.Tick)/ticks-.5), math.Ceil(float64(n.Tick+n.Length)/ticks-.5)
			if to > mostFrames {
				return nil, fmt.Errorf("it is longer than %d frames of %g quarter notes", mostFrames, frame)
			}
			for t := int(from); t < int(to); t++ {
				for roll.Len() <= t {
					roll = append(roll, make([]byte, polyphonic.Keys)...)
				}
				roll[t*polyphonic.Keys+key] = 1
			}
		}
	}
	if roll.Len() < 2 {
		return nil, errors.New("it has no two frames of notes that a piano can play")
	}
	return roll, nil
}

// openMIDI reads a file of the user's.
func (m *Music) openMIDI(path string) (polyphonic.Roll, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	roll, err := rollOf(f, m.card.Frame)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return roll, nil
}

// floats is a roll as the network takes it, 1×T×88.
func floats(roll polyphonic.Roll) *tensor.Tensor {
	x := tensor.New(1, roll.Len(), polyphonic.Keys)
	for i, v := range roll {
		x.Edit()[i] = tensor.Float(v)
	}
	return x
}

// keysOf returns the MIDI numbers of the keys that sound in each frame.
func keysOf(roll polyphonic.Roll) [][]int {
	frames := make([][]int, roll.Len())
	for t := range frames {
		frames[t] = []int{}
		for key, on := range roll.Frame(t) {
			if on != 0 {
				frames[t] = append(frames[t], key+polyphonic.Lowest)
			}
		}
	}
	return frames
}

var noteNames = [12]string{"C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"}

// noteName is that of a key in scientific pitch notation: 60 is C4.
func noteName(key int) string { return fmt.Sprintf("%s%d", noteNames[key%12], key/12-1) }
