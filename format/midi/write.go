package midi

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Write writes a file, of format 0 if it has one track, else of format 1. The error says which event cannot be written.
func Write(w io.Writer, f *File) error {
	if f.Division < 1 || f.Division > 1<<15-1 {
		return fmt.Errorf("MIDI: a quarter note of %d ticks: want 1 to 32,767", f.Division)
	}
	if len(f.Tracks) == 0 || len(f.Tracks) > 1<<16-1 {
		return fmt.Errorf("MIDI: %d tracks: want 1 to 65,535", len(f.Tracks))
	}
	out := append([]byte("MThd"), 0, 0, 0, 6, 0, byte(min(1, len(f.Tracks)-1)))
	out = binary.BigEndian.AppendUint16(out, uint16(len(f.Tracks)))
	out = binary.BigEndian.AppendUint16(out, uint16(f.Division))
	for i, t := range f.Tracks {
		body, err := t.encode()
		if err != nil {
			return fmt.Errorf("MIDI: track %d: %w", i+1, err)
		}
		out = append(out, "MTrk"...)
		out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
		out = append(out, body...)
	}
	_, err := w.Write(out)
	return err
}

func (t Track) encode() (out []byte, err error) {
	tick := 0
	for i, e := range t {
		delta := e.Tick - tick
		if delta < 0 || delta > longestDelta {
			return nil, fmt.Errorf("event %d at tick %d follows one at tick %d: want them in order, at most %d apart", i+1, e.Tick, tick, longestDelta)
		}
		tick = e.Tick
		out = append(appendNumber(out, delta), e.Status)
		switch n := dataBytes(e.Status); {
		case n > 0:
			if len(e.Data) != n || e.Data[0] > 127 || e.Data[n-1] > 127 {
				return nil, fmt.Errorf("event %d, %#x, has data %v: want %d numbers of 0 to 127", i+1, e.Status, e.Data, n)
			}
		case e.Status == metaStatus:
			if e.Meta > 127 || e.Meta == MetaEnd {
				return nil, fmt.Errorf("event %d is a meta event of type %#x, which cannot stand in a track", i+1, e.Meta)
			}
			out = appendNumber(append(out, e.Meta), len(e.Data))
		case e.Status == 0xF0 || e.Status == 0xF7:
			out = appendNumber(out, len(e.Data))
		default:
			return nil, fmt.Errorf("event %d has the status %#x, which no event in a file has", i+1, e.Status)
		}
		if len(e.Data) > longestDelta {
			return nil, fmt.Errorf("event %d has %d bytes", i+1, len(e.Data))
		}
		out = append(out, e.Data...)
	}
	return append(out, 0, metaStatus, MetaEnd, 0), nil
}

// dataBytes is how many numbers a channel's message has, 0 of what is none.
func dataBytes(status byte) int {
	switch {
	case status < 0x80 || status >= 0xF0:
		return 0
	case status&0xF0 == ProgramChange || status&0xF0 == 0xD0:
		return 1
	}
	return 2
}

// appendNumber writes seven bits a byte, the highest first; all bytes but the last have their highest bit set.
func appendNumber(out []byte, n int) []byte {
	for shift := 21; shift > 0; shift -= 7 {
		if n>>shift > 0 {
			out = append(out, byte(n>>shift)|0x80)
		}
	}
	return append(out, byte(n)&0x7F)
}
