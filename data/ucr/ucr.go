// Package ucr reads labelled series of measurements in the .ts files of the UCR and UEA archives of time-series classification (Dau et al.
// 2019, https://arxiv.org/abs/1810.07758; Bagnall et al. 2018, https://arxiv.org/abs/1811.00075), whose format is described at
// https://www.timeseriesclassification.com: lines that begin with @ say what there is, and behind @data each line is a series. Its
// features are separated by colons, their values by commas, and the last part is the class.
package ucr

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/tensor"
)

// A Series has T steps of so many features, T×F, and the number of its class.
type Series struct {
	Values []tensor.Float
	Steps  int
	Label  int
}

// A Set is a part of a problem, the training or the test.
type Set struct {
	Features int
	Classes  []string
	Series   []Series
}

// Problems returns the names of those in a source, in the order of its files.
func Problems(s source.Source) (names []string) {
	for _, f := range s.Files {
		if dir := path.Dir(f.Name); !slices.Contains(names, dir) {
			names = append(names, dir)
		}
	}
	return names
}

// Load reads the training and the test of a problem in a located source. What is wrong is an error that names the file and the line, or a
// *source.CorruptError if it is not the file that was published.
func Load(l source.Located, problem string) (training, test *Set, err error) {
	if training, err = load(l, problem+"/"+problem+"_TRAIN.ts"); err != nil {
		return nil, nil, err
	}
	if test, err = load(l, problem+"/"+problem+"_TEST.ts"); err != nil {
		return nil, nil, err
	}
	if training.Features != test.Features || !slices.Equal(training.Classes, test.Classes) {
		return nil, nil, fmt.Errorf("training and test of %s have other features or classes: %s with %s", problem,
			l.Path(problem+"/"+problem+"_TRAIN.ts"), l.Path(problem+"/"+problem+"_TEST.ts"))
	}
	return training, test, nil
}

func load(l source.Located, name string) (*Set, error) {
	f, err := l.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := Read(f)
	if err != nil {
		// A damaged file often stops making sense before its end, where the sum would show that it is damaged.
		if _, damage := io.Copy(io.Discard, f); damage != nil {
			return nil, damage
		}
		return nil, fmt.Errorf("%s: %w", l.Path(name), err)
	}
	return s, nil
}

// longestLine is that of a series in bytes.
const longestLine = 16 << 20

// Read reads a file. Values that are missing, and those with times beside them, are an error.
func Read(r io.Reader) (*Set, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	s := &Set{}
	begun := false
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		var err error
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !begun && strings.HasPrefix(line, "@"):
			begun, err = s.header(strings.Fields(line))
		case !begun:
			err = fmt.Errorf("there is a series in front of @data")
		default:
			err = s.add(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(s.Series) == 0 {
		return nil, fmt.Errorf("there is no series behind @data")
	}
	return s, nil
}

// header takes in a line that begins with @, and tells whether it was the last one.
func (s *Set) header(words []string) (last bool, err error) {
	switch strings.ToLower(words[0]) {
	case "@data":
		if len(s.Classes) < 2 {
			return false, fmt.Errorf("@classLabel has named %d classes: want two at least", len(s.Classes))
		}
		return true, nil
	case "@classlabel":
		if len(words) > 2 && strings.EqualFold(words[1], "true") {
			s.Classes = slices.Clone(words[2:])
		}
	case "@timestamps":
		if len(words) > 1 && strings.EqualFold(words[1], "true") {
			return false, fmt.Errorf("its values have times beside them, which are not read")
		}
	}
	return false, nil
}

func (s *Set) add(line string) error {
	at := strings.LastIndexByte(line, ':')
	if at < 0 {
		return fmt.Errorf("it does not end in a colon and a class")
	}
	label := slices.Index(s.Classes, strings.TrimSpace(line[at+1:]))
	if label < 0 {
		return fmt.Errorf("the class %.40q is none of %s", strings.TrimSpace(line[at+1:]), strings.Join(s.Classes, ", "))
	}
	series, features, err := Parse(line[:at])
	if err != nil {
		return err
	}
	if s.Features != 0 && s.Features != features {
		return fmt.Errorf("it has %d features, those before %d", features, s.Features)
	}
	s.Features, series.Label = features, label
	s.Series = append(s.Series, series)
	return nil
}

// Parse reads a series without a class: features separated by colons, their values by commas.
func Parse(text string) (series Series, features int, err error) {
	parts := strings.Split(text, ":")
	for f, part := range parts {
		values := strings.Split(part, ",")
		if f == 0 {
			series.Steps = len(values)
		}
		if len(values) != series.Steps {
			return Series{}, 0, fmt.Errorf("feature %d has %d values, the first one %d", f+1, len(values), series.Steps)
		}
		for t, word := range values {
			v, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
			if err != nil || math.IsNaN(v) || math.Abs(v) > math.MaxFloat32 {
				return Series{}, 0, fmt.Errorf("value %d of feature %d is %.40q, which is no number", t+1, f+1, word)
			}
			series.Values = append(series.Values, tensor.Float(v))
		}
	}
	return series.stepByStep(len(parts)), len(parts), nil
}

// stepByStep turns F×T into T×F.
func (s Series) stepByStep(features int) Series {
	out := make([]tensor.Float, len(s.Values))
	for i, v := range s.Values {
		out[i%s.Steps*features+i/s.Steps] = v
	}
	s.Values = out
	return s
}
