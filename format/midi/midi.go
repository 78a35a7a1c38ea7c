// Package midi reads and writes standard MIDI files (.mid): tracks of timed events, and the notes in them. Source: "The Complete MIDI 1.0
// Detailed Specification", Standard MIDI Files 1.0 (RP-001).
package midi

import "slices"

// A File has tracks that sound together (format 1), or one (format 0).
type File struct {
	Division int // ticks of a quarter note, 1 to 32,767
	Tracks   []Track
}

// A Track has events in the order of their ticks. The end of the track is no event of its own.
type Track []Event

// An Event is something that happens at a tick.
type Event struct {
	Tick int
	// Status says what it is: 0x80 to 0xEF a message to a channel, in its lowest four bits; 0xF0 and 0xF7 a system exclusive message; 0xFF
	// a meta event, for the player.
	Status byte
	Meta   byte   // the type of a meta event
	Data   []byte // of a channel's message its one or two numbers, 0 to 127; of others as many bytes as they have
}

// Kinds of messages and meta events that notes are made of.
const (
	NoteOff       = 0x80
	NoteOn        = 0x90
	ProgramChange = 0xC0

	metaStatus   = 0xFF
	MetaEnd      = 0x2F // of the track
	MetaTempo    = 0x51
	MetaText     = 0x01
	MetaName     = 0x03 // of the track
	longestDelta = 1<<28 - 1
)

// A Note is a key that sounds for a while.
type Note struct {
	Tick, Length  int
	Channel       byte // 0 to 15
	Key, Velocity byte // 0 to 127; key 60 is middle C, C4
}

// Tempo returns the event that makes a quarter note last so many microseconds.
func Tempo(tick, microseconds int) Event {
	return Event{
		Tick: tick, Status: metaStatus, Meta: MetaTempo,
		Data: []byte{byte(microseconds >> 16), byte(microseconds >> 8), byte(microseconds)},
	}
}

// Events returns the events of notes, by their ticks; at one tick keys are let go before others are pressed.
func Events(notes []Note) Track {
	var t Track
	for _, n := range notes {
		t = append(t,
			Event{Tick: n.Tick, Status: NoteOn | n.Channel, Data: []byte{n.Key, n.Velocity}},
			Event{Tick: n.Tick + n.Length, Status: NoteOff | n.Channel, Data: []byte{n.Key, 0}})
	}
	slices.SortStableFunc(t, func(a, b Event) int {
		if a.Tick != b.Tick {
			return a.Tick - b.Tick
		}
		return int(a.Status&0xF0) - int(b.Status&0xF0)
	})
	return t
}

// Notes returns the notes of a track by the ticks at which they begin. A key that is pressed while it sounds ends its note there; one that
// is never let go sounds to the last event.
func (t Track) Notes() []Note {
	var notes []Note
	sounding := map[[2]byte]int{} // channel and key → number of its note
	end := func(channel, key byte, tick int) {
		if i, ok := sounding[[2]byte{channel, key}]; ok {
			notes[i].Length = tick - notes[i].Tick
			delete(sounding, [2]byte{channel, key})
		}
	}
	for _, e := range t {
		kind, channel := e.Status&0xF0, e.Status&0x0F
		if kind != NoteOn && kind != NoteOff || len(e.Data) != 2 {
			continue
		}
		end(channel, e.Data[0], e.Tick)
		if kind == NoteOn && e.Data[1] > 0 { // without velocity it is the end of one
			sounding[[2]byte{channel, e.Data[0]}] = len(notes)
			notes = append(notes, Note{Tick: e.Tick, Channel: channel, Key: e.Data[0], Velocity: e.Data[1]})
		}
	}
	for at := range sounding {
		end(at[0], at[1], t[len(t)-1].Tick)
	}
	return notes
}
