package text

import (
	"slices"
	"strings"
	"testing"
)

func numbers(n int) Held {
	h := make(Held, n)
	for i := range h {
		h[i] = int32(i)
	}
	return h
}

// Row n of each batch goes on where it ended, the target is the next token, and nothing is read twice.
func TestStreams(t *testing.T) {
	for _, tt := range []struct{ n, streams, steps int }{{101, 4, 7}, {8, 7, 3}, {2, 1, 100}, {1000, 3, 1}, {1001, 10, 100}} {
		s := Streams{IDs: numbers(tt.n), N: tt.streams, T: tt.steps, Workers: 2}
		length := (tt.n - 1) / tt.streams
		next := make([]int, tt.streams)
		for i := range next {
			next[i] = i * length
		}
		k := 0
		for b, err := range s.Epoch(0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Fresh != (k == 0) || b.N != tt.streams || len(b.X) != b.N*b.T || len(b.Y) != len(b.X) {
				t.Errorf("%v: batch %d: Fresh %v, %d×%d with %d and %d tokens", tt, k, b.Fresh, b.N, b.T, len(b.X), len(b.Y))
			}
			for i := range b.X {
				row := i / b.T
				if b.X[i] != next[row] || b.Y[i] != next[row]+1 {
					t.Fatalf("%v: batch %d, row %d: token %d with target %d, want %d", tt, k, row, b.X[i], b.Y[i], next[row])
				}
				next[row]++
			}
			k++
		}
		if k != s.Len() {
			t.Errorf("%v: %d batches, want %d", tt, k, s.Len())
		}
		for row, at := range next {
			if at != (row+1)*length {
				t.Errorf("%v: row %d ended at %d, want %d", tt, row, at, (row+1)*length)
			}
		}
	}
}

func TestStreamsGoOn(t *testing.T) {
	s := Streams{IDs: numbers(500), N: 4, T: 9}
	var whole [][]int
	for b, err := range s.Epoch(2, 0) {
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, slices.Clone(b.X))
	}
	for skip := range whole {
		k := skip
		for b, err := range s.Epoch(2, skip) {
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(b.X, whole[k]) || b.Fresh != (k == 0) {
				t.Fatalf("from batch %d on, batch %d is %v, want %v", skip, k, b.X, whole[k])
			}
			k++
		}
	}
}

func TestStreamsRefuse(t *testing.T) {
	for want, s := range map[string]Streams{
		"0 tokens is too short for 2 streams": {IDs: Held{}, N: 2, T: 3},
		"2 tokens is too short for 2 streams": {IDs: numbers(2), N: 2, T: 3},
		"want at least one of each":           {IDs: numbers(20), N: 2},
		"0 streams of 3 steps: want at least": {IDs: numbers(20), T: 3},
		"tokens 3 to 7 are asked for, of 4":   {IDs: short{numbers(4)}, N: 1, T: 3},
	} {
		var got error
		for _, err := range s.Epoch(0, 0) {
			if err != nil {
				got = err
			}
		}
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("Epoch gives the error %v, want %q", got, want)
		}
	}
}

// short says that it has more tokens than it has.
type short struct{ Held }

func (short) Len() int { return 9999 }

func sequences(lengths ...int) (s Sequences) {
	for i, n := range lengths {
		x := Sequence{Label: i % 2}
		for k := range n {
			x.IDs = append(x.IDs, 1000*i+k+1)
		}
		s = append(s, x)
	}
	return s
}

// Every sequence comes once an epoch, filled up behind its end, in another order each epoch, with few fillings.
func TestBuckets(t *testing.T) {
	var lengths []int
	for i := range 1003 {
		lengths = append(lengths, 1+i*7919%200)
	}
	b := Buckets{Set: sequences(lengths...), Size: 16, Pad: -1, Shuffle: true, Seed: 5}
	var orders [2][]int
	for epoch := range orders {
		tokens, places := 0, 0
		for p, err := range b.Epoch(epoch, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if p.T != slices.Max(p.Lengths) || len(p.X) != p.N*p.T || len(p.Index) != p.N {
				t.Fatalf("a batch of %d×%d has %d places and lengths %v", p.N, p.T, len(p.X), p.Lengths)
			}
			mask := p.Mask().Data()
			for n, i := range p.Index {
				want := b.Set[i]
				row := p.X[n*p.T:][:p.T]
				if !slices.Equal(row[:p.Lengths[n]], want.IDs) || p.Labels[n] != want.Label || p.Lengths[n] != len(want.IDs) {
					t.Fatalf("sequence %d is %v", i, row)
				}
				for k, x := range row {
					if inside := k < p.Lengths[n]; (x == -1) == inside || (mask[n*p.T+k] == 1) != inside {
						t.Fatalf("sequence %d: %v with the mask %v", i, row, mask[n*p.T:][:p.T])
					}
				}
				tokens += p.Lengths[n]
			}
			places += len(p.X)
			orders[epoch] = append(orders[epoch], p.Index...)
		}
		if share := float64(places-tokens) / float64(places); share > .1 {
			t.Errorf("%.0f %% of the places are filled up", 100*share)
		}
		if want := (len(orders[epoch]) + b.Size - 1) / b.Size; b.Len() != want {
			t.Errorf("Len = %d, want %d", b.Len(), want)
		}
		sorted := slices.Sorted(slices.Values(orders[epoch]))
		for i := range b.Set {
			if sorted[i] != i {
				t.Fatalf("epoch %d: not every sequence comes once", epoch)
			}
		}
	}
	if slices.Equal(orders[0], orders[1]) {
		t.Error("two epochs have the same order")
	}
	var rest []int
	for p, err := range b.Epoch(1, 20) {
		if err != nil {
			t.Fatal(err)
		}
		rest = append(rest, p.Index...)
	}
	if !slices.Equal(rest, orders[1][20*16:]) {
		t.Error("what follows 20 batches is not what followed them before")
	}
}

func TestBucketsOfAwkwardLengths(t *testing.T) {
	for want, b := range map[string]Buckets{
		"sequence 1 has no tokens":                         {Set: sequences(3, 0, 2), Size: 2},
		"sequence 2 has 1000000 tokens, more than 10000":   {Set: sequences(3, 1, 1_000_000), Size: 2},
		"there are no sequences":                           {Size: 2},
		"batches of 0 sequences":                           {Set: sequences(1)},
		"sequence 0 has 3 tokens, more than 2: cut it off": {Set: sequences(3), Size: 1, Longest: 2},
	} {
		var got error
		for _, err := range b.Epoch(0, 0) {
			got = err
		}
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("Epoch gives the error %v, want %q", got, want)
		}
	}
	cut := Buckets{Set: sequences(3, 1_000_000, 1), Size: 3, Longest: 4, Cut: true}
	for p, err := range cut.Epoch(0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		want := []int{2001, 0, 0, 0, 1, 2, 3, 0, 1001, 1002, 1003, 1004}
		if !slices.Equal(p.X, want) || !slices.Equal(p.Lengths, []int{1, 3, 4}) {
			t.Errorf("the batch is %v with lengths %v, want %v", p.X, p.Lengths, want)
		}
	}
	whole := Buckets{Set: sequences(1_000_000), Size: 1, Longest: 1_000_000}
	for p, err := range whole.Epoch(0, 0) {
		if err != nil || p.T != 1_000_000 {
			t.Errorf("a sequence of a million that is allowed: %v", err)
		}
	}
}
