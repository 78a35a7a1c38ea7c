package torch

import (
	"math"
	"slices"

	"github.com/hadal-go/hadal/format/internal/number"
)

// maxAxes is how many axes PyTorch's operations take.
const maxAxes = 64

// A tensor is a view of a storage: element i, j, … lies at offset + i·strides[0] + j·strides[1] + … of its elements.
type tensor struct {
	dtype          string
	shape, strides []int
	offset         int64 // in elements
	storage        *storage
	fill           bool   // a NumPy array that has no state yet
	refused        string // why its values cannot be read, empty if they can
}

// A storage is a run of bytes of the file.
type storage struct {
	key   string // of its record or its place in the list of storages
	bytes int64
	open  source
	whole *storage // the storage that this is a part of, in legacy files, or nil
	begin int64    // where in whole
}

// A storageRef is a storage as the pickle names it: with a type of elements, empty if it is untyped.
type storageRef struct {
	*storage
	dtype string
}

// storageTypes has the types of elements by the classes of storages, of module torch and, in old files, torch.cuda.
var storageTypes = map[string]string{
	"DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16", "LongStorage": "I64",
	"IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8", "BoolStorage": "BOOL",
	"ComplexFloatStorage": "C64", "ComplexDoubleStorage": "C128",
	// Elements of quantized tensors, whose values are not read, so that the rest of their file is.
	"QInt8Storage": "I8", "QUInt8Storage": "U8", "QUInt4x2Storage": "U8", "QUInt2x4Storage": "U8", "QInt32Storage": "I32",
	"UntypedStorage": "", "_UntypedStorage": "",
}

// dtypes has the types of elements by their names in module torch.
var dtypes = map[string]string{
	"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16",
	"int8": "I8", "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64", "bool": "BOOL", "complex64": "C64",
	"complex128": "C128", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e4m3fnuz": "F8_E4M3FNUZ",
	"float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0",
}

// storageType returns the type of a class of storages, empty for untyped ones, and whether it is one.
func storageType(class any) (string, bool) {
	g, ok := class.(global)
	if !ok || g.module != "torch" && g.module != "torch.cuda" && g.module != "torch.storage" {
		return "", false
	}
	dtype, ok := storageTypes[g.name]
	return dtype, ok
}

// rebuildTensor takes storage, offset, shape, strides, and in version 2 requires_grad, hooks and a dict of marks.
func rebuildTensor(m *machine, a tuple) (any, bool, error) {
	if len(a) < 4 {
		return nil, false, wrong("_rebuild_tensor has %d arguments", len(a))
	}
	ref, ok := a[0].(storageRef)
	if !ok {
		return nil, false, objectOr(a[0], "a storage")
	}
	if ref.dtype == "" {
		return nil, false, wrong("a tensor on an untyped storage has no type of elements")
	}
	t := &tensor{dtype: ref.dtype, storage: ref.storage}
	if len(a) > 6 {
		t.refused = mark(a[6])
	}
	return t, true, t.place(m, a[1], a[2], a[3])
}

// rebuildTensorV3 is version 2 with the type of elements behind the hooks, on an untyped storage.
func rebuildTensorV3(m *machine, a tuple) (any, bool, error) {
	if len(a) < 7 {
		return nil, false, wrong("_rebuild_tensor_v3 has %d arguments", len(a))
	}
	ref, ok := a[0].(storageRef)
	if !ok {
		return nil, false, objectOr(a[0], "a storage")
	}
	g, _ := a[6].(global)
	dtype, ok := dtypes[g.name]
	if !ok || g.module != "torch" {
		return nil, false, nil
	}
	t := &tensor{dtype: dtype, storage: ref.storage}
	if len(a) > 7 {
		t.refused = mark(a[7])
	}
	return t, true, t.place(m, a[1], a[2], a[3])
}

// mark returns why a tensor with a dict of marks cannot be read: its values are the conjugates or negatives of those in the file.
func mark(v any) string {
	d, ok := v.(*dict)
	if !ok {
		return ""
	}
	for _, name := range []string{"conj", "neg"} {
		if d.get(name) == true {
			return "is stored with the mark " + name + ", which is not resolved here; save tensor.resolve_" + name + "()"
		}
	}
	return ""
}

// rebuildParameter takes a tensor, requires_grad, hooks and possibly attributes. The result is the tensor.
func rebuildParameter(_ *machine, a tuple) (any, bool, error) {
	if len(a) == 0 {
		return nil, false, wrong("_rebuild_parameter has no arguments")
	}
	t, ok := a[0].(*tensor)
	if !ok {
		return nil, false, objectOr(a[0], "a tensor")
	}
	return t, true, nil
}

// rebuildFromType takes a function, a class, the function's arguments and attributes: so are tensors with attributes written.
func rebuildFromType(m *machine, a tuple) (any, bool, error) {
	if len(a) != 4 {
		return nil, false, wrong("_rebuild_from_type_v2 has %d arguments", len(a))
	}
	function, ok := a[0].(global)
	class, also := a[1].(global)
	arguments, too := a[2].(tuple)
	if !ok || !also || !too {
		return nil, false, nil
	}
	switch class.module + "." + class.name {
	case "torch.Tensor", "torch._tensor.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer":
	default:
		return nil, false, nil
	}
	switch function.module + "." + function.name {
	case "torch._utils._rebuild_tensor_v2":
		return rebuildTensor(m, arguments)
	case "torch._utils._rebuild_tensor_v3":
		return rebuildTensorV3(m, arguments)
	case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
		return rebuildParameter(m, arguments)
	}
	return nil, false, nil
}

// objectOr is no error if v is an object that was not built, since what is made of it cannot be built either.
func objectOr(v any, want string) error {
	if _, ok := v.(*object); ok {
		return nil
	}
	return wrong("%s is where %s must be", kind(v), want)
}

// place sets offset, shape and strides and checks that every element lies in the storage.
func (t *tensor) place(m *machine, offset, shape, strides any) (err error) {
	if t.offset, err = integer(offset); err != nil {
		return err
	}
	if t.shape, err = integers(shape); err != nil {
		return err
	}
	if t.strides, err = integers(strides); err != nil {
		return err
	}
	if len(t.shape) != len(t.strides) {
		return wrong("a tensor of shape %v has strides %v", t.shape, t.strides)
	}
	if t.offset < 0 {
		return wrong("a tensor begins at element %d", t.offset)
	}
	if err := m.spend(200 + 16*len(t.shape)); err != nil {
		return err
	}
	width := int64(number.Width(t.dtype))
	if _, ok := number.Elements(t.shape, int(width), viewExpansion*m.file+slack); !ok {
		return wrong("a tensor of shape %v and type %s is impossible, or more than %d times as large as the file", t.shape, t.dtype, viewExpansion)
	}
	if slices.Contains(t.shape, 0) {
		return nil
	}
	last := t.offset
	room := t.storage.bytes / width
	for i, n := range t.shape {
		if n == 1 {
			continue
		}
		if t.strides[i] < 0 || int64(t.strides[i]) > (math.MaxInt64-last)/int64(n-1) {
			return wrong("a tensor has strides %v", t.strides)
		}
		last += int64(t.strides[i]) * int64(n-1)
	}
	if last >= room {
		return wrong("a tensor of shape %v, strides %v and offset %d ends at element %d of a storage of %d",
			t.shape, t.strides, t.offset, last, room)
	}
	return nil
}

// viewExpansion is how many times the size of the file a tensor may have: those that PyTorch expanded repeat elements.
const viewExpansion = 16

func integers(v any) ([]int, error) {
	values, ok := v.(tuple)
	if !ok {
		return nil, wrong("%s is where a shape or strides must be", kind(v))
	}
	if len(values) > maxAxes {
		return nil, wrong("a tensor has %d axes, PyTorch's have at most %d", len(values), maxAxes)
	}
	ints := make([]int, len(values))
	for i, v := range values {
		n, err := integer(v)
		if err != nil {
			return nil, err
		}
		if n > math.MaxInt || n < math.MinInt {
			return nil, wrong("%d is too large for this machine", n)
		}
		ints[i] = int(n)
	}
	return ints, nil
}
