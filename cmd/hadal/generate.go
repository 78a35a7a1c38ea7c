package main

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

func (a *app) generateCommand() *cobra.Command {
	var prompt string
	n, seed := 1, uint64(0)
	c := &cobra.Command{
		Use:   "generate RUN [key=value ...]",
		Short: "Let the network of a run make something new: text, as it comes, or music",
		Long: `Let the network of a run make something new with its best weights. Text is printed as it comes, and with --json token by token,
with the probability that each had. Of music the keys of each frame are printed, and midi=FILE writes it to be heard.

Keys for text: length, temperature, top_k, top_p, repetition and seed; for music: frames, temperature, voices, midi and seed. A prompt for
music is frames of MIDI numbers of keys, such as '48 64 67 72 | 50 65 69'.`,
		Example: `  ` + a.name + ` generate last
  ` + a.name + ` generate last --prompt 'JULIET:' temperature=0.5 length=1000
  ` + a.name + ` generate last --n 3 top_p=0.9 seed=7`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, settings := split(args)
			run, err := openRun("generate", names)
			if err != nil {
				return err
			}
			if n < 1 {
				return usageError{fmt.Errorf("--n %d: there must be one at least", n)}
			}
			conf, j, err := readConfig(run)
			if err != nil {
				return err
			}
			g, ok := j.(recipe.Generator)
			if !ok {
				return usageError{fmt.Errorf("%s is a run of %s, whose network makes nothing new; predict %s applies it", run.Dir, conf.Recipe, names[0])}
			}
			generation, err := g.Generation(run)
			if err != nil {
				return dataError{err}
			}
			drawn := struct {
				Seed uint64 `yaml:"seed"`
			}{seed}
			for _, s := range settings {
				of := generation.Settings()
				if len(s) > 5 && s[:5] == "seed=" {
					of = &drawn
				}
				if err := set(of, []string{s}); err != nil {
					return err
				}
			}
			said := -1
			err = generation.Make(cmd.Context(), recipe.Order{
				Prompt: prompt, N: n, Random: rand.New(rand.NewPCG(drawn.Seed, 0)), Say: func(p recipe.Piece) error {
					if a.json {
						return a.printEvent("piece", train.Fields{
							"item": p.Item, "text": p.Text, "token": p.Token, "probability": p.Probability,
						})
					}
					if p.Item != said && said >= 0 {
						fmt.Fprint(a.out, "\n\n")
					}
					said = p.Item
					_, err := fmt.Fprint(a.out, p.Text)
					return err
				},
			})
			if !a.json && said >= 0 {
				fmt.Fprintln(a.out)
			}
			var bad *recipe.BadSetting
			if err != nil && !errors.As(err, &bad) {
				return dataError{err}
			}
			return err
		},
	}
	c.Flags().StringVar(&prompt, "prompt", "", "begin with `TEXT` (default what the samples of training begin with)")
	c.Flags().IntVar(&n, "n", n, "make `N` of them")
	c.Flags().Uint64Var(&seed, "seed", 0, "draw everything by chance from `N`; seed=N does so too")
	return c
}
