package torch

import (
	"math/big"
	"slices"
	"strings"
)

// A builder does what a function of Python does with plain arguments. It reports false where the arguments ask for more than that:
// the call is then recorded like that of an unknown function.
type builder func(m *machine, arguments tuple) (value any, ok bool, err error)

// builders are the only functions and classes whose calls have an effect, each of them written here.
var builders = map[string]builder{
	"collections.OrderedDict":                    newOrderedDict,
	"collections.defaultdict":                    func(_ *machine, a tuple) (any, bool, error) { return &dict{}, len(a) < 2, nil },
	"collections.Counter":                        newCounter,
	"builtins.set":                               newSetOf,
	"builtins.frozenset":                         newSetOf,
	"builtins.list":                              func(_ *machine, a tuple) (any, bool, error) { return &list{}, len(a) == 0, nil },
	"builtins.dict":                              func(_ *machine, a tuple) (any, bool, error) { return &dict{}, len(a) == 0, nil },
	"builtins.complex":                           newComplex,
	"builtins.bytes":                             newBytes,
	"builtins.bytearray":                         newBytes,
	"_codecs.encode":                             encode,
	"torch.Size":                                 newSize,
	"torch.device":                               newDevice,
	"torch._utils._rebuild_tensor":               rebuildTensor,
	"torch._utils._rebuild_tensor_v2":            rebuildTensor,
	"torch._utils._rebuild_tensor_v3":            rebuildTensorV3,
	"torch._utils._rebuild_parameter":            rebuildParameter,
	"torch._utils._rebuild_parameter_with_state": rebuildParameter,
	"torch._tensor._rebuild_from_type_v2":        rebuildFromType,
	"numpy.dtype":                                newNumpyType,
	"numpy.core.multiarray.scalar":               newNumpyScalar,
	"numpy.core.multiarray._reconstruct":         newNumpyArray,
}

// known returns the name of a global by which builders has it: modules were renamed in Python 3 and NumPy 2.
func (g global) known() string {
	name := g.module + "." + g.name
	if rest, ok := strings.CutPrefix(name, "__builtin__."); ok {
		return "builtins." + rest
	}
	if rest, ok := strings.CutPrefix(name, "numpy._core."); ok {
		return "numpy.core." + rest
	}
	return name
}

// call builds the value of a call that builders has, and records any other.
func (m *machine) call(function, arguments any) error {
	g, isGlobal := function.(global)
	a, isTuple := arguments.(tuple)
	if !isGlobal || !isTuple {
		return m.refuse(function, arguments)
	}
	build, ok := builders[g.known()]
	if !ok {
		return m.refuse(function, arguments)
	}
	v, ok, err := build(m, a)
	if err != nil {
		return err
	}
	if !ok {
		return m.refuse(function, arguments)
	}
	if err := m.spend(100); err != nil {
		return err
	}
	return m.push(v)
}

// refuse records a call and pushes what stands for its result.
func (m *machine) refuse(function, arguments any) error {
	name := printed(function)
	if object, ok := function.(*object); ok {
		name = object.made
	}
	if err := m.record(name, arguments); err != nil {
		return err
	}
	if err := m.spend(len(name) + 32); err != nil {
		return err
	}
	return m.push(&object{name})
}

// build gives an object its state. Attributes of an OrderedDict (_metadata of a state_dict) are dropped.
func (m *machine) build(state any) error {
	target, err := m.top()
	if err != nil {
		return err
	}
	switch target := target.(type) {
	case *object:
		return m.record(target.made+".__setstate__", tuple{state})
	case *dict:
		if target.ordered {
			return nil
		}
	case *numpyType:
		return target.setState(state)
	case *tensor:
		if target.fill {
			return target.setNumpy(m, state)
		}
		if target.refused == "" {
			target.refused = "a call would have set its state"
		}
		return m.record("torch.Tensor.__setstate__", tuple{state})
	}
	return wrong("sets the state of %s", kind(target))
}

// newOrderedDict takes nothing, or a list of pairs as Python 2 wrote them.
func newOrderedDict(m *machine, a tuple) (any, bool, error) {
	d := &dict{ordered: true}
	if len(a) == 0 {
		return d, true, nil
	}
	pairs, ok := a[0].(*list)
	if !ok || len(a) > 1 {
		return nil, false, nil
	}
	if err := m.spend(96 * len(pairs.items)); err != nil { // Before the work: many calls may share one list.
		return nil, false, err
	}
	for _, item := range pairs.items {
		var pair []any
		switch item := item.(type) {
		case *list:
			pair = item.items
		case tuple:
			pair = item
		}
		if len(pair) != 2 {
			return nil, false, nil
		}
		d.set(pair[0], pair[1])
	}
	return d, true, nil
}

func newCounter(m *machine, a tuple) (any, bool, error) {
	if len(a) == 0 {
		return &dict{ordered: true}, true, nil
	}
	if d, ok := a[0].(*dict); ok && len(a) == 1 {
		return d, true, nil
	}
	return nil, false, nil
}

func newSetOf(m *machine, a tuple) (any, bool, error) {
	if len(a) == 0 {
		return &set{}, true, nil
	}
	var items []any
	switch v := a[0].(type) {
	case *list:
		items = v.items
	case tuple:
		items = v
	default:
		return nil, false, nil
	}
	if err := m.spend(16 * len(items)); err != nil {
		return nil, false, err
	}
	return &set{list{slices.Clone(items)}}, len(a) == 1, nil
}

func newComplex(_ *machine, a tuple) (any, bool, error) {
	if len(a) != 2 {
		return nil, false, nil
	}
	re, ok := a[0].(float64)
	im, also := a[1].(float64)
	return complex(re, im), ok && also, nil
}

func newBytes(_ *machine, a tuple) (any, bool, error) {
	if len(a) == 0 {
		return []byte{}, true, nil
	}
	b, ok := a[0].([]byte)
	return b, ok && len(a) == 1, nil
}

// encode turns a string whose characters are bytes into them: so do protocols without bytes write them.
func encode(m *machine, a tuple) (any, bool, error) {
	if len(a) != 2 || a[1] != "latin1" {
		return nil, false, nil
	}
	s, ok := a[0].(string)
	if !ok {
		return nil, false, nil
	}
	if err := m.spend(len(s)); err != nil {
		return nil, false, err
	}
	b := make([]byte, 0, len(s))
	for _, c := range s {
		if c > 255 {
			return nil, false, wrong("bytes are written as a string with %q", c)
		}
		b = append(b, byte(c))
	}
	return b, true, nil
}

func newSize(_ *machine, a tuple) (any, bool, error) {
	if len(a) != 1 {
		return nil, false, nil
	}
	size, ok := a[0].(tuple)
	return size, ok, nil
}

func newDevice(_ *machine, a tuple) (any, bool, error) {
	if len(a) == 0 {
		return nil, false, nil
	}
	name, ok := a[0].(string)
	return name, ok, nil
}

// integer returns an int64; big integers are none.
func integer(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case *big.Int:
		return 0, wrong("the number %.40s is too large", v.String())
	}
	return 0, wrong("%s is where an integer must be", kind(v))
}
