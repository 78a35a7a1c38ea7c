package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/recipe"
)

func (a *app) dataCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "data get|check|preview NAME",
		Short: "Fetch, check or look at a data set",
		Example: `  ` + a.name + ` data get fashion-mnist
  ` + a.name + ` data check mnist
  ` + a.name + ` data preview mnist --out mnist.png`,
	}
	get := &cobra.Command{
		Use: "get NAME", Short: "Find or download a data set, and say where it is", Args: usage(cobra.ExactArgs(1)),
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
			fmt.Fprintf(a.out, "%s  %s\nlicence  %s\nfound in %s\n", s.Name, s.About, s.Licence, found.From)
			for _, f := range s.Files {
				fmt.Fprintf(a.out, "  %s\n", found.Path(f.Name))
			}
			return nil
		},
	}
	check := &cobra.Command{
		Use: "check NAME", Short: "Count a data set's examples by class", Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			training, test, err := recipe.Load(cmd.Context(), args[0], a.source())
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%-14s %9s %9s\n", "class", "training", "test")
			n, m := counts(training), counts(test)
			for i, name := range training.Classes() {
				fmt.Fprintf(a.out, "%-14s %9d %9d\n", name, n[i], m[i])
			}
			fmt.Fprintf(a.out, "%-14s %9d %9d\n", "all", training.Len(), test.Len())
			return nil
		},
	}
	out := ""
	preview := &cobra.Command{
		Use: "preview NAME", Short: "Draw some examples of a data set", Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			training, _, err := recipe.Load(cmd.Context(), args[0], a.source())
			if err != nil {
				return err
			}
			if out == "" {
				out = args[0] + ".png"
			}
			if err := drawPreview(out, args[0], training); err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, out)
			return err
		},
	}
	preview.Flags().StringVar(&out, "out", "", "picture to draw (default NAME.png)")
	c.AddCommand(get, check, preview)
	return c
}

func counts(s *data.Pictures) []int {
	n := make([]int, len(s.Names))
	for _, l := range s.Labels {
		n[l]++
	}
	return n
}

// drawPreview draws the first examples of every class, a row each.
func drawPreview(path, name string, s *data.Pictures) error {
	const each = 10
	rows := make([][]plot.Cell, len(s.Names))
	for i, l := range s.Labels {
		if len(rows[l]) == each {
			continue
		}
		e, err := s.At(i)
		if err != nil {
			return err
		}
		rows[l] = append(rows[l], plot.Cell{Image: e.Picture.Image(), Caption: s.Names[l]})
	}
	var cells []plot.Cell
	for _, r := range rows {
		cells = append(cells, r...)
	}
	if _, err := os.Stat(path); err == nil {
		return dataError{fmt.Errorf("%s exists already; name another with --out", path)}
	}
	return plot.WritePNG(path, plot.Grid(name, cells, each, 3))
}
