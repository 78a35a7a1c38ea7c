package nn

import (
	"iter"
	"reflect"
)

// Find yields the layers of type L in the exported fields of a model, depth first in the order of declaration, each once:
//
//	for norm := range nn.Find[*nn.BatchNorm](net) {
//		norm.Frozen = true
//	}
func Find[L any](model any) iter.Seq[L] {
	return func(yield func(L) bool) {
		find(reflect.ValueOf(model), map[any]bool{}, yield)
	}
}

// find yields what is below v and reports whether to go on; seen has the pointers that it was at.
func find[L any](v reflect.Value, seen map[any]bool, yield func(L) bool) bool {
	if !v.IsValid() {
		return true
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() || v.Type() == tensorType || seen[v.Interface()] {
			return true
		}
		seen[v.Interface()] = true
	}
	if l, ok := v.Interface().(L); ok && v.Kind() != reflect.Interface {
		return yield(l)
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return find(v.Elem(), seen, yield)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !find(v.Index(i), seen, yield) {
				return false
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !find(v.Field(i), seen, yield) {
				return false
			}
		}
	}
	return true
}
