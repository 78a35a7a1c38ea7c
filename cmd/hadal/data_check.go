package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/imagecsv"
	"github.com/hadal-go/hadal/data/imagefolder"
	"github.com/hadal-go/hadal/data/inspect"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/internal/atomicfile"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

func (a *app) dataCheckCommand() *cobra.Command {
	out, bits := "", 0
	c := &cobra.Command{
		Use:   "check NAME|FOLDER|ARCHIVE|TABLE.csv|FILE.txt",
		Short: "Count a data set's classes and sizes, and find broken pictures and duplicates",
		Long: `Count a data set's classes and sizes, and find broken pictures and duplicates.

The set is a named one, a folder with a folder of pictures for each class, possibly in folders train and test, a .zip or .tar.gz of
them, or a .csv with the columns file, label and possibly split. Duplicates are pictures with the same pixels, or nearly the same
look; above all those in training and test set at once matter. Pictures as simple as digits are often alike without being copies.
Where pictures are broken, the exit code is 3.

Of a set of text, or of a file whose name ends in .txt, texts, bytes, characters and words are counted. A text is a line, a sentence, or
a document, as the set has it. The exit code is 3 where one is not UTF-8.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("data check takes one data set, folder, archive or table, got %d", len(args))}
			}
			if bits < 0 || bits > 16 {
				return usageError{fmt.Errorf("--near %d: it must be 0 to 16", bits)}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if parts, found, ok, err := a.textParts(cmd.Context(), args[0]); ok {
				if err == nil && out != "" {
					err = usageError{errors.New("--out is for sets of pictures; of text everything is printed")}
				}
				if err != nil {
					return err
				}
				return a.checkText(parts, found)
			}
			parts, from, err := a.parts(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out != "" {
				if err := os.Mkdir(out, 0o755); errors.Is(err, os.ErrExist) {
					return usageError{fmt.Errorf("%s exists already; name another folder with --out", out)}
				} else if err != nil {
					return err
				}
			}
			o := inspect.Options{Bits: bits}
			if bits == 0 {
				o.Bits = -1
			}
			report, err := inspect.Look(cmd.Context(), parts, o)
			if err != nil {
				return err
			}
			if out != "" {
				if err := writeReport(out, args[0], report); err != nil {
					return err
				}
			}
			if a.json {
				err = a.printReportJSON(report, from, out)
			} else {
				err = a.printReport(report, from, out)
			}
			if n := len(report.Broken); err == nil && n > 0 {
				err = dataError{fmt.Errorf("%d of %d pictures are broken", n, n+report.Done())}
			}
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "draw and list everything into a new `FOLDER`")
	c.Flags().IntVar(&bits, "near", 4, "how many of 63 `BITS` the hashes of nearly equal pictures may differ in; 0: look for none")
	return c
}

// parts opens the data set that a user names, and says where it was found.
func (a *app) parts(ctx context.Context, name string) (parts []inspect.Part, from string, err error) {
	s, unknown := source.ByName(name)
	if s.Trained {
		return nil, "", usageError{fmt.Errorf("%s is the name of weights, which are no data set; data get fetches them", name)}
	}
	if unknown == nil {
		found, err := s.Find(ctx, a.source())
		if err != nil {
			return nil, "", err
		}
		training, test, err := recipe.Read(found)
		if err != nil {
			return nil, "", dataError{err}
		}
		from = found.From
		if found.Form.About != "" {
			from += ": " + found.Form.About
		}
		return []inspect.Part{{Name: "training", Set: training}, {Name: "test", Set: test}}, from, nil
	}
	info, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", fmt.Errorf("%w; and there is no folder or file of this name", unknown)
	}
	if err != nil {
		return nil, "", err
	}
	if !info.IsDir() && slices.Contains(imagefolder.Extensions, strings.ToLower(filepath.Ext(name))) {
		return nil, "", usageError{fmt.Errorf("%s is a picture; name a folder of them, an archive or a table", name)}
	}
	open := imagefolder.OpenSplit
	if !info.IsDir() && slices.Contains(imagecsv.Extensions, strings.ToLower(filepath.Ext(name))) {
		open = imagecsv.Open
	}
	training, test, err := open(name, data.Decoder{})
	if err != nil {
		return nil, "", dataError{err}
	}
	if test == nil {
		return []inspect.Part{{Name: "pictures", Set: training}}, name, nil
	}
	return []inspect.Part{{Name: "training", Set: training}, {Name: "test", Set: test}}, name, nil
}

// printReport prints a report for people: the classes, then a line each of what was found, with the first of each.
func (a *app) printReport(r *inspect.Report, from, out string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(first string, cell func(part int) string) {
		fmt.Fprintf(w, "%s\t", first)
		for k := range r.Parts {
			fmt.Fprintf(w, "%s\t", cell(k))
		}
		fmt.Fprintln(w)
	}
	row("class", func(k int) string { return r.Parts[k].Name })
	for i, class := range r.Parts[0].Set.Classes() {
		row(class, func(k int) string { return strconv.Itoa(r.Counts[k][i]) })
	}
	row("all", func(k int) string { return strconv.Itoa(total(r.Counts[k])) })
	if err := w.Flush(); err != nil {
		return err
	}

	const most = 5
	list := func(n int, line func(i int) string) {
		for i := range min(n, most) {
			fmt.Fprintf(a.out, "  %s\n", line(i))
		}
		switch {
		case n > most && out == "":
			fmt.Fprintf(a.out, "  and %d more (--out FOLDER lists them)\n", n-most)
		case n > most:
			fmt.Fprintf(a.out, "  and %d more\n", n-most)
		}
	}
	fmt.Fprintf(a.out, "\nfound in      %s\n", from)
	fmt.Fprintf(a.out, "sizes         %s\n", sizes(r.Sizes))
	fmt.Fprintf(a.out, "broken        %s\n", orNone(len(r.Broken), "%d"))
	list(len(r.Broken), func(i int) string { return r.Broken[i].Error() })
	fmt.Fprintf(a.out, "equal         %s\n", summary(r, r.Exact, 0, "groups"))
	list(len(r.Exact), func(i int) string { return describe(r, r.Exact[i], " = ") })
	fmt.Fprintf(a.out, "nearly equal  %s\n", summary(r, r.Near, r.Dropped, "pairs"))
	list(len(r.Near), func(i int) string { return describe(r, r.Near[i], " ~ ") })
	if out != "" {
		fmt.Fprintf(a.out, "written to    %s\n", out)
	}
	return nil
}

func total(counts []int) (n int) {
	for _, k := range counts {
		n += k
	}
	return n
}

func orNone(n int, format string) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprintf(format, n)
}

// sizes names the sizes of pictures, or what they lie between.
func sizes(all []inspect.Size) string {
	name := func(s inspect.Size) string { return fmt.Sprintf("%d×%d", s.W, s.H) }
	if len(all) == 0 {
		return "none"
	}
	if len(all) <= 3 {
		var names []string
		for _, s := range all {
			names = append(names, fmt.Sprintf("%s (%d)", name(s), s.Count))
		}
		return strings.Join(names, ", ")
	}
	area := func(a, b inspect.Size) int { return a.H*a.W - b.H*b.W }
	return fmt.Sprintf("%d sizes, %s to %s; %s is the most frequent (%d)", len(all),
		name(slices.MinFunc(all, area)), name(slices.MaxFunc(all, area)), name(all[0]), all[0].Count)
}

// summary counts groups.
func summary(r *inspect.Report, groups []inspect.Group, dropped int, word string) string {
	n, pictures, across, mislabelled := len(groups), 0, 0, 0
	for _, g := range groups {
		pictures += len(g.Examples)
		if g.Across() {
			across++
		}
		if g.Mislabelled() {
			mislabelled++
		}
	}
	if n == 0 {
		return "none"
	}
	s := fmt.Sprintf("%d %s", n, word)
	if n == 1 {
		s = "1 " + strings.TrimSuffix(word, "s")
	}
	if word == "groups" {
		s += fmt.Sprintf(" of %d pictures", pictures)
	}
	if len(r.Parts) > 1 {
		s += fmt.Sprintf(", %s across training and test", orNone(across, "%d"))
	}
	s += fmt.Sprintf(", %s with different labels", orNone(mislabelled, "%d"))
	if dropped > 0 {
		s += fmt.Sprintf(" (and %d %s that were only counted)", dropped, word)
	}
	return s
}

// describe names the examples of a group, with their classes.
func describe(r *inspect.Report, g inspect.Group, sign string) string {
	const most = 4
	var names []string
	for i, e := range g.Examples {
		if i == most {
			names = append(names, fmt.Sprintf("%d more", len(g.Examples)-most))
			break
		}
		names = append(names, fmt.Sprintf("%s (%s)", r.Parts[e.Part].Example(e.Index), class(r, e)))
	}
	return strings.Join(names, sign)
}

func class(r *inspect.Report, e inspect.Example) string {
	return r.Parts[e.Part].Set.Classes()[e.Label]
}

// printReportJSON prints a report as events.
func (a *app) printReportJSON(r *inspect.Report, from, out string) error {
	var failed []error
	event := func(name string, fields train.Fields) { failed = append(failed, a.printEvent(name, fields)) }
	for i, name := range r.Parts[0].Set.Classes() {
		fields := train.Fields{"class": name}
		for k, part := range r.Parts {
			fields[part.Name] = r.Counts[k][i]
		}
		event("class", fields)
	}
	for _, s := range r.Sizes {
		event("size", train.Fields{"height": s.H, "width": s.W, "channels": s.C, "pictures": s.Count})
	}
	for _, b := range r.Broken {
		event("broken", train.Fields{"file": b.Name, "error": b.Error()})
	}
	for _, kind := range kinds(r) {
		for _, g := range kind.groups {
			var names, classes []string
			for _, e := range g.Examples {
				names, classes = append(names, r.Parts[e.Part].Example(e.Index)), append(classes, class(r, e))
			}
			event("duplicate", train.Fields{
				"kind": kind.name, "pictures": names, "classes": classes, "across": g.Across(), "bits": g.Distance,
			})
		}
	}
	event("done", train.Fields{
		"from": from, "pictures": r.Done(), "broken": len(r.Broken), "equal": len(r.Exact), "near": len(r.Near) + r.Dropped,
		"out": out,
	})
	return errors.Join(failed...)
}

// A kind is one of the kinds of duplicates.
type kind struct {
	name   string
	groups []inspect.Group
}

func kinds(r *inspect.Report) []kind { return []kind{{"equal", r.Exact}, {"near", r.Near}} }

// writeReport leaves the report in a folder: balance.png, duplicates.png, and all that was found in tables.
func writeReport(out, name string, r *inspect.Report) error {
	balance, err := drawBalance(name, r)
	if err != nil {
		return err
	}
	if err := plot.WritePNG(filepath.Join(out, "balance.png"), balance); err != nil {
		return err
	}
	broken := [][]string{{"file", "error"}}
	for _, b := range r.Broken {
		broken = append(broken, []string{b.Name, b.Err.Error()})
	}
	duplicates := [][]string{{"group", "kind", "bits", "across", "picture", "class"}}
	group := 0
	for _, kind := range kinds(r) {
		for _, g := range kind.groups {
			group++
			for _, e := range g.Examples {
				duplicates = append(duplicates, []string{
					strconv.Itoa(group), kind.name, strconv.Itoa(g.Distance), strconv.FormatBool(g.Across()),
					r.Parts[e.Part].Example(e.Index), class(r, e),
				})
			}
		}
	}
	if err := writeTable(filepath.Join(out, "broken.csv"), broken); err != nil {
		return err
	}
	if err := writeTable(filepath.Join(out, "duplicates.csv"), duplicates); err != nil {
		return err
	}
	if group == 0 {
		return nil
	}
	return drawDuplicates(filepath.Join(out, "duplicates.png"), r)
}

func writeTable(path string, rows [][]string) error {
	return atomicfile.Write(path, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) })
}

// maxBars is how many classes are drawn; of more, the ends are.
const maxBars = 100

// drawBalance draws how many examples the classes have, the largest first, each part beside the other.
func drawBalance(name string, r *inspect.Report) (image.Image, error) {
	var charts []image.Image
	for k, part := range r.Parts {
		classes := part.Set.Classes()
		order := make([]int, len(classes))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return r.Counts[k][j] - r.Counts[k][i] })
		title := fmt.Sprintf("%s: %s", name, part.Name)
		if n := len(order); n > maxBars {
			order = slices.Concat(order[:maxBars/2], order[n-maxBars/2:])
			title += fmt.Sprintf(", the largest and smallest of %d classes", n)
		}
		bars := plot.Bars{Title: title, X: "pictures"}
		for _, i := range order {
			bars.Labels, bars.Values = append(bars.Labels, classes[i]), append(bars.Values, float64(r.Counts[k][i]))
		}
		chart, err := bars.Image(420)
		if err != nil {
			return nil, err
		}
		charts = append(charts, chart)
	}
	return plot.Stack(len(charts), charts...), nil
}

// drawDuplicates draws the first two of each group, beside each other.
func drawDuplicates(path string, r *inspect.Report) error {
	const pairs, thumbnail = 60, 96
	groups := slices.Concat(r.Exact, r.Near)
	var cells []plot.Cell
	for _, g := range groups[:min(pairs, len(groups))] {
		for _, e := range g.Examples[:2] {
			x, err := r.Parts[e.Part].Set.At(e.Index)
			if err != nil {
				return err
			}
			p := x.Picture
			if min(p.H, p.W) > thumbnail {
				p = p.Resize(data.ShortSide(thumbnail, p.H, p.W))
			}
			cells = append(cells, plot.Cell{Image: p.Image(), Caption: r.Parts[e.Part].Name + " " + class(r, e)})
		}
	}
	title := fmt.Sprintf("duplicates, two by two: the first %d of %d", len(cells)/2, len(groups))
	return plot.WritePNG(path, plot.Grid(title, cells, 8, 0))
}
