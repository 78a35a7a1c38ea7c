package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/format/weights"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/study"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// lists are what the verb list lists.
var lists = []string{"recipes", "studies", "models", "weights", "optimizers", "data"}

func (a *app) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:       "list [recipes|studies|models|weights|optimizers|data]",
		Short:     "List the recipes, the studies, the models, the weights of others, the optimizers, and the data that they use",
		ValidArgs: lists,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && !slices.Contains(lists, args[0]) {
				return usageError{fmt.Errorf("there is no list of %s; %s", strings.Join(args, " "),
					suggestion(strings.Join(args, " "), lists, "there are "))}
			}
			for i, list := range []func() error{a.listRecipes, a.listStudies, a.listModels, a.listWeights, a.listOptimizers, a.listData} {
				if len(args) > 0 && args[0] != lists[i] {
					continue
				}
				if i > 0 && len(args) == 0 && !a.json {
					fmt.Fprintln(a.out)
				}
				if err := list(); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (a *app) listRecipes() error {
	rows := make([]train.Fields, len(recipe.All))
	for i, r := range recipe.All {
		rows[i] = train.Fields{"name": r.Name, "about": r.About, "data": cmp.Or(r.Data, "your own"), "goal": r.Goal}
	}
	return a.printList("recipe", rows, "name recipe", "data data", "goal goal", "about about")
}

func (a *app) listStudies() error {
	rows := make([]train.Fields, len(study.All))
	for i, s := range study.All {
		rows[i] = train.Fields{"name": s.Name, "about": s.About, "paper": s.Paper}
	}
	return a.printList("study", rows, "name study", "about about")
}

func (a *app) listModels() error {
	rows := make([]train.Fields, len(vision.Models))
	for i, m := range vision.Models {
		rows[i] = train.Fields{"name": m.Name, "input": shapeText(m.Input[:]), "classes": m.Classes, "parameters": m.Parameters, "paper": m.Paper}
	}
	return a.printList("model", rows, "name model", "input input", "classes classes", "parameters parameters", "paper paper")
}

func (a *app) listWeights() error {
	rows := make([]train.Fields, len(source.Weights))
	for i, s := range source.Weights {
		rows[i] = train.Fields{
			"name": s.Name, "about": s.About, "licence": s.Licence, "classes": len(s.Classes), "bytes": int(s.Files[0].Size),
			"homepage": s.Homepage,
		}
	}
	return a.printList("weights", rows, "name weights", "classes classes", "bytes bytes", "licence licence", "about about")
}

func (a *app) listOptimizers() error {
	rows := make([]train.Fields, len(optim.Methods))
	for i, m := range optim.Methods {
		rows[i] = train.Fields{"name": m.Name, "about": m.About, "lr": m.LR}
	}
	return a.printList("optimizer", rows, "name optimizer", "lr a usual lr", "about about")
}

func (a *app) listData() error {
	rows := make([]train.Fields, len(source.All))
	for i, s := range source.All {
		rows[i] = train.Fields{"name": s.Name, "about": s.About, "licence": s.Licence}
	}
	return a.printList("data", rows, "name data", "licence licence", "about about")
}

// printList prints rows as events or as a table, whose columns say which field they have and what stands above them.
func (a *app) printList(event string, rows []train.Fields, columns ...string) error {
	if a.json {
		for _, row := range rows {
			if err := a.printEvent(event, row); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	line := func(cell func(field, heading string) any) {
		for i, c := range columns {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			field, heading, _ := strings.Cut(c, " ")
			fmt.Fprint(w, cell(field, heading))
		}
		fmt.Fprintln(w)
	}
	line(func(_, heading string) any { return heading })
	for _, row := range rows {
		line(func(field, _ string) any {
			if n, ok := row[field].(int); ok {
				return count(n)
			}
			return row[field]
		})
	}
	return w.Flush()
}

func (a *app) showCommand() *cobra.Command {
	layer := ""
	c := &cobra.Command{
		Use:   "show RECIPE|RUN|FILE|WEIGHTS [key=value ...]  or  show RUN PICTURE ...",
		Short: "Show a recipe's settings and network, a run's results, what its network sees, or the tensors of a file",
		Example: `  ` + a.name + ` show lenet-mnist
  ` + a.name + ` show last
  ` + a.name + ` show last digit.png            what on a picture spoke for the class
  ` + a.name + ` show last digit.png --layer conv1
  ` + a.name + ` show runs/lenet-mnist-1/weights/best.safetensors
  ` + a.name + ` show squeezenet1.0-imagenet    whose weights they are, and the network`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, settings := split(args)
			if len(names) == 0 {
				return usageError{errors.New("show takes a recipe, a run or a file, or a run and pictures")}
			}
			name := names[0]
			if len(names) > 1 {
				return a.look(names, layer)
			}
			if layer != "" {
				return usageError{errors.New("--layer says which layer looks at a picture, and there is none")}
			}
			if info, err := os.Stat(name); err == nil && !info.IsDir() {
				return a.showFile(name)
			}
			if _, err := recipe.ByName(name); err == nil {
				return a.showRecipe(cmd, name, settings)
			}
			if s, err := study.ByName(name); err == nil {
				return a.showStudy(s)
			}
			if n, ok := pretrainedNamed(name); ok {
				return a.showPretrained(n)
			}
			run, err := train.Open(name)
			if err != nil {
				names := append(runNames(), pretrainedNames()...)
				for _, r := range recipe.All {
					names = append(names, r.Name)
				}
				hint := suggestion(filepath.Base(name), names, "there are ")
				return usageError{fmt.Errorf("%s is no recipe, no run and no file; %s", name, hint)}
			}
			return a.showRun(run)
		},
	}
	c.Flags().StringVar(&layer, "layer", "", "look at pictures by the layer of this `NAME` (default those that say most)")
	return c
}

func (a *app) showRecipe(cmd *cobra.Command, name string, settings []string) error {
	r, _ := recipe.ByName(name)
	j, err := job(name, settings)
	if err != nil {
		return err
	}
	if a.json {
		err = a.printEvent("recipe", train.Fields{
			"name": r.Name, "about": r.About, "paper": r.Paper, "data": r.Data, "goal": r.Goal, "settings": values(j.Settings()),
			"presets": r.Presets,
		})
	} else {
		fmt.Fprintf(a.out, "%s  %s\npaper  %s\ndata   %s\ngoal   %s\n\n", r.Name, r.About, r.Paper, cmp.Or(r.Data, "your own"),
			cmp.Or(r.Goal, "what your pictures allow"))
		for _, p := range r.Presets {
			fmt.Fprintf(a.out, "  preset=%s  %s, %s: %s\n\n", p.Name, p.About, p.Goal, strings.Join(p.Settings, " "))
		}
		err = a.printSettings(j.Settings())
	}
	if err != nil {
		return err
	}
	if r.Data == "" && !slices.ContainsFunc(settings, func(s string) bool { return strings.HasPrefix(s, "data=") }) {
		return nil // without data there is no network yet
	}
	if err := a.prepare(cmd.Context(), j, config{Recipe: name}); err != nil {
		return err
	}
	return a.printSummary(j.Model())
}

// showStudy shows what a study is about, and its settings.
func (a *app) showStudy(s study.Study) error {
	settings := s.New().Settings()
	if a.json {
		return a.printEvent("study", train.Fields{"name": s.Name, "about": s.About, "paper": s.Paper, "settings": values(settings)})
	}
	fmt.Fprintf(a.out, "%s  %s\npaper  %s\n\n", s.Name, s.About, s.Paper)
	return a.printSettings(settings)
}

// printSettings prints what key=value can set.
func (a *app) printSettings(of any) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, s := range recipe.Settings(of) {
		help := s.Help
		if s.Fixed {
			help += " (fixed)"
		}
		fmt.Fprintf(w, "  %s=%v\t%s\t%s\n", s.Key, s.Value, strings.TrimPrefix(s.Type, "a "), help)
	}
	fmt.Fprintln(w)
	return w.Flush()
}

// values are settings by their keys.
func values(of any) map[string]any {
	m := map[string]any{}
	for _, s := range recipe.Settings(of) {
		m[s.Key] = s.Value
	}
	return m
}

// printSummary prints the network layer by layer, as it runs on one batch.
func (a *app) printSummary(model nn.Layer, shape []int) error {
	s := nn.Summarize(model, shape)
	if a.json {
		return a.printEvent("model", train.Fields{
			"layers": s.Rows, "parameters": s.Parameters, "macs": s.MACs, "batch": shape[0],
			"training_bytes": s.TrainingBytes, "inference_bytes": s.InferenceBytes,
		})
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "layer\toperation\toutput\tparameters\tMACs\tforward, ms\tbackward, ms\t")
	for _, row := range s.Rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.3f\t%.3f\t\n", row.Layer, row.Operation, shapeText(row.Output), count(row.Parameters),
			count(row.MACs), 1e3*row.Forward, 1e3*row.Backward)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "\n%d parameters, %s multiply-adds an example; a training pass of %d holds %.1f MB, an "+
		"inference pass %.1f MB\n",
		s.Parameters, count(s.MACs/shape[0]), shape[0], float64(s.TrainingBytes)/1e6, float64(s.InferenceBytes)/1e6)
	return err
}

func shapeText(shape []int) string {
	words := make([]string, len(shape))
	for i, d := range shape {
		words[i] = fmt.Sprint(d)
	}
	return strings.Join(words, "×")
}

// count writes a number with its thousands set off, nothing for 0.
func count(n int) string {
	if n == 0 {
		return ""
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (a *app) showRun(run *train.Run) error {
	m := train.Metrics{}
	finished := run.ReadJSON("metrics.json", &m) == nil
	pictures, err := filepath.Glob(run.Path("*.png"))
	if err != nil {
		return dataError{err}
	}
	var confused []train.Confusion
	_ = run.ReadJSON("confused.json", &confused) // not there before the end, nor in runs that classify nothing
	if a.json {
		c, j, err := readConfig(run)
		if err != nil {
			return err
		}
		return a.printEvent("run", train.Fields{
			"run": run.Dir, "recipe": c.Recipe, "seed": c.Seed, "settings": values(j.Settings()), "finished": finished, "metrics": m,
			"confused": confused, "pictures": pictures,
		})
	}
	config, err := os.ReadFile(run.Path("config.yaml"))
	if err != nil {
		return dataError{err}
	}
	fmt.Fprintf(a.out, "%s\n\n%s", run.Dir, config)
	if csv, err := os.ReadFile(run.Path("results.csv")); err == nil {
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w)
		for line := range strings.Lines(string(csv)) {
			fmt.Fprintln(w, strings.ReplaceAll(strings.TrimSpace(line), ",", "\t"))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if !finished {
		_, err := fmt.Fprintf(a.out, "\nnot finished; go on with\n  %s resume %s\n", a.name, quoted(run.Dir))
		return err
	}
	fmt.Fprintln(a.out)
	if err := a.metricTable(m); err != nil {
		return err
	}
	if len(confused) > 0 {
		fmt.Fprintln(a.out, "\nmost confused")
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		for _, c := range confused[:min(len(confused), 5)] {
			fmt.Fprintf(w, "  %s and %s\t%d\t%[1]s for %[2]s: %[4]d\t%[2]s for %[1]s: %[5]d\n", c.A, c.B, c.AForB+c.BForA, c.AForB, c.BForA)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if ece, ok := m["test/ece"]; ok {
		fmt.Fprintf(a.out, "\ncalibration error %.2f %%: by so much its probabilities are off on average\n", 100*ece)
	}
	_, err = fmt.Fprintf(a.out, "\n%s\n", strings.Join(pictures, "\n"))
	return err
}

func (a *app) metricTable(m train.Metrics) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if _, err := fmt.Fprintf(a.out, "%-20s %.6g\n", name, m[name]); err != nil {
			return err
		}
	}
	return nil
}

// showFile lists the tensors of a safetensors file.
func (a *app) showFile(path string) error {
	f, err := weights.Open(path)
	if err != nil {
		return dataError{err}
	}
	defer f.Close()
	for _, note := range f.Notes {
		a.say("%s\n", note)
	}
	if a.json {
		for _, array := range f.Arrays {
			if err := a.printEvent("tensor", train.Fields{"name": array.Name, "dtype": array.DType, "shape": array.Shape}); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, array := range f.Arrays {
		fmt.Fprintf(w, "%s\t%s\t%s\n", array.Name, array.DType, shapeText(array.Shape))
	}
	return w.Flush()
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and which kernels this machine runs",
		Args:  usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return a.printEvent("version", environment())
			}
			_, err := fmt.Fprintf(a.out, "hadal %s  kernels %s  %d threads\n", version(), tensor.Kernels(), tensor.Threads())
			return err
		},
	}
}
