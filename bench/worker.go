package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hadal-go/hadal/tensor"
)

// A request is a line of JSON to one who takes part; what is not asked for is left out.
type request struct {
	Open    *Workload `json:"open,omitempty"` // make a workload ready and run it a few times
	Threads int       `json:"threads,omitempty"`
	Mode    string    `json:"mode,omitempty"`  // "eager" or "compiled"
	Run     float64   `json:"run,omitempty"`   // call it for so many seconds, once at least
	Close   bool      `json:"close,omitempty"` // leave it
}

// A reply is the line that answers a request.
type reply struct {
	Name    string    `json:"name,omitempty"`    // to the first request: the framework, with its version
	Check   []float64 `json:"check,omitempty"`   // to open: numbers that all must agree on
	Seconds []float64 `json:"seconds,omitempty"` // to run: of each call, or means over a few short ones
	Peak    int64     `json:"peak,omitempty"`    // to close: bytes that the process grew by at most since before open; 0: not known
	Error   string    `json:"error,omitempty"`
}

// Serve takes part for Hadal: it answers requests, a line of JSON each, until in ends.
func Serve(in io.Reader, out io.Writer, name string) error {
	lines := bufio.NewScanner(in)
	answers := json.NewEncoder(out)
	var now task
	var before int64
	for lines.Scan() {
		var q request
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return fmt.Errorf("bench: a request that is no JSON: %w", err)
		}
		var a reply
		switch {
		case q.Open != nil:
			tensor.SetThreads(q.Threads)
			var err error
			if q.Open.Kind != "start" {
				rehearse()
			}
			before = residentMemory()
			if now, err = ready(*q.Open); err != nil {
				a.Error = err.Error()
			}
			residentMemory() // what it took to make the workload does not count
			a.Name, a.Check = name, now.check
		case q.Run > 0 && now.call != nil:
			a.Seconds = measure(now.call, q.Run)
		case q.Close:
			a.Peak = max(0, peakMemory()-before)
		default:
			a.Error = "nothing is open"
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// rehearse touches the code that training touches, so that it does not count as memory of a workload.
func rehearse() {
	if small, err := trainingStep("lenet", 4); err == nil {
		small.call()
	}
}

// ready builds a workload; what it panics with becomes an error.
func ready(w Workload) (t task, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	if t, err = build(w); err == nil && t.call == nil {
		err = errors.New("it has nothing to run")
	}
	if err == nil && w.Kind != "start" {
		measure(t.call, warmUp.Seconds())
	}
	return t, err
}

const (
	warmUp = 200 * time.Millisecond
	sample = 200 * time.Microsecond // calls shorter than this are timed several together
)

// measure calls f for some seconds and returns what each call took, or each of several means over a few.
func measure(f func(), seconds float64) []float64 {
	start := time.Now()
	f()
	first := time.Since(start)
	together := int(max(1, sample/max(1, first)))
	var all []float64
	for together == 1 && len(all) == 0 || time.Since(start).Seconds() < seconds {
		begin := time.Now()
		for range together {
			f()
		}
		all = append(all, time.Since(begin).Seconds()/float64(together))
	}
	return all
}
