package torch

import (
	"fmt"
	"slices"
)

// maxCalls is how many calls are kept.
const maxCalls = 1000

// A machine runs one pickle: a program for a stack machine, of which the instructions that build plain values are carried out and those
// that would call something are written down. It follows https://github.com/python/cpython/blob/main/Lib/pickletools.py.
type machine struct {
	*input
	file      int64 // bytes of the whole file
	stack     []any
	marks     []int // heights of the stack
	memo      map[uint64]any
	load      func(id any) (any, error) // what a persistent id stands for
	calls     []Call
	moreCalls int
}

// run reads one pickle to its end and returns its value.
func (m *machine) run() (any, error) {
	m.stack, m.marks, m.memo = nil, nil, map[uint64]any{}
	for {
		at := m.pos
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if op == '.' {
			v, err := m.pop()
			return v, m.place(err, op, at)
		}
		step := steps[op]
		if step == nil {
			return nil, m.place(wrong("there is no such instruction"), op, at)
		}
		if err := step(m); err != nil {
			return nil, m.place(err, op, at)
		}
	}
}

// place says which instruction an error is about, unless it is one of reading or has said so.
func (m *machine) place(err error, op byte, at int64) error {
	if p, ok := err.(problem); ok {
		return FormatError{"", fmt.Sprintf("pickle: byte %d, instruction %q: %s", at, op, string(p))}
	}
	return err
}

// A problem is what is wrong with an instruction.
type problem string

func (p problem) Error() string { return string(p) }

func wrong(format string, args ...any) error { return problem(fmt.Sprintf(format, args...)) }

func (m *machine) push(v any) error {
	grown := cap(m.stack)
	m.stack = append(m.stack, v)
	return m.spend(8 + 32*(cap(m.stack)-grown))
}

// bottom is where the stack ends for instructions that take single values: at the last mark.
func (m *machine) bottom() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() (any, error) {
	if len(m.stack) <= m.bottom() {
		return nil, wrong("takes a value from an empty stack")
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

func (m *machine) top() (any, error) {
	if len(m.stack) <= m.bottom() {
		return nil, wrong("takes a value from an empty stack")
	}
	return m.stack[len(m.stack)-1], nil
}

// toMark takes the values above the last mark, and the mark. The result is part of the stack and holds until the next push.
func (m *machine) toMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, wrong("there is no mark")
	}
	at := m.bottom()
	values := m.stack[at:]
	m.stack = m.stack[:at]
	m.marks = m.marks[:len(m.marks)-1]
	return values, nil
}

// popN takes n single values, of which the first is the deepest. The result holds until the next push.
func (m *machine) popN(n int) ([]any, error) {
	if len(m.stack)-n < m.bottom() {
		return nil, wrong("takes %d values, there are %d", n, len(m.stack)-m.bottom())
	}
	values := m.stack[len(m.stack)-n:]
	m.stack = m.stack[:len(m.stack)-n]
	return values, nil
}

func (m *machine) put(i uint64) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	m.memo[i] = v
	return m.spend(48)
}

func (m *machine) get(i uint64) error {
	v, ok := m.memo[i]
	if !ok {
		return wrong("nothing is remembered as %d", i)
	}
	return m.push(v)
}

func (m *machine) pushTuple(values []any) error {
	if err := m.spend(24 + 16*len(values)); err != nil {
		return err
	}
	return m.push(tuple(slices.Clone(values)))
}

func (m *machine) pushList(values []any) error {
	if err := m.spend(40 + 16*len(values)); err != nil {
		return err
	}
	return m.push(&list{slices.Clone(values)})
}

// extend appends to the list or set on top of the stack.
func (m *machine) extend(values []any, method string) error {
	values = slices.Clone(values)
	target, err := m.top()
	if err != nil {
		return err
	}
	if err := m.spend(20 * len(values)); err != nil {
		return err
	}
	switch target := target.(type) {
	case *list:
		target.items = append(target.items, values...)
	case *set:
		target.items = append(target.items, values...)
	case *object:
		return m.record(target.made+"."+method, tuple(values))
	default:
		return wrong("adds to %s", kind(target))
	}
	return nil
}

// setItems assigns key, value, key, value … to the dict on top of the stack.
func (m *machine) setItems(pairs []any) error {
	pairs = slices.Clone(pairs)
	if len(pairs)%2 != 0 {
		return wrong("a key has no value")
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	if object, ok := target.(*object); ok {
		return m.record(object.made+".__setitem__", tuple(pairs))
	}
	d, ok := target.(*dict)
	if !ok {
		return wrong("assigns an item of %s", kind(target))
	}
	return m.fill(d, pairs)
}

func (m *machine) fill(d *dict, pairs []any) error {
	for i := 0; i < len(pairs); i += 2 {
		d.set(pairs[i], pairs[i+1])
	}
	return m.spend(48 * len(pairs))
}

// record writes down a call that is not made.
func (m *machine) record(function string, arguments any) error {
	if len(m.calls) == maxCalls {
		m.moreCalls++
		return nil
	}
	m.calls = append(m.calls, Call{function, printed(arguments)})
	return nil
}
