package recipe

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/internal/near"
)

// A Setting is one key of a recipe: what key=value on the command line and the lines of config.yaml set.
type Setting struct {
	Key, Type, Help string
	Value           any
	Fixed           bool // once training has begun
}

// auto is a whole number that a recipe chooses by itself.
const auto = -1

// BadSetting says that a setting has a value that it cannot have.
type BadSetting struct {
	Key, Value string
	Problem    string
}

func (e *BadSetting) Error() string { return fmt.Sprintf("%s=%s: %s", e.Key, e.Value, e.Problem) }

// A rule is what the value of a setting must meet.
type rule struct {
	ok      bool
	key     string
	value   any
	problem string
}

// firstBroken is the *BadSetting of the first rule that is not met, nil where there is none.
func firstBroken(rules []rule) error {
	for _, r := range rules {
		if !r.ok {
			return &BadSetting{r.key, fmt.Sprint(r.value), r.problem}
		}
	}
	return nil
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
		return s + "; did you mean " + strings.Join(e.Near, " or ") + "?"
	}
	return s + "; the keys are " + strings.Join(e.All, ", ")
}

// Settings lists the settings of a pointer to a struct, whose fields have the tags yaml (the key), help, for words oneof, and fixed for
// what cannot change once training has begun. A number with the tag auto can be the word auto, which is NaN here. Settings that are
// embedded, or a pointer to them, count as those of the struct itself; they have the tag yaml:",inline".
func Settings(of any) []Setting {
	var all []Setting
	v := reflect.ValueOf(of).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			all = append(all, Settings(reflect.Indirect(v.Field(i)).Addr().Interface())...)
		} else if key := f.Tag.Get("yaml"); key != "" {
			help := f.Tag.Get("help")
			if words := f.Tag.Get("oneof"); words != "" {
				help += ": " + strings.ReplaceAll(words, " ", ", ")
			}
			value := v.Field(i).Interface()
			if n, ok := value.(float64); ok && math.IsNaN(n) || value == auto && f.Tag.Get("auto") != "" {
				value = "auto"
			}
			all = append(all, Setting{key, kindName(f.Type.Kind()), help, value, f.Tag.Get("fixed") != ""})
		}
	}
	return all
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.Int, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	}
	return "a word"
}

// Set sets one setting of a pointer to a struct from text.
func Set(of any, key, text string) error {
	v := reflect.ValueOf(of).Elem()
	var keys []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			err := Set(reflect.Indirect(v.Field(i)).Addr().Interface(), key, text)
			var unknown *UnknownKey
			if !errors.As(err, &unknown) {
				return err
			}
			keys = append(keys, unknown.All...)
			continue
		}
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

// SetAll sets settings of a pointer to a struct, each key=value.
func SetAll(of any, settings []string) error {
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		if err := Set(of, key, value); err != nil {
			return err
		}
	}
	return nil
}

func setField(v reflect.Value, f reflect.StructField, key, text string) error {
	var err error
	switch v.Kind() {
	case reflect.Int:
		if text == "auto" && f.Tag.Get("auto") != "" {
			v.SetInt(auto)
			return nil
		}
		var n int64
		n, err = strconv.ParseInt(text, 10, 0)
		v.SetInt(n)
	case reflect.Uint64:
		var n uint64
		n, err = strconv.ParseUint(text, 10, 64)
		v.SetUint(n)
	case reflect.Float64:
		if text == "auto" && f.Tag.Get("auto") != "" {
			v.SetFloat(math.NaN())
			return nil
		}
		var n float64
		if n, err = strconv.ParseFloat(text, 64); n != n {
			return &BadSetting{key, text, "it must be a number"}
		}
		v.SetFloat(n)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	default:
		if words := strings.Fields(f.Tag.Get("oneof")); len(words) > 0 && !slices.Contains(words, text) {
			return &BadSetting{key, text, "it is one of " + strings.Join(words, ", ")}
		}
		v.SetString(text)
	}
	if err != nil {
		return &BadSetting{key, text, "it must be " + kindName(v.Kind())}
	}
	return nil
}
