package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

func (a *app) dataCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "data get|check|preview NAME",
		Args:  cobra.ArbitraryArgs,
		RunE:  verbs,
		Short: "Fetch, check or look at a data set",
		Example: `  ` + a.name + ` data get fashion-mnist
  ` + a.name + ` data check mnist
  ` + a.name + ` data preview mnist --out mnist.png
  ` + a.name + ` data preview mnist augment=affine+cutout`,
	}
	get := &cobra.Command{
		Use: "get NAME", Short: "Find or download a data set, and say where it is", Args: oneSet,
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
			for _, f := range s.Files {
				files = append(files, found.Path(f.Name))
			}
			if a.json {
				return a.printEvent("data", train.Fields{
					"name": s.Name, "about": s.About, "licence": s.Licence, "from": found.From, "files": files,
				})
			}
			_, err = fmt.Fprintf(a.out, "%s  %s\nlicence  %s\nfound in %s\n  %s\n",
				s.Name, s.About, s.Licence, found.From, strings.Join(files, "\n  "))
			return err
		},
	}
	check := &cobra.Command{
		Use: "check NAME", Short: "Count a data set's examples by class", Args: oneSet,
		RunE: func(cmd *cobra.Command, args []string) error {
			training, test, err := recipe.Load(cmd.Context(), args[0], a.source())
			if err != nil {
				return dataError{err}
			}
			return a.printCounts(training, test)
		},
	}
	c.AddCommand(get, check, a.previewCommand())
	return c
}

// oneSet checks that one data set is named.
func oneSet(c *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	names := make([]string, len(source.All))
	for i, s := range source.All {
		names[i] = s.Name
	}
	return usageError{fmt.Errorf("data %s takes one data set, got %d; there are %s", c.Name(), len(args), strings.Join(names, ", "))}
}

// printCounts prints how many examples of each class there are.
func (a *app) printCounts(training, test *data.Pictures) error {
	n, m := counts(training), counts(test)
	if a.json {
		for i, name := range training.Classes() {
			if err := a.printEvent("class", train.Fields{"class": name, "training": n[i], "test": m[i]}); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "class\ttraining\ttest\t")
	for i, name := range training.Classes() {
		fmt.Fprintf(w, "%s\t%d\t%d\t\n", name, n[i], m[i])
	}
	fmt.Fprintf(w, "all\t%d\t%d\t\n", training.Len(), test.Len())
	return w.Flush()
}

func counts(s *data.Pictures) []int {
	n := make([]int, len(s.Names))
	for _, l := range s.Labels {
		n[l]++
	}
	return n
}
