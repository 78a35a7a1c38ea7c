package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/imagefolder"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

func (a *app) evalCommand() *cobra.Command {
	var require []string
	c := &cobra.Command{
		Use:   "eval RUN [data=FOLDER] [broken=skip]",
		Short: "Judge the best weights of a run on the test set, or on your own pictures in FOLDER/CLASS/",
		Example: `  ` + a.name + ` eval last
  ` + a.name + ` eval last data=my-digits
  ` + a.name + ` eval last data=my-digits broken=skip   leave out pictures that cannot be read`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, settings := split(args)
			run, err := openRun("eval", names)
			if err != nil {
				return err
			}
			given, err := keyed(settings, "data", "broken")
			if err != nil {
				return err
			}
			own := recipe.Own{Folder: given["data"]}
			if skip, err := skipBroken(given["broken"]); err != nil {
				return err
			} else if skip {
				own.Broken = a.leftOut
			}
			requirements, err := parseRequirements(require)
			if err != nil {
				return err
			}
			began := time.Now()
			conf, j, err := readConfig(run)
			if err != nil {
				return err
			}
			if own.Folder == "" {
				if err := a.prepare(cmd.Context(), j, conf); err != nil {
					return err
				}
			}
			m, err := j.Evaluate(cmd.Context(), run, own)
			if err != nil {
				return dataError{err}
			}
			if a.json {
				err = a.printEvent("done", done(run, conf, m, time.Since(began)))
			} else {
				err = a.metricTable(m)
			}
			return errors.Join(err, check(requirements, m))
		},
	}
	c.Flags().StringArrayVar(&require, "require", nil, requireHelp)
	return c
}

// skipBroken reads the value of broken=, which is refuse where it is not given.
func skipBroken(value string) (bool, error) {
	switch value {
	case "skip":
		return true, nil
	case "", "refuse":
		return false, nil
	}
	return false, usageError{&recipe.BadSetting{Key: "broken", Value: value, Problem: "it is one of skip, refuse"}}
}

// leftOut says which pictures are left out because they are broken.
func (a *app) leftOut(broken []*data.BrokenError) {
	const most = 3
	for _, b := range broken[:min(len(broken), most)] {
		a.say("left out %v\n", b)
	}
	if more := len(broken) - most; more > 0 {
		a.say("left out %d more; data check lists them\n", more)
	}
}

func (a *app) predictCommand() *cobra.Command {
	top, table := 3, false
	c := &cobra.Command{
		Use:   "predict RUN|WEIGHTS INPUT ...",
		Short: "Apply the best weights of a run, or weights of others, to pictures: files, folders, or - for standard input",
		Example: `  ` + a.name + ` predict last digit.png
  ` + a.name + ` predict last photos/ --top 1
  ` + a.name + ` predict last photos/ --csv > photos.csv   a row for each picture
  ` + a.name + ` predict last - < digit.jpg
  ` + a.name + ` predict efficientnet-lite0-imagenet photo.jpg   by weights of others; list weights has them`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{fmt.Errorf("predict takes a run and what to predict on, such as: %s predict last picture.png", a.name)}
			}
			if table && a.json {
				return usageError{errors.New("--csv and --json are two forms of the answers; choose one")}
			}
			show := a.printAnswer
			if table {
				show = a.answerTable()
			}
			if n, ok := pretrainedNamed(args[0]); ok {
				return a.predictPretrained(cmd.Context(), n, args[1:], func(answer recipe.Answer) error { return show(answer, top) })
			}
			run, err := openRun("predict", args[:1])
			if err != nil {
				return err
			}
			_, j, err := readConfig(run)
			if err != nil {
				return err
			}
			var cells []plot.Cell
			err = j.Predict(cmd.Context(), run, a.inputs(args[1:]), func(answer recipe.Answer) error {
				if answer.Image != nil && len(cells) < mostDrawn {
					cells = append(cells, plot.Cell{
						Image:   answer.Image,
						Caption: fmt.Sprintf("%s %.3f", answer.Scores[0].Class, answer.Scores[0].Probability),
					})
				}
				return show(answer, top)
			})
			if err != nil {
				err = dataError{err}
			}
			return errors.Join(a.drawAnswers(run, cells), err)
		},
	}
	c.Flags().IntVar(&top, "top", top, "print the `N` likeliest classes")
	c.Flags().BoolVar(&table, "csv", false, "print a table: a row for each picture, with its likeliest classes")
	return c
}

// inputs are files, the pictures of folders, and standard input. What is not there fails when it is opened, as one input of many.
func (a *app) inputs(args []string) []recipe.Input {
	var all []recipe.Input
	add := func(name string, open func() (io.ReadCloser, error)) {
		all = append(all, recipe.Input{Name: name, Open: open})
	}
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case arg == "-":
			add(arg, func() (io.ReadCloser, error) { return io.NopCloser(a.in), nil })
		case err == nil && info.IsDir():
			files, err := pictures(arg)
			if err != nil {
				add(arg, func() (io.ReadCloser, error) { return nil, err })
			}
			for _, f := range files {
				add(f, func() (io.ReadCloser, error) { return open(f) })
			}
		default:
			add(arg, func() (io.ReadCloser, error) { return open(arg) })
		}
	}
	return all
}

// open opens a file; the error does not say its name.
func open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	var named *fs.PathError
	if errors.As(err, &named) {
		return nil, named.Err
	}
	return f, err
}

// pictures lists the pictures below a folder.
func pictures(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains(imagefolder.Extensions, strings.ToLower(filepath.Ext(path))) {
			files = append(files, path)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there is no picture in this folder (%s)", strings.Join(imagefolder.Extensions, ", "))
	}
	return files, err
}

func (a *app) printAnswer(answer recipe.Answer, top int) error {
	if top < 1 || top > len(answer.Scores) {
		top = len(answer.Scores)
	}
	if a.json {
		return a.printEvent("prediction", train.Fields{"input": answer.Input, "scores": answer.Scores[:top]})
	}
	fmt.Fprintf(a.out, "%s\n", answer.Input)
	for _, s := range answer.Scores[:top] {
		fmt.Fprintf(a.out, "  %6.2f %%  %-12s %s\n", 100*s.Probability, s.Class, strings.Repeat("█", int(40*s.Probability+.5)))
	}
	return nil
}

// answerTable returns what prints answers as the rows of a table, file,class,probability and so on by falling probability; in front of the
// first, it prints what the columns are.
func (a *app) answerTable() func(answer recipe.Answer, top int) error {
	out := csv.NewWriter(a.out)
	began := false
	return func(answer recipe.Answer, top int) error {
		if top < 1 || top > len(answer.Scores) {
			top = len(answer.Scores)
		}
		head, row := []string{"file"}, []string{answer.Input}
		for i, s := range answer.Scores[:top] {
			class, probability := "class", "probability"
			if i > 0 {
				class, probability = fmt.Sprint(class, " ", i+1), fmt.Sprint(probability, " ", i+1)
			}
			head = append(head, class, probability)
			row = append(row, s.Class, strconv.FormatFloat(s.Probability, 'f', 6, 64))
		}
		if !began {
			began = true
			out.Write(head) // its error comes from Flush too
		}
		out.Write(row)
		out.Flush()
		return out.Error()
	}
}

// mostDrawn is how many predictions are drawn, of a folder that has more.
const mostDrawn = 128

// drawAnswers leaves the newest predictions as one picture.
func (a *app) drawAnswers(run *train.Run, cells []plot.Cell) error {
	if len(cells) == 0 {
		return nil
	}
	path := run.Path("predictions.png")
	if err := plot.WritePNG(path, plot.Grid("What the network saw, and said", cells, min(8, len(cells)), 4)); err != nil {
		return err
	}
	a.say("drawn to %s\n", path)
	return nil
}
