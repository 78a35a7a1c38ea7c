package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

const requireHelp = "exit with code 5 unless `RESULT` is reached, such as 'test/accuracy>=0.99'"

func (a *app) trainCommand() *cobra.Command {
	var (
		out     string
		seed    uint64
		dry     bool
		require []string
	)
	c := &cobra.Command{
		Use:   "train [RECIPE] [key=value ...]",
		Short: "Train a network by a recipe (default " + recipe.Default + ")",
		Example: `  ` + a.name + ` train
  ` + a.name + ` train mlp-mnist epochs=3 lr=0.001 --seed 1
  ` + a.name + ` train finetune data=photos     your own pictures, a folder for each class
  ` + a.name + ` train resnet-fashion preset=long --require 'test/accuracy>=0.943'
  ` + a.name + ` show lenet-mnist                the settings that key=value sets`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, settings := split(args)
			if len(names) > 1 {
				return usageError{fmt.Errorf("train takes one recipe, got %v; settings have the form key=value", names)}
			}
			name := recipe.Default
			if len(names) == 1 {
				name = names[0]
			}
			requirements, err := parseRequirements(require)
			if err != nil {
				return err
			}
			j, err := job(name, settings)
			if err != nil {
				return err
			}
			a.say("%s  seed %d\n", name, seed)
			conf := config{name, seed, j.Settings()}
			if err := a.prepare(cmd.Context(), j, conf); err != nil {
				return err
			}
			if dry {
				return a.dryRun(j)
			}
			run, err := train.Create(out, name)
			switch {
			case errors.Is(err, train.ErrOccupied):
				return usageError{err}
			case err != nil:
				return dataError{err}
			}
			if err := run.WriteJSON("env.json", environment()); err != nil {
				return err
			}
			if err := writeConfig(run, conf); err != nil {
				return err
			}
			return a.train(cmd.Context(), run, conf, j, requirements)
		},
	}
	f := c.Flags()
	f.StringVar(&out, "out", "", "leave the run in `FOLDER` (default runs/RECIPE-1, or the next number that is free)")
	f.Uint64Var(&seed, "seed", 0, "draw everything by chance from `N`: weights, order, dropout")
	f.BoolVar(&dry, "dry-run", false, "check settings, data and shapes; estimate time and memory; train nothing")
	f.StringArrayVar(&require, "require", nil, requireHelp)
	return c
}

func (a *app) resumeCommand() *cobra.Command {
	var require []string
	c := &cobra.Command{
		Use:   "resume RUN [key=value ...]",
		Short: "Go on with a run where it stopped, in the same folder",
		Long: `Go on with a run where it stopped, in the same folder: the result is that of a run which was never stopped, byte for byte.

Settings may be changed for the steps to come, such as epochs, over which the schedule of the learning rate then stretches. Those
that say what was trained on so far cannot; show RECIPE calls them fixed.`,
		Example: `  ` + a.name + ` resume last
  ` + a.name + ` resume last epochs=8`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, settings := split(args)
			run, err := openRun("resume", names)
			if err != nil {
				return err
			}
			requirements, err := parseRequirements(require)
			if err != nil {
				return err
			}
			conf, j, err := readConfig(run)
			if err != nil {
				return err
			}
			if err := change(j, settings); err != nil {
				return err
			}
			if err := a.prepare(cmd.Context(), j, conf); err != nil {
				return err
			}
			switch err := j.Resume(run); {
			case errors.Is(err, train.ErrFinished):
				return a.finished(j, run, conf, requirements)
			case err != nil:
				return dataError{err} // unless it is of a kind that says more
			}
			if err := writeConfig(run, conf); err != nil {
				return err
			}
			return a.train(cmd.Context(), run, conf, j, requirements)
		},
	}
	c.Flags().StringArrayVar(&require, "require", nil, requireHelp)
	return c
}

func parseRequirements(texts []string) ([]train.Requirement, error) {
	var all []train.Requirement
	for _, t := range texts {
		r, err := train.ParseRequirement(t)
		if err != nil {
			return nil, usageError{err}
		}
		all = append(all, r)
	}
	return all, nil
}

// openRun opens the one run that is named.
func openRun(verb string, names []string) (*train.Run, error) {
	if len(names) != 1 {
		return nil, usageError{fmt.Errorf("%s takes one run: last, or the folder of a run; got %d", verb, len(names))}
	}
	run, err := train.Open(names[0])
	if err != nil {
		hint := "train one first"
		if meant := nearPretrained(verb, names[0]); len(meant) > 0 {
			hint = "did you mean " + strings.Join(meant, " or ") + "?"
		} else if runs := runNames(); len(runs) > 0 {
			hint = suggestion(filepath.Base(names[0]), runs, "the runs here are ")
		}
		return nil, dataError{fmt.Errorf("%w; %s", err, hint)}
	}
	return run, nil
}

// runNames lists the runs in the folder runs.
func runNames() []string {
	var names []string
	configs, _ := filepath.Glob(filepath.Join("runs", "*", "config.yaml"))
	for _, c := range configs {
		names = append(names, filepath.Base(filepath.Dir(c)))
	}
	return names
}

// change sets settings of a run that was begun.
func change(j recipe.Job, settings []string) error {
	before := recipe.Settings(j.Settings())
	if err := set(j.Settings(), settings); err != nil {
		return err
	}
	for i, s := range recipe.Settings(j.Settings()) {
		if old := before[i].Value; s.Fixed && s.Value != old {
			return usageError{fmt.Errorf("%s=%v: the run was begun with %s=%v, which is fixed; train anew for another", s.Key, s.Value, s.Key, old)}
		}
	}
	return nil
}

// prepare finds the data and builds the network. What a setting says wrongly comes up here too.
func (a *app) prepare(ctx context.Context, j recipe.Job, c config) error {
	o := a.source()
	o.Note = func(about string) { a.say("data  %s\n", about) }
	w := recipe.Workplace{
		Recipe: c.Recipe, Seed: c.Seed, Source: o, Progress: a.working(),
		Note: func(about, text string) { a.say("%-7s  %s\n", about, text) },
	}
	if err := j.Prepare(ctx, w); err != nil {
		return dataError{err} // unless it is of a kind that says more
	}
	return nil
}

// train trains, and says where everything is and what to type next.
func (a *app) train(ctx context.Context, run *train.Run, c config, j recipe.Job, require []train.Requirement) error {
	began := time.Now()
	if a.json {
		run.Out = a.out
	}
	model, _ := j.Model()
	trained, all := nn.Count(model)
	a.say("run %s  %d parameters (%d trained)  %d threads\n", run.Dir, all, trained, tensor.Threads())
	console := a.console()
	m, err := j.Train(ctx, run, console)
	console.End()
	switch {
	case errors.Is(err, train.ErrInterrupted):
		fmt.Fprintf(a.err, "interrupted and saved; go on with\n  %s resume %s\n", a.name, quoted(run.Dir))
		return err
	case err != nil && run.Saved():
		return fmt.Errorf("%w\nWhat was saved before is whole; go on from there with\n  %s resume %s", err, a.name, quoted(run.Dir))
	case err != nil:
		return err
	}
	if err := run.Event("done", done(run, c, m, time.Since(began))); err != nil {
		return err
	}
	return a.result(j, run, m, require)
}

// finished repeats the result of a run with nothing left to train.
func (a *app) finished(j recipe.Job, run *train.Run, c config, require []train.Requirement) error {
	m := train.Metrics{}
	if err := run.ReadJSON("metrics.json", &m); err != nil {
		return err
	}
	a.say("all %.0f epochs of %s are done; with more, such as epochs=%.0f, it goes on\n", m["epochs"], run.Dir, m["epochs"]+2)
	if a.json {
		if err := a.printEvent("done", done(run, c, m, 0)); err != nil {
			return err
		}
	}
	return a.result(j, run, m, require)
}

// done are the fields of a run's last event.
func done(run *train.Run, c config, m train.Metrics, took time.Duration) train.Fields {
	return train.Fields{"step": m["steps"], "recipe": c.Recipe, "run": run.Dir, "metrics": m, "seconds": took.Seconds()}
}

// result reports what a run has reached, and fails if that is not what was required.
func (a *app) result(j recipe.Job, run *train.Run, m train.Metrics, require []train.Requirement) error {
	if !a.json {
		if err := a.report(j, run, m); err != nil {
			return err
		}
	}
	return check(require, m)
}

func check(require []train.Requirement, m train.Metrics) error {
	for _, r := range require {
		if err := r.Check(m); err != nil {
			return usageError{err} // there is no such metric, unless it is a *train.Missed
		}
	}
	return nil
}

// report prints the result of a training and what can be done with it.
func (a *app) report(j recipe.Job, run *train.Run, m train.Metrics) error {
	name := run.Dir
	if last, err := train.Open("last"); err == nil && sameFolder(last.Dir, run.Dir) {
		name = "last"
	}
	r := j.Report(run, m)
	fmt.Fprintf(a.out, "\n%s\n\n%s has %s Next:\n", r.Result, run.Dir, r.Left)
	for _, words := range append(r.Next, []string{"resume", recipe.ThisRun, fmt.Sprintf("epochs=%.0f", m["epochs"]+2)}, []string{"show", recipe.ThisRun}) {
		for i, w := range words {
			if w == recipe.ThisRun {
				w = name
			}
			words[i] = quoted(w)
		}
		fmt.Fprintf(a.out, "  %s %s\n", a.name, strings.Join(words, " "))
	}
	return nil
}

func sameFolder(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// dryRun shows the network, and what an epoch will take.
func (a *app) dryRun(j recipe.Job) error {
	if err := a.printSummary(j.Model()); err != nil {
		return err
	}
	model, _ := j.Model()
	params := nn.Params(model)
	var took time.Duration
	var memory, steps, epochs int
	for range 2 { // the first pass warms the memory
		began := time.Now()
		p := tensor.Training(train.NewStream(0, "dry run").Rand())
		loss, perEpoch, n, err := j.Loss(p)
		if err != nil {
			return err
		}
		tensor.Grad(loss, params...)
		memory, steps, epochs = p.Bytes(), perEpoch, n
		p.End()
		took = time.Since(began)
	}
	_, all := nn.Count(model)
	total := memory + all*16 // weights, gradients and two moments
	whole := took.Seconds() * float64(steps) * float64(epochs)
	if a.json {
		return a.printEvent("dry-run", train.Fields{
			"bytes": total, "step_seconds": took.Seconds(), "steps": steps, "epochs": epochs, "seconds": whole,
		})
	}
	_, err := fmt.Fprintf(a.out, "\nmemory  about %.1f MB for a step\ntime    about %.1f ms a step, %d steps an epoch, %d epochs: %s\n",
		float64(total)/1e6, took.Seconds()*1000, steps, epochs, time.Duration(whole*1e9).Round(time.Second))
	return err
}

// environment is env.json.
func environment() train.Fields {
	return train.Fields{
		"version": version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "cpus": runtime.NumCPU(),
		"threads": tensor.Threads(), "kernels": tensor.Kernels(), "command": os.Args, "started": time.Now().Format(time.RFC3339),
	}
}
