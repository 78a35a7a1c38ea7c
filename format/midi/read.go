package midi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// A FormatError says that bytes are not a standard MIDI file.
type FormatError string

func (e FormatError) Error() string { return "MIDI file: " + string(e) }

func bad(format string, args ...any) error { return FormatError(fmt.Sprintf(format, args...)) }

// most is how many bytes of a file are read: the longest symphony has one.
const most = 16 << 20

// Read reads a file of format 0 or 1 whose time is in quarter notes. Chunks that are no tracks are left out.
func Read(r io.Reader) (*File, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if len(b) > most {
		return nil, bad("it has more than %d bytes", most)
	}
	if len(b) < 14 || !bytes.HasPrefix(b, []byte("MThd")) {
		return nil, bad("it does not begin as one")
	}
	size := binary.BigEndian.Uint32(b[4:])
	if size < 6 || uint64(size) > uint64(len(b)-8) {
		return nil, bad("its header claims %d bytes", size)
	}
	if format := binary.BigEndian.Uint16(b[8:]); format > 1 {
		return nil, bad("it has format %d: only 0 and 1 are read", format)
	}
	f := &File{Division: int(binary.BigEndian.Uint16(b[12:]))}
	if f.Division == 0 || f.Division >= 1<<15 {
		return nil, bad("its time is in frames of film, or in none: only ticks of a quarter note are read")
	}
	for b = b[8+size:]; len(b) > 0; {
		if len(b) < 8 {
			return nil, bad("it ends within the head of a chunk")
		}
		name, n := string(b[:4]), binary.BigEndian.Uint32(b[4:])
		if uint64(n) > uint64(len(b)-8) {
			return nil, bad("a chunk claims %d bytes, and %d are left", n, len(b)-8)
		}
		if name == "MTrk" {
			t, err := readTrack(b[8 : 8+n])
			if err != nil {
				return nil, fmt.Errorf("track %d: %w", len(f.Tracks)+1, err)
			}
			f.Tracks = append(f.Tracks, t)
		}
		b = b[8+n:]
	}
	if len(f.Tracks) == 0 {
		return nil, bad("it has no track")
	}
	return f, nil
}

func readTrack(b []byte) (t Track, err error) {
	tick, status := 0, byte(0)
	for len(b) > 0 {
		var delta int
		if delta, b, err = readNumber(b); err != nil {
			return nil, err
		}
		if tick += delta; len(b) == 0 {
			return nil, bad("it ends within an event")
		}
		if b[0] >= 0x80 {
			status, b = b[0], b[1:]
		} else if dataBytes(status) == 0 { // else the status of the event before holds on
			return nil, bad("an event at tick %d has no status", tick)
		}
		e, n := Event{Tick: tick, Status: status}, dataBytes(status)
		switch {
		case n > 0:
		case status == metaStatus:
			if len(b) == 0 || b[0] > 127 {
				return nil, bad("a meta event at tick %d has no type", tick)
			}
			e.Meta = b[0]
			n, b, err = readNumber(b[1:])
		case status == 0xF0 || status == 0xF7:
			n, b, err = readNumber(b)
		default:
			return nil, bad("an event at tick %d has the status %#x, which none in a file has", tick, status)
		}
		if err != nil {
			return nil, err
		}
		if n > len(b) {
			return nil, bad("an event at tick %d claims %d bytes, and %d are left", tick, n, len(b))
		}
		if status == metaStatus && e.Meta == MetaEnd {
			return t, nil
		}
		e.Data, b = b[:n:n], b[n:]
		if dataBytes(status) > 0 && (e.Data[0] > 127 || e.Data[n-1] > 127) {
			return nil, bad("an event at tick %d has a number above 127", tick)
		}
		t = append(t, e)
	}
	return t, nil
}

// readNumber reads what appendNumber writes, and zeros in front of it.
func readNumber(b []byte) (n int, rest []byte, err error) {
	for i, v := range b[:min(4, len(b))] {
		if n = n<<7 | int(v&0x7F); v < 0x80 {
			return n, b[i+1:], nil
		}
	}
	return 0, nil, bad("a number has more than four bytes, or ends in its midst")
}
