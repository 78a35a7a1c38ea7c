// Package train has the training loops and the run: the folder that a training leaves, with everything needed to resume it,
// evaluate it, predict with it and look at it.
package train

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/internal/atomicfile"
)

// A Run is a folder:
//
//	config.yaml     what was asked for, resolved; training with it gives the same run
//	env.json        version, machine, command line
//	events.jsonl    everything that happened, one object a line
//	results.csv     one row an epoch
//	*.png           curves and pictures
//	examples/       a few test inputs with their label in the name
//	weights/        best.safetensors and last.safetensors
//	last.state      everything that the loop carries, to resume from
//	model.json      architecture, preprocessing and labels
//	metrics.json    the final figures
type Run struct {
	Dir string
	// Out receives every event too, if not nil.
	Out io.Writer
}

// ErrOccupied says that a new run would come to lie among other files.
var ErrOccupied = errors.New("the folder is not empty")

// Create makes a new run folder: dir itself, which must not exist or be empty, or if dir is empty the next free name of the form
// runs/name-1. It becomes the run that is called last.
func Create(dir, name string) (*Run, error) {
	if dir == "" {
		next, err := free(name)
		if err != nil {
			return nil, err
		}
		dir = next
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("create run %s: %w; choose another with --out, or resume the run in it", dir, ErrOccupied)
	}
	for _, d := range []string{dir, filepath.Join(dir, "weights"), filepath.Join(dir, "examples")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, fmt.Errorf("create run: %w", err)
		}
	}
	r := &Run{Dir: filepath.Clean(dir)}
	if err := r.remember(); err != nil {
		return nil, fmt.Errorf("create run: cannot note in runs that it is the last: %w", err)
	}
	return r, nil
}

// Folder returns a folder, which is made if there is none, to write into as into a run. It is no run that could be resumed.
func Folder(dir string) (*Run, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &Run{Dir: filepath.Clean(dir)}, nil
}

// free makes the first folder runs/name-1, -2, … that does not exist yet.
func free(name string) (string, error) {
	if err := os.MkdirAll("runs", 0o755); err != nil {
		return "", fmt.Errorf("create run: %w", err)
	}
	for i := 1; ; i++ {
		dir := filepath.Join("runs", name+"-"+strconv.Itoa(i))
		switch err := os.Mkdir(dir, 0o755); {
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrExist):
			return "", fmt.Errorf("create run: %w", err)
		}
	}
}

// remember writes the name of the run to runs/last; a file, for links need privileges on some systems.
func (r *Run) remember() error {
	dir, err := filepath.Abs(r.Dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll("runs", 0o755); err != nil {
		return err
	}
	home, err := filepath.Abs("runs")
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(home, dir); err == nil && !strings.HasPrefix(rel, "..") {
		dir = rel
	}
	return atomicfile.WriteBytes(filepath.Join("runs", "last"), []byte(dir+"\n"))
}

// Open opens a run folder by its path, by its name below runs, or as last, the newest.
func Open(name string) (*Run, error) {
	dir := name
	if name == "last" {
		b, err := os.ReadFile(filepath.Join("runs", "last"))
		if err != nil {
			return nil, fmt.Errorf("there is no last run here yet (%w)", err)
		}
		if dir = strings.TrimSpace(string(b)); !filepath.IsAbs(dir) {
			dir = filepath.Join("runs", dir)
		}
	} else if !isRun(dir) && isRun(filepath.Join("runs", name)) {
		dir = filepath.Join("runs", name)
	}
	if !isRun(dir) {
		return nil, fmt.Errorf("%s is no run: there is no config.yaml in %s", name, dir)
	}
	return &Run{Dir: filepath.Clean(dir)}, nil
}

func isRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "config.yaml"))
	return err == nil
}

// Path returns the path of a file of the run.
func (r *Run) Path(elem ...string) string { return filepath.Join(append([]string{r.Dir}, elem...)...) }

// Write writes a file of the run, whole or not at all, with the folder that it is in.
func (r *Run) Write(name string, write func(w io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(r.Path(name)), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(r.Path(name), write)
}

// WriteJSON writes v as a file of the run.
func (r *Run) WriteJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(r.Path(name), append(b, '\n'))
}

// ReadJSON reads a file of the run.
func (r *Run) ReadJSON(name string, v any) error {
	b, err := os.ReadFile(r.Path(name))
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// Fields are the values of an event.
type Fields map[string]any

// Event appends to events.jsonl, and to Out. The fields say the step; those of a later step are cut when a run is resumed.
func (r *Run) Event(event string, fields Fields) error {
	if r.Out != nil {
		if err := WriteEvent(r.Out, event, fields); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(r.Path("events.jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := WriteEvent(f, event, fields); err != nil {
		f.Close()
		return fmt.Errorf("write event: %w", err)
	}
	return f.Close()
}

// WriteEvent writes a line of JSON: the event, then the fields in the order of their names.
func WriteEvent(w io.Writer, event string, fields Fields) error {
	var line bytes.Buffer
	fmt.Fprintf(&line, `{"event":%q`, event)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(&line, ",%q:", name)
		e := json.NewEncoder(&line)
		e.SetEscapeHTML(false)
		if err := e.Encode(fields[name]); err != nil {
			return err
		}
		line.Truncate(line.Len() - 1) // the line end of each value
	}
	line.WriteString("}\n")
	_, err := w.Write(line.Bytes())
	return err
}

// Row is a row of results.csv: one epoch.
type Row struct {
	Epoch, Step                              int
	TrainLoss, TrainAccuracy, Loss, Accuracy float64 // Loss and Accuracy are those of the validation set
	LR, Seconds                              float64
}

var columns = []string{
	"epoch", "step", "train/loss", "train/accuracy", "val/loss", "val/accuracy", "lr", "seconds",
}

// WriteResults writes results.csv.
func (r *Run) WriteResults(rows []Row) error {
	return r.Write("results.csv", func(w io.Writer) error {
		c := csv.NewWriter(w)
		c.Write(columns)
		for _, row := range rows {
			record := []string{strconv.Itoa(row.Epoch), strconv.Itoa(row.Step)}
			for _, v := range []float64{row.TrainLoss, row.TrainAccuracy, row.Loss, row.Accuracy, row.LR, row.Seconds} {
				record = append(record, strconv.FormatFloat(v, 'g', 6, 64))
			}
			c.Write(record)
		}
		c.Flush()
		return c.Error()
	})
}

// Saved tells whether anything of a training was saved. Where nothing was, the run can only begin anew.
func (r *Run) Saved() bool {
	for _, file := range []string{r.Path("last.state"), r.Path("weights", "last.safetensors")} {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return false
}

// sweep removes what writes that a crash cut off have left.
func (r *Run) sweep() error {
	return filepath.WalkDir(r.Dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".") && strings.HasSuffix(d.Name(), ".part") {
			return os.Remove(path)
		}
		return err
	})
}

// cutEvents drops the events that come after a step, those that a crash left behind its last checkpoint, and a torn last line.
func (r *Run) cutEvents(step int) error {
	old, err := os.ReadFile(r.Path("events.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept []byte
	for line := range strings.Lines(string(old)) {
		var e struct{ Step int }
		if json.Unmarshal([]byte(line), &e) == nil && e.Step <= step {
			kept = append(kept, line...)
		}
	}
	return atomicfile.WriteBytes(r.Path("events.jsonl"), kept)
}
