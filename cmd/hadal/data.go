package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/train"
)

func (a *app) dataCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "data get|check|preview NAME",
		Args:  cobra.ArbitraryArgs,
		RunE:  verbs,
		Short: "Fetch, check or look at a data set, or fetch weights",
		Example: `  ` + a.name + ` data get fashion-mnist
  ` + a.name + ` data get squeezenet1.0-imagenet
  ` + a.name + ` data check mnist
  ` + a.name + ` data check photos --out report
  ` + a.name + ` data preview mnist --out mnist.png
  ` + a.name + ` data preview mnist augment=affine+cutout`,
	}
	get := &cobra.Command{
		Use: "get NAME", Short: "Find or download a data set or weights, and say where they are", Args: oneSet,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := source.ByName(args[0])
			if err != nil {
				return err
			}
			found, err := s.Find(cmd.Context(), a.source())
			if err != nil {
				return err
			}
			if err := found.Check(); err != nil {
				return err
			}
			var files []string
			for _, f := range found.Source.Files {
				files = append(files, found.Path(f.Name))
			}
			if a.json {
				return a.printEvent("data", train.Fields{
					"name": s.Name, "about": s.About, "licence": s.Licence, "from": found.From, "form": found.Form.About, "files": files,
				})
			}
			fmt.Fprintf(a.out, "%s  %s\nlicence  %s\nfound in %s\n", s.Name, s.About, s.Licence, found.From)
			if found.Form.About != "" {
				fmt.Fprintf(a.out, "  %s\n", found.Form.About)
			}
			for _, f := range files {
				fmt.Fprintf(a.out, "  %s\n", f)
			}
			return nil
		},
	}
	c.AddCommand(get, a.dataCheckCommand(), a.previewCommand())
	return c
}

// oneSet checks that one source is named.
func oneSet(c *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	sources, what := source.All, "data set"
	if c.Name() == "get" {
		sources, what = slices.Concat(source.All, source.Weights), "data set or weights"
	}
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = s.Name
	}
	return usageError{fmt.Errorf("data %s takes one %s, got %d; there are %s", c.Name(), what, len(args), strings.Join(names, ", "))}
}
