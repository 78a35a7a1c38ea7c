package torch

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// The values of a pickle are nil, bool, int64, *big.Int, float64, complex128, string, []byte, and the types below. What Python shares by
// reference is a pointer here, so that values which a pickle names twice take memory once.
type (
	tuple []any
	list  struct{ items []any }
	dict  struct {
		keys, values []any
		index        map[any]int // position of the keys that Go can compare
		ordered      bool        // an OrderedDict, which may have attributes
	}
	set    struct{ list }
	global struct{ module, name string }
	object struct{ made string } // what a call that was not made would have returned
)

// set assigns a key. The last value of a key counts, its place is that of the first, as in Python.
func (d *dict) set(key, value any) {
	text, isText := key.(string)
	switch key.(type) {
	case nil, bool, int64, float64, string:
		if isText && len(text) > maxName {
			break // To look up long keys over and over would take long, and their values have no name.
		}
		if d.index == nil {
			d.index = map[any]int{}
		}
		if i, ok := d.index[key]; ok {
			d.values[i] = value
			return
		}
		d.index[key] = len(d.keys)
	}
	d.keys = append(d.keys, key)
	d.values = append(d.values, value)
}

func (d *dict) get(key any) any {
	if i, ok := d.index[key]; ok {
		return d.values[i]
	}
	return nil
}

// maxPrint is how many bytes of an argument are printed.
const maxPrint = 160

// printed writes a value as Python would, shortened: it ends three levels deep and after maxPrint bytes.
func printed(v any) string {
	var b strings.Builder
	printTo(&b, v, 0)
	if b.Len() > maxPrint {
		return strings.ToValidUTF8(b.String()[:maxPrint], "") + "…"
	}
	return b.String()
}

func printTo(b *strings.Builder, v any, depth int) {
	if b.Len() > maxPrint {
		return
	}
	if depth > 3 {
		b.WriteString("…")
		return
	}
	items := func(open string, values []any, shut string) {
		b.WriteString(open)
		for i, v := range values {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > maxPrint {
				break
			}
			printTo(b, v, depth+1)
		}
		b.WriteString(shut)
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		b.WriteString(map[bool]string{false: "False", true: "True"}[v])
	case string:
		b.WriteString(strconv.Quote(v[:min(len(v), maxPrint)]))
	case []byte:
		b.WriteString("b" + strconv.Quote(string(v[:min(len(v), maxPrint)])))
	case *big.Int:
		fmt.Fprintf(b, "%.40s", v.String())
	case tuple:
		items("(", v, ")")
	case *list:
		items("[", v.items, "]")
	case *set:
		items("{", v.items, "}")
	case *dict:
		b.WriteString("{")
		for i, key := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > maxPrint {
				break
			}
			printTo(b, key, depth+1)
			b.WriteString(": ")
			printTo(b, v.values[i], depth+1)
		}
		b.WriteString("}")
	case global:
		b.WriteString(v.String())
	case *object:
		b.WriteString("<" + v.made + ">")
	case *tensor:
		fmt.Fprintf(b, "<tensor %s %v>", v.dtype, v.shape)
	case storageRef:
		fmt.Fprintf(b, "<storage %s>", v.dtype)
	default:
		fmt.Fprint(b, v)
	}
}

// String returns module.name, shortened.
func (g global) String() string {
	s := g.module + "." + g.name
	if len(s) > maxPrint {
		s = s[:maxPrint] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// kind names the type of a value in messages.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case int64, *big.Int:
		return "an int"
	case string:
		return "a str"
	case []byte:
		return "bytes"
	case tuple:
		return "a tuple"
	case *list:
		return "a list"
	case *dict:
		return "a dict"
	case *set:
		return "a set"
	case global:
		return "a class or function"
	case *object:
		return "an object that is not built"
	case *tensor:
		return "a tensor"
	case storageRef:
		return "a storage"
	}
	return fmt.Sprintf("a %T", v)
}
