package nn

import "github.com/hadal-go/hadal/tensor"

// KeysValues are the keys and values of the steps that attention has seen: with them a sequence is gone through step by step, and
// every step costs one query. They lie on the heap and outlive passes, and nothing is differentiated through them.
type KeysValues struct {
	Keys, Values *tensor.Tensor // N×room×E
	Len          int            // how many steps there are so far
	Lengths      []int          // of a memory: how many of them each sequence has, the others being padding; nil is all
}

// Begin returns what is seen in front of the first step of n sequences: nothing, with room for so many steps.
func (l *MultiHeadAttention) Begin(n, steps int) *KeysValues {
	e := l.InWeight.Dim(1)
	return &KeysValues{Keys: tensor.New(n, steps, e), Values: tensor.New(n, steps, e)}
}

// Memory returns what steps of other sequences look at: memory, N×S×E, with lengths as Attend has them.
func (l *MultiHeadAttention) Memory(memory *tensor.Tensor, lengths []int) *KeysValues {
	l.check(memory)
	e := l.InWeight.Dim(1)
	parts := l.linear(memory, e, 3*e).Chunk(-1, 2)
	return &KeysValues{Keys: l.turn(parts[0], 0).Clone(), Values: parts[1].Clone(), Len: memory.Dim(1), Lengths: lengths}
}

// Step goes on by the steps of x, N×T×E, one as a rule: it adds their keys and values to what was seen and looks from them at all of
// it. It returns what Forward does for these steps of the whole sequence, to rounding.
func (l *MultiHeadAttention) Step(x *tensor.Tensor, seen *KeysValues) *tensor.Tensor {
	l.check(x)
	if !l.Causal {
		fail("MultiHeadAttention", "only causal attention can go step by step: the others see what is still to come")
	}
	q, k, v := l.queriesKeysValues(x, seen.Len)
	seen.add(k, v)
	return l.look(q, seen.Keys, seen.Values, tensor.Attention{Causal: true, Filled: seen.Len})
}

// Recall looks from the steps of x, N×T×E, which begin at a place of their sequence, at a memory. It returns what Attend does.
func (l *MultiHeadAttention) Recall(x *tensor.Tensor, place int, memory *KeysValues) *tensor.Tensor {
	l.check(x)
	q := l.turn(l.linear(x, 0, l.InWeight.Dim(1)), place)
	return l.look(q, memory.Keys, memory.Values, tensor.Attention{Filled: memory.Len, Lengths: memory.Lengths})
}

// add writes the keys and values of more steps, N×T×E, behind the others.
func (s *KeysValues) add(k, v *tensor.Tensor) {
	n, room, e := s.Keys.Dim(0), s.Keys.Dim(1), s.Keys.Dim(2)
	t := k.Dim(1)
	if k.Dim(0) != n || s.Len+t > room {
		fail("KeysValues", "%d more steps of %d sequences do not fit behind %d, in the room for %d of %d", t, k.Dim(0), s.Len, room, n)
	}
	for _, w := range []struct{ to, from *tensor.Tensor }{{s.Keys, k}, {s.Values, v}} {
		to, from := w.to.Edit(), w.from.Data()
		for i := range n {
			copy(to[(i*room+s.Len)*e:], from[i*t*e:(i+1)*t*e])
		}
	}
	s.Len += t
}

// Forget forgets all steps but the first n.
func (s *KeysValues) Forget(n int) { s.Len = min(s.Len, n) }
