// Package imagecsv reads tables that name pictures and their classes, a row each:
//
//	file,label,split
//	photos/1.jpg,cat,train
//	photos/2.jpg,dog,test
package imagecsv

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/data"
)

// Extensions are those of tables, in lower case.
var Extensions = []string{".csv", ".tsv"}

// The names that the columns may have, in lower case.
var (
	fileColumns  = []string{"file", "filename", "file_name", "filepath", "path", "image", "picture"}
	labelColumns = []string{"label", "class", "category", "target"}
	splitColumns = []string{"split", "set", "part", "subset"}
)

// The words that a split may be, in lower case.
var (
	trainingWords = []string{"train", "training"}
	testWords     = []string{"test", "testing", "val", "valid", "validation"}
)

// Open reads the table in a file, see Read. Paths in it are relative to its folder. The error names the file.
func Open(path string, d data.Decoder) (training, test *data.Files, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	training, test, err = Read(f, filepath.Dir(path), d)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return training, test, nil
}

// Read reads a table with the columns file and label, and possibly split. They are separated by a comma, a semicolon or a tab,
// whichever the first line has. If the first row names the columns (also as path or image, class or category, and set or part),
// they may be in any order and among others; if not, the first two columns are file and label.
//
// Classes are sorted by name, or by number if all are numbers. Paths that are not absolute are relative to folder. With no
// split all is training, and test is nil; both parts have all classes. The pictures are not read before they are asked for. An
// error says in which line it is.
func Read(r io.Reader, folder string, d data.Decoder) (training, test *data.Files, err error) {
	d.Check()
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" { // some programs begin UTF-8 with it
		in.Discard(3)
	}
	table := csv.NewReader(in)
	table.Comma = separator(in)
	table.TrimLeadingSpace = true
	table.FieldsPerRecord = -1 // a row of another length has an error of ours
	table.ReuseRecord = true

	var rows []row
	var columns columns
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err // says the line
		}
		line, _ := table.FieldPos(0)
		if columns.count == 0 {
			named, err := columns.find(record)
			if err != nil {
				return nil, nil, fmt.Errorf("line %d: %w", line, err)
			}
			if named {
				continue
			}
		}
		row, err := columns.row(record)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", line, err)
		}
		if !filepath.IsAbs(row.path) {
			row.path = filepath.Join(folder, row.path)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, nil, errors.New("no pictures: want rows of a file and a label, such as photos/1.jpg,cat")
	}
	training, test = files(rows, d)
	if test != nil && (training.Len() == 0 || test.Len() == 0) {
		return nil, nil, errors.New("all rows are of one split: want train and test, or no such column")
	}
	return training, test, nil
}

// separator guesses what separates the columns, by what comes first.
func separator(in *bufio.Reader) rune {
	for n := 256; ; n *= 2 {
		head, err := in.Peek(n)
		line, _, whole := bytes.Cut(head, []byte("\n"))
		if i := bytes.IndexAny(line, ",;\t"); i >= 0 {
			return rune(line[i])
		}
		if whole || err != nil {
			return ','
		}
	}
}

// A row is one picture.
type row struct {
	path, label string
	test        bool
}

// columns says where in a record what is.
type columns struct {
	count              int // of a record; 0 before the first
	file, label, split int // the split is −1 where there is none
}

// find looks at the first record, and tells whether it names the columns.
func (c *columns) find(record []string) (named bool, err error) {
	column := func(names []string) int {
		return slices.IndexFunc(record, func(s string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(s))) })
	}
	*c = columns{len(record), column(fileColumns), column(labelColumns), column(splitColumns)}
	switch {
	case c.file >= 0 && c.label >= 0:
		return true, nil
	case c.file >= 0 || c.label >= 0 && len(record) != 2:
		return false, fmt.Errorf("the columns are %q: want one called file and one called label", record)
	case len(record) < 2:
		return false, fmt.Errorf("one column, %q: want a file and a label", record)
	}
	c.file, c.label, c.split = 0, 1, -1
	return false, nil
}

func (c *columns) row(record []string) (row, error) {
	if len(record) != c.count {
		return row{}, fmt.Errorf("%d columns, the first line has %d", len(record), c.count)
	}
	r := row{path: strings.Clone(record[c.file]), label: strings.Clone(strings.TrimSpace(record[c.label]))}
	switch {
	case r.path == "":
		return row{}, errors.New("no file")
	case r.label == "":
		return row{}, errors.New("no label")
	case c.split < 0:
		return r, nil
	}
	word := strings.ToLower(strings.TrimSpace(record[c.split]))
	r.test = slices.Contains(testWords, word)
	if !r.test && !slices.Contains(trainingWords, word) {
		return row{}, fmt.Errorf("the split is %q, want one of %s", word,
			strings.Join(slices.Concat(trainingWords, testWords), ", "))
	}
	return r, nil
}

// files makes sets of the rows. The test set is nil where no row is of it.
func files(rows []row, d data.Decoder) (training, test *data.Files) {
	number := map[string]int{}
	for _, r := range rows {
		number[r.label] = 0
	}
	var classes []string
	numbers := true
	for label := range number {
		classes = append(classes, label)
		_, err := strconv.Atoi(label)
		numbers = numbers && err == nil
	}
	slices.SortFunc(classes, func(a, b string) int {
		if numbers {
			x, _ := strconv.Atoi(a)
			y, _ := strconv.Atoi(b)
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
	for i, label := range classes {
		number[label] = i
	}
	training = &data.Files{Decoder: d, Names: classes}
	for _, r := range rows {
		to := training
		if r.test {
			if test == nil {
				test = &data.Files{Decoder: d, Names: classes}
			}
			to = test
		}
		to.Paths, to.Labels = append(to.Paths, r.path), append(to.Labels, number[r.label])
	}
	return training, test
}
