package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

// config is config.yaml: what a run was asked for, resolved.
type config struct {
	Recipe   string `yaml:"recipe"`
	Seed     uint64 `yaml:"seed"`
	Settings any    `yaml:"settings"`
}

// split separates the name of a recipe or run from key=value arguments.
func split(args []string) (names, settings []string) {
	for _, arg := range args {
		if strings.Contains(arg, "=") {
			settings = append(settings, arg)
		} else {
			names = append(names, arg)
		}
	}
	return names, settings
}

// job returns a recipe's job with key=value settings.
func job(name string, settings []string) (recipe.Job, error) {
	r, err := recipe.ByName(name)
	if err != nil {
		return nil, usageError{err}
	}
	j := r.New()
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		if err := recipe.Set(j.Settings(), key, value); err != nil {
			return nil, usageError{err}
		}
	}
	return j, nil
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

// readConfig reads config.yaml of a run, and returns its recipe's job with the settings in it and those given.
func readConfig(run *train.Run, settings []string) (config, recipe.Job, error) {
	path := run.Path("config.yaml")
	b, err := os.ReadFile(path)
	if err != nil {
		return config{}, nil, dataError{err}
	}
	var head struct {
		Recipe string `yaml:"recipe"`
	}
	if err := yaml.Unmarshal(b, &head); err != nil {
		return config{}, nil, dataError{fmt.Errorf("%s: %w", path, err)}
	}
	j, err := job(head.Recipe, nil)
	if err != nil {
		return config{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	c := config{Settings: j.Settings()}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&c); err != nil {
		return config{}, nil, dataError{fmt.Errorf("%s: %w", path, err)}
	}
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		if err := recipe.Set(j.Settings(), key, value); err != nil {
			return config{}, nil, usageError{err}
		}
	}
	c.Settings = j.Settings()
	return c, j, nil
}
