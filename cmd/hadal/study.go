package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/study"
	"github.com/hadal-go/hadal/train"
)

func (a *app) studyCommand() *cobra.Command {
	var out string
	var seed uint64
	c := &cobra.Command{
		Use:   "study [NAME] [key=value ...]",
		Short: "Show a claim of the lectures as an experiment",
		Long: `Do the experiment that shows a claim, and say whether it held: in words, numbers (study.json, a table as CSV) and pictures.
Without NAME the studies are listed. Seeds, ranges and budgets are settings; show NAME lists them.`,
		Example: `  ` + a.name + ` study
  ` + a.name + ` study optimizers
  ` + a.name + ` study optimizers budget=full --seed 1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, settings := split(args)
			switch {
			case len(names) == 0 && len(settings) == 0:
				return a.listStudies()
			case len(names) != 1:
				return usageError{fmt.Errorf("study takes one study, got %d", len(names))}
			}
			s, err := study.ByName(names[0])
			if err != nil {
				return usageError{err}
			}
			x := s.New()
			if err := set(x.Settings(), settings); err != nil {
				return err
			}
			if err := study.Check(x.Settings()); err != nil {
				return err
			}
			if out == "" {
				out = filepath.Join("studies", s.Name)
			}
			return a.study(cmd, s, x, out, seed)
		},
	}
	c.Flags().StringVar(&out, "out", "", "leave numbers and pictures in `FOLDER` (default studies/NAME)")
	c.Flags().Uint64Var(&seed, "seed", 0, "draw everything by chance from `N`")
	return c
}

// study does an experiment and reports what was found.
func (a *app) study(cmd *cobra.Command, s study.Study, x study.Experiment, out string, seed uint64) error {
	folder, err := train.Folder(out)
	if err != nil {
		return dataError{err}
	}
	a.say("%s  %s  seed %d\n", s.Name, s.About, seed)
	began := time.Now()
	found, err := x.Run(cmd.Context(), &study.Lab{Folder: folder, Seed: seed, Source: a.source(), Say: a.say})
	if err != nil {
		return dataError{err} // unless it is of a kind that says more
	}
	took := time.Since(began)
	record := train.Fields{
		"study": s.Name, "seed": seed, "settings": values(x.Settings()), "claim": found.Claim, "protocol": found.Protocol,
		"outcome": found.Outcome, "held": found.Held, "numbers": found.Numbers, "seconds": took.Seconds(),
	}
	if err := folder.WriteJSON("study.json", record); err != nil {
		return err
	}
	if a.json {
		return a.printEvent("study", record)
	}
	fmt.Fprintln(a.out, found.Paragraph())
	fmt.Fprintln(a.out)
	for _, name := range slices.Sorted(maps.Keys(found.Numbers)) {
		fmt.Fprintf(a.out, "  %-34s %.4g\n", name, found.Numbers[name])
	}
	pictures, _ := filepath.Glob(folder.Path("*.png"))
	for i, p := range pictures {
		pictures[i] = filepath.Base(p)
	}
	_, err = fmt.Fprintf(a.out, "\n%.0f seconds; %s has study.json, the table and %s\n", took.Seconds(), folder.Dir,
		strings.Join(pictures, ", "))
	return err
}
