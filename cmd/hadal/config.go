package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/hadal-go/hadal/internal/near"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

// config is config.yaml: what a run was asked for, resolved.
type config struct {
	Recipe   string `yaml:"recipe"`
	Seed     uint64 `yaml:"seed"`
	Settings any    `yaml:"settings"`
}

// setting is how key=value begins; a path with an equals sign in it is told apart by what comes before.
var setting = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*=`)

// split separates the name of a recipe or run from key=value arguments.
func split(args []string) (names, settings []string) {
	for _, arg := range args {
		if setting.MatchString(arg) {
			settings = append(settings, arg)
		} else {
			names = append(names, arg)
		}
	}
	return names, settings
}

// keyed returns the values of key=value settings by their keys, which must be among those.
func keyed(settings []string, keys ...string) (map[string]string, error) {
	values := map[string]string{}
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		if !slices.Contains(keys, key) {
			return nil, usageError{near.Unknown("key", "keys", key, keys)}
		}
		values[key] = value
	}
	return values, nil
}

// job returns a recipe's job with key=value settings.
func job(name string, settings []string) (recipe.Job, error) {
	r, err := recipe.ByName(name)
	if err != nil {
		return nil, usageError{err}
	}
	j, err := r.Job(settings)
	if err != nil {
		return nil, usageError{err}
	}
	return j, nil
}

// set sets the settings of a job or a study, a pointer to a struct, from key=value.
func set(of any, settings []string) error {
	if err := recipe.SetAll(of, settings); err != nil {
		return usageError{err}
	}
	return nil
}

// writeConfig leaves config.yaml in a run.
func writeConfig(run *train.Run, c config) error {
	b, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return run.Write("config.yaml", func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// readConfig reads config.yaml of a run, and returns its recipe's job with the settings in it. Every setting must be there: one that
// is missing would be another run.
func readConfig(run *train.Run) (config, recipe.Job, error) {
	path := run.Path("config.yaml")
	b, err := os.ReadFile(path)
	if err != nil {
		return config{}, nil, dataError{err}
	}
	c, j, err := parseConfig(b)
	if err != nil {
		return config{}, nil, dataError{fmt.Errorf("%s is damaged: %v\nIt holds what the run was trained with: mend it, or train anew", path, err)}
	}
	return c, j, nil
}

func parseConfig(b []byte) (config, recipe.Job, error) {
	var c config
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&c); err != nil {
		return config{}, nil, err
	}
	r, err := recipe.ByName(c.Recipe)
	if err != nil {
		return config{}, nil, err
	}
	values, ok := c.Settings.(map[string]any)
	if !ok {
		return config{}, nil, errors.New("settings: there are none")
	}
	j := r.New()
	for _, s := range recipe.Settings(j.Settings()) {
		if _, ok := values[s.Key]; !ok {
			return config{}, nil, fmt.Errorf("settings: %s is missing; the recipe has %s=%v", s.Key, s.Key, s.Value)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err := recipe.Set(j.Settings(), key, fmt.Sprint(values[key])); err != nil {
			return config{}, nil, fmt.Errorf("settings: %w", err)
		}
	}
	c.Settings = j.Settings()
	return c, j, nil
}
