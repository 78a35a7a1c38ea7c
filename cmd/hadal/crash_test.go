package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hadal-go/hadal/format/safetensors"
)

// many is a training with very many checkpoints: an epoch is 8 steps.
var many = []string{"mlp-mnist", "epochs=16", "fraction=0.01", "validation=100", "--seed", "7"}

// hadal returns the command with arguments, to be run in a folder.
func hadal(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command("hadal", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "HADAL_DATA="+mnist(t))
	return c
}

// whole runs the command to its end and returns its exit code and what it wrote to standard error.
func whole(t *testing.T, c *exec.Cmd) (code int, stderr string) {
	t.Helper()
	var text strings.Builder
	c.Stderr = &text
	var failed *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), text.String()
}

// uninterrupted trains in a folder of its own, and returns the weights.
func uninterrupted(t *testing.T, args ...string) (last, best []byte) {
	t.Helper()
	dir := t.TempDir()
	if code, text := whole(t, hadal(t, dir, append([]string{"train", "--out", "run"}, args...)...)); code != 0 {
		t.Fatalf("training ends with %d: %s", code, text)
	}
	return savedWeights(t, dir)
}

func savedWeights(t *testing.T, dir string) (last, best []byte) {
	t.Helper()
	return content(t, filepath.Join(dir, "run/weights/last.safetensors")), content(t, filepath.Join(dir, "run/weights/best.safetensors"))
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same checks that the run in dir has these weights, and one row and one event for each of its epochs.
func same(t *testing.T, dir string, last, best []byte, epochs int) {
	t.Helper()
	gotLast, gotBest := savedWeights(t, dir)
	if !bytes.Equal(gotLast, last) || !bytes.Equal(gotBest, best) {
		t.Errorf("the weights are others than those of an uninterrupted run: last equal %v, best equal %v",
			bytes.Equal(gotLast, last), bytes.Equal(gotBest, best))
	}
	if n := bytes.Count(content(t, filepath.Join(dir, "run/results.csv")), []byte("\n")); n != epochs+1 {
		t.Errorf("results.csv has %d lines, want a head and %d epochs", n, epochs)
	}
	events := content(t, filepath.Join(dir, "run/events.jsonl"))
	if n := bytes.Count(events, []byte(`{"event":"epoch"`)); n != epochs {
		t.Errorf("events.jsonl has %d epochs, want %d", n, epochs)
	}
	if n := bytes.Count(events, []byte(`{"event":"done"`)); n > 1 { // none, if killed right before it
		t.Errorf("events.jsonl says %d times that the run is done", n)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "run/*/.*.part")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

// readable reads every file of a run to its end, and returns how many there are.
func readable(t *testing.T, run string) (n int) {
	t.Helper()
	err := filepath.WalkDir(run, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".part") { // what was being written has no name yet
			return err
		}
		n++
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch filepath.Ext(path) {
		case ".safetensors", ".state":
			_, err = safetensors.Open(bytes.NewReader(b), int64(len(b)))
		case ".png":
			_, err = png.Decode(bytes.NewReader(b))
		case ".json":
			var v any
			err = json.Unmarshal(b, &v)
		case ".csv":
			_, err = csv.NewReader(bytes.NewReader(b)).ReadAll()
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	return n
}

// A training that is killed again and again, at random moments, leaves whole files each time, goes on each time, and ends as one
// that was left alone.
func TestKilledTrainingGoesOn(t *testing.T) {
	t.Parallel()
	last, best := uninterrupted(t, many...)
	dir := t.TempDir()
	args := append([]string{"train", "--out", "run"}, many...)
	kills, files := 0, 0
	for range 20 {
		c := hadal(t, dir, args...)
		text, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(text); lines.Scan() && !strings.Contains(lines.Text(), "parameters"); {
		}
		time.Sleep(rand.N(200 * time.Millisecond))
		c.Process.Kill()
		if c.Wait() == nil {
			break // it was done before
		}
		kills++
		if _, err := os.Stat(filepath.Join(dir, "run/config.yaml")); err != nil {
			os.RemoveAll(filepath.Join(dir, "run")) // there was no run yet
			continue
		}
		files += readable(t, filepath.Join(dir, "run"))
		args = []string{"resume", "run"}
	}
	if args[0] == "train" {
		t.Fatal("no training lived long enough to leave a run")
	}
	t.Logf("killed %d times, read %d files", kills, files)
	if code, text := whole(t, hadal(t, dir, "resume", "run")); code != 0 {
		t.Fatalf("the last resume ends with %d: %s", code, text)
	}
	same(t, dir, last, best, 16)
}

// Ctrl-C, and the signal to terminate, end a training after the step under way: exit code 130, saved, with what to type next.
func TestInterruptedTrainingGoesOn(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("one process cannot interrupt another there")
	}
	last, best := uninterrupted(t, many...)
	dir := t.TempDir()
	args := append([]string{"train", "--out", "run", "--json"}, many...)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, os.Interrupt} {
		c := hadal(t, dir, args...)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		c.Stderr = &text
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil { // the first event
			t.Fatalf("%v: %s", err, &text)
		}
		if err := c.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		var rest bytes.Buffer
		rest.ReadFrom(out)
		c.Wait()
		if code := c.ProcessState.ExitCode(); code != exitInterrupted {
			t.Fatalf("after %v the exit code is %d, want %d: %s", s, code, exitInterrupted, &text)
		}
		if want := "interrupted and saved; go on with\n  hadal resume run\n"; !strings.HasSuffix(text.String(), want) {
			t.Errorf("after %v standard error ends with %q, want %q", s, text.String(), want)
		}
		if !strings.Contains(rest.String(), `{"event":"error","code":130,`) {
			t.Errorf("after %v the events end with %q, want that it was interrupted", s, rest.String())
		}
		args = []string{"resume", "run", "--json"}
	}
	if code, text := whole(t, hadal(t, dir, "resume", "run")); code != 0 {
		t.Fatalf("resume ends with %d: %s", code, text)
	}
	same(t, dir, last, best, 16)
}

// The second Ctrl-C ends the program at once, whatever it is doing.
func TestSecondInterruptEndsAtOnce(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("one process cannot interrupt another there")
	}
	c := hadal(t, t.TempDir(), "predict", "last", "-")
	if code, text := whole(t, hadal(t, c.Dir, "train", "epochs=1", "fraction=0.01", "validation=100")); code != 0 {
		t.Fatalf("training ends with %d: %s", code, text)
	}
	in, err := c.StdinPipe() // never closed: predict waits for ever for the rest of the picture
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		c.Wait()
		close(ended)
	}()
	comment := append([]byte{0xff, 0xfe, 0xff, 0xff}, make([]byte, 0xffff-2)...)
	jpeg := append([]byte{0xff, 0xd8}, bytes.Repeat(comment, 4)...)
	if _, err := in.Write(jpeg); err != nil { // more than a pipe holds: when it is written, it is being read
		t.Fatal(err)
	}
	c.Process.Signal(os.Interrupt)
	select {
	case <-ended:
		t.Error("the first Ctrl-C ended what reads its input; want that it waits for the step under way")
	case <-time.After(100 * time.Millisecond):
	}
	c.Process.Signal(os.Interrupt)
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		c.Process.Kill()
		t.Fatal("after the second Ctrl-C it goes on")
	}
	if code := c.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("the exit code is %d, want %d", code, exitInterrupted)
	}
}
