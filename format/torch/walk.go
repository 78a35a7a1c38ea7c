package torch

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
)

const (
	maxDepth = 100  // of dicts, lists and tuples in each other
	maxName  = 4096 // bytes of a name
)

var errStop = errors.New("stop")

// A walker visits the values of a file. A value that the pickle names in many places is visited in each, so their number is limited.
type walker struct {
	nodes int64
	leaf  func(name string, v any) error
}

// walk calls leaf for everything that is no dict, list, tuple or set, in the order of the pickle.
func (f *File) walk(leaf func(name string, v any) error) error {
	w := &walker{f.nodes, leaf}
	return w.visit("", f.root, 0)
}

func (w *walker) visit(name string, v any, depth int) error {
	w.nodes--
	switch {
	case w.nodes < 0:
		return FormatError{"", "values that contain each other many times over expand to more than the file can mean"}
	case depth > maxDepth:
		return FormatError{"", fmt.Sprintf("values are nested more than %d deep, or contain themselves, at %.80q", maxDepth, name)}
	case len(name) > maxName:
		return FormatError{"", fmt.Sprintf("the name that begins with %.80q is longer than %d bytes", name, maxName)}
	}
	switch v := v.(type) {
	case *dict:
		for i, key := range v.keys {
			k, ok := keyName(key)
			if !ok {
				continue
			}
			if len(k) > maxName {
				k = k[:maxName+1] // too long even so
			}
			if err := w.visit(join(name, k, depth), v.values[i], depth+1); err != nil {
				return err
			}
		}
		return nil
	case *list:
		return w.items(name, v.items, depth)
	case *set:
		return w.items(name, v.items, depth)
	case tuple:
		return w.items(name, v, depth)
	}
	return w.leaf(name, v)
}

func (w *walker) items(name string, items []any, depth int) error {
	for i, item := range items {
		if err := w.visit(join(name, strconv.Itoa(i), depth), item, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func join(name, key string, depth int) string {
	if depth == 0 {
		return key
	}
	return name + "." + key
}

// keyName writes a key of a dict; those that were to come from calls have none.
func keyName(key any) (string, bool) {
	switch key := key.(type) {
	case string:
		return key, true
	case []byte:
		return string(key[:min(len(key), maxName+1)]), true
	case *object, *tensor, *list, *dict, *set, storageRef:
		return "", false
	case *big.Int:
		return key.String(), true
	}
	return printed(key), true
}
