package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

// look draws what the network of a run sees on pictures: args are the run and the pictures.
func (a *app) look(args []string, layer string) error {
	run, err := openRun("show", args[:1])
	if err != nil {
		if _, known := recipe.ByName(args[0]); known == nil {
			return usageError{fmt.Errorf("%s is a recipe; pictures are shown to the network of a run, such as last", args[0])}
		}
		return err
	}
	c, j, err := readConfig(run)
	if err != nil {
		return err
	}
	looker, ok := j.(recipe.Looker)
	if !ok {
		return usageError{fmt.Errorf("%s is a run of %s, whose network does not look at pictures", run.Dir, c.Recipe)}
	}
	if err := os.MkdirAll(run.Path("looks"), 0o777); err != nil {
		return dataError{err}
	}
	var unread []error
	drawn := map[string]bool{}
	for _, in := range a.inputs(args[1:]) {
		answer, err := looker.Look(run, in, layer)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		path := run.Path("looks", lookName(in.Name, drawn))
		if err := plot.WritePNG(path, answer.Image); err != nil {
			return err
		}
		if a.json {
			err = a.printEvent("look", train.Fields{"input": answer.Input, "scores": answer.Scores[:min(3, len(answer.Scores))], "picture": path})
		} else {
			err = a.printAnswer(answer, 3)
			fmt.Fprintf(a.out, "  drawn to %s\n", path)
		}
		if err != nil {
			return err
		}
	}
	if len(unread) > 0 {
		return dataError{errors.Join(unread...)}
	}
	return nil
}

// lookName is the name of the drawing for an input, another one for each.
func lookName(input string, taken map[string]bool) string {
	base := strings.TrimSuffix(filepath.Base(input), filepath.Ext(input))
	if input == "-" {
		base = "input"
	}
	name := base + ".png"
	for i := 2; taken[name]; i++ {
		name = fmt.Sprintf("%s-%d.png", base, i)
	}
	taken[name] = true
	return name
}
