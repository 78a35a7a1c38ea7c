package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

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
  ` + a.name + ` train lenet-fashion --require 'test/accuracy>=0.9'
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
			if err := a.prepare(cmd.Context(), j, seed); err != nil {
				return err
			}
			if dry {
				return a.dryRun(j)
			}
			run, err := train.Create(out, name)
			if err != nil {
				return dataError{err}
			}
			if err := run.WriteJSON("env.json", environment()); err != nil {
				return err
			}
			if err := writeConfig(run, config{name, seed, j.Settings()}); err != nil {
				return err
			}
			return a.train(cmd.Context(), run, name, j, false, requirements)
		},
	}
	f := c.Flags()
	f.StringVar(&out, "out", "", "folder of the run (default runs/RECIPE-N)")
	f.Uint64Var(&seed, "seed", 0, "of initialization, order and everything else that is drawn")
	f.BoolVar(&dry, "dry-run", false, "check settings, data and shapes; estimate time and memory; train nothing")
	f.StringArrayVar(&require, "require", nil, "result that must be reached, such as 'test/accuracy>=0.99'; exit code 5 if not")
	return c
}

func (a *app) resumeCommand() *cobra.Command {
	var require []string
	c := &cobra.Command{
		Use:   "resume RUN [key=value ...]",
		Short: "Go on with a run where it stopped, in the same folder",
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
			if err := set(j, settings); err != nil {
				return err
			}
			if err := a.prepare(cmd.Context(), j, conf.Seed); err != nil {
				return err
			}
			if err := writeConfig(run, conf); err != nil {
				return err
			}
			return a.train(cmd.Context(), run, conf.Recipe, j, true, requirements)
		},
	}
	c.Flags().StringArrayVar(&require, "require", nil, "result that must be reached, such as 'test/accuracy>=0.99'; exit code 5 if not")
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
		return nil, dataError{err}
	}
	return run, nil
}

// prepare finds the data and builds the network. What a setting says wrongly comes up here too.
func (a *app) prepare(ctx context.Context, j recipe.Job, seed uint64) error {
	return j.Prepare(ctx, recipe.Workplace{Seed: seed, Source: a.source()})
}

// train trains, and says where everything is and what to type next.
func (a *app) train(ctx context.Context, run *train.Run, name string, j recipe.Job, resume bool, require []train.Requirement) error {
	began := time.Now()
	if a.json {
		run.Out = a.out
	}
	model, _ := j.Model()
	trained, all := nn.Count(model)
	a.say("run %s  %d parameters (%d trained)  %d threads\n", run.Dir, all, trained, tensor.Threads())
	console := a.console()
	m, err := j.Train(ctx, run, console, resume)
	console.End()
	switch {
	case errors.Is(err, train.ErrInterrupted):
		fmt.Fprintf(a.err, "interrupted and saved; go on with\n  %s resume %s\n", a.name, run.Dir)
		return err
	case err != nil:
		return err
	}
	if a.json {
		if err := a.printJSON(map[string]any{
			"event": "done", "recipe": name, "run": run.Dir, "metrics": m, "seconds": time.Since(began).Seconds(),
		}); err != nil {
			return err
		}
	} else {
		a.report(run, m)
	}
	for _, r := range require {
		if err := r.Check(m); err != nil {
			return err
		}
	}
	return nil
}

// report prints the result of a training and what can be done with it.
func (a *app) report(run *train.Run, m train.Metrics) {
	fmt.Fprintf(a.out, "\ntest accuracy %.2f %% (95 %% interval %.2f to %.2f), loss %.4f, by the weights of epoch %.0f\n",
		100*m["test/accuracy"], 100*m["test/accuracy/low"], 100*m["test/accuracy/high"], m["test/loss"], m["best/epoch"])
	fmt.Fprintf(a.out, "\n%s has the weights, the curves, the confusion matrix and the mistakes. Next:\n", run.Dir)
	example := run.Path("examples")
	if files, _ := filepath.Glob(filepath.Join(example, "*.png")); len(files) > 0 {
		example = files[len(files)*3/4]
	}
	fmt.Fprintf(a.out, "  %s predict last %s\n  %s eval last\n  %s resume last epochs=%d\n  %s show last\n",
		a.name, quoted(example), a.name, a.name, int(m["epochs"])+2, a.name)
}

// dryRun shows the network, and what an epoch will take.
func (a *app) dryRun(j recipe.Job) error {
	if err := a.printSummary(j); err != nil {
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
	a.say("memory  about %.1f MB for a step\n", float64(total)/1e6)
	a.say("time    about %.1f ms a step, %d steps an epoch, %d epochs: %s\n",
		took.Seconds()*1000, steps, epochs, (took * time.Duration(steps*epochs)).Round(time.Second))
	return nil
}

// environment is env.json.
func environment() map[string]any {
	return map[string]any{
		"version": version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "cpus": runtime.NumCPU(),
		"threads": tensor.Threads(), "kernels": tensor.Kernels(), "command": os.Args, "started": time.Now().Format(time.RFC3339),
	}
}
