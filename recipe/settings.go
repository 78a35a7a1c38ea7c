package recipe

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/internal/near"
)

// A Setting is one key of a recipe: what key=value on the command line and the lines of config.yaml set.
type Setting struct {
	Key, Type, Value, Help string
}

// UnknownKey says that a recipe has no such setting.
type UnknownKey struct {
	Key  string
	Near []string
	All  []string
}

func (e *UnknownKey) Error() string {
	s := fmt.Sprintf("unknown key %q", e.Key)
	if len(e.Near) > 0 {
		s += "; did you mean " + strings.Join(e.Near, " or ") + "?"
	}
	return s + " The keys are " + strings.Join(e.All, ", ") + "."
}

// Settings lists the settings of a pointer to a struct, whose fields have the tags yaml (the key), help, and for words oneof.
func Settings(of any) []Setting {
	var all []Setting
	v := reflect.ValueOf(of).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if key := f.Tag.Get("yaml"); key != "" {
			help := f.Tag.Get("help")
			if words := f.Tag.Get("oneof"); words != "" {
				help += ": " + strings.ReplaceAll(words, " ", ", ")
			}
			all = append(all, Setting{key, kindName(f.Type.Kind()), fmt.Sprint(v.Field(i).Interface()), help})
		}
	}
	return all
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.Int, reflect.Uint64:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "true or false"
	}
	return "word"
}

// Set sets one setting of a pointer to a struct from text.
func Set(of any, key, text string) error {
	v := reflect.ValueOf(of).Elem()
	var keys []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("yaml")
		if name == "" {
			continue
		}
		if name == strings.ReplaceAll(key, "-", "_") {
			return setField(v.Field(i), f, key, text)
		}
		keys = append(keys, name)
	}
	return &UnknownKey{key, near.Near(key, keys), keys}
}

func setField(v reflect.Value, f reflect.StructField, key, text string) error {
	var err error
	switch v.Kind() {
	case reflect.Int:
		var n int64
		n, err = strconv.ParseInt(text, 10, 0)
		v.SetInt(n)
	case reflect.Uint64:
		var n uint64
		n, err = strconv.ParseUint(text, 10, 64)
		v.SetUint(n)
	case reflect.Float64:
		var n float64
		n, err = strconv.ParseFloat(text, 64)
		v.SetFloat(n)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	default:
		if words := strings.Fields(f.Tag.Get("oneof")); len(words) > 0 && !contains(words, text) {
			return fmt.Errorf("%s=%s: it is one of %s", key, text, strings.Join(words, ", "))
		}
		v.SetString(text)
	}
	if err != nil {
		return fmt.Errorf("%s=%s: it must be a %s", key, text, kindName(v.Kind()))
	}
	return nil
}

func contains(words []string, w string) bool {
	for _, v := range words {
		if v == w {
			return true
		}
	}
	return false
}
