// Package peers lets programs made of other frameworks take part in the benchmark: the protocol of package bench, and the numbers
// that all who take part make.
package peers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// A Workload is what bench.Workload says of itself in a request.
type Workload struct {
	Kind string         `json:"kind"`
	Net  string         `json:"net"`
	Args map[string]int `json:"args"`
}

// A Task is a workload made ready: what a call does, and the numbers by which the results are compared.
type Task struct {
	Call  func()
	Check []float64
}

// A request is a line from the benchmark.
type request struct {
	Open    *Workload `json:"open"`
	Threads int       `json:"threads"`
	Run     float64   `json:"run"`
	Close   bool      `json:"close"`
}

// A reply is the line that answers it.
type reply struct {
	Name    string    `json:"name,omitempty"`
	Check   []float64 `json:"check,omitempty"`
	Seconds []float64 `json:"seconds,omitempty"`
	Error   string    `json:"error,omitempty"`
}

// Serve answers the requests on standard input, until it ends. build makes a workload ready; GOMAXPROCS is the number of threads
// that it may use.
func Serve(name string, build func(w Workload) (Task, error)) {
	answers := json.NewEncoder(os.Stdout)
	os.Stdout = os.Stderr // what a framework prints must not come between the answers
	if err := serve(os.Stdin, answers, name, build); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, answers *json.Encoder, name string, build func(w Workload) (Task, error)) error {
	lines := bufio.NewScanner(in)
	var now Task
	for lines.Scan() {
		var q request
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return fmt.Errorf("a request that is no JSON: %w", err)
		}
		var a reply
		switch {
		case q.Open != nil:
			runtime.GOMAXPROCS(q.Threads)
			var err error
			if now, err = ready(*q.Open, build); err != nil {
				a.Error = err.Error()
			}
			a.Name, a.Check = name, now.Check
		case q.Run > 0 && now.Call != nil:
			a.Seconds = measure(now.Call, q.Run)
		case q.Close:
			now = Task{}
			debug.FreeOSMemory()
		default:
			a.Error = "nothing is open"
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// ready builds a workload and warms it up; what it panics with becomes an error.
func ready(w Workload, build func(w Workload) (Task, error)) (t Task, err error) {
	defer func() {
		if r := recover(); r != nil {
			line, _, _ := strings.Cut(fmt.Sprint(r), "\n")
			t, err = Task{}, fmt.Errorf("panic: %s", line)
		}
	}()
	if t, err = build(w); err == nil {
		measure(t.Call, .2)
	}
	return t, err
}

// measure calls f for some seconds, as package bench does for Hadal.
func measure(f func(), seconds float64) []float64 {
	start := time.Now()
	f()
	first := time.Since(start)
	together := int(max(1, 200*time.Microsecond/max(1, first)))
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

// Made returns n numbers in [−1, 1): splitmix64 of a counter that begins at a place given by the name.
func Made(name string, n int) []float32 {
	hash := fnv.New32a()
	hash.Write([]byte(name))
	counter := uint64(hash.Sum32())<<32 + 0x9E3779B97F4A7C15
	numbers := make([]float32, n)
	for i := range numbers {
		x := counter + uint64(i)
		x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
		x = (x ^ x>>27) * 0x94D049BB133111EB
		x ^= x >> 31
		numbers[i] = float32(x>>40)/(1<<23) - 1
	}
	return numbers
}

// Weights returns the matrix or kernel that all give to the parameter of a name. shape is that of PyTorch: what is produced first.
func Weights(name string, shape ...int) []float32 {
	n := Size(shape)
	data := Made(name, n)
	scale := float32(math.Sqrt(3 / float64(n/shape[0])))
	for i := range data {
		data[i] *= scale
	}
	return data
}

// Labels returns n labels below classes.
func Labels(n, classes int) []int32 {
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(i * 7 % classes)
	}
	return labels
}

// Sums are two numbers for each of several results: Σ|y| and Σy².
func Sums(results ...[]float32) []float64 {
	var all []float64
	for _, r := range results {
		var size, square float64
		for _, v := range r {
			size += math.Abs(float64(v))
			square += float64(v) * float64(v)
		}
		all = append(all, size, square)
	}
	return all
}

// Steps does the ten steps whose losses are compared; the task is another one.
func Steps(step func() float64) Task {
	losses := make([]float64, 10)
	for i := range losses {
		losses[i] = step()
	}
	return Task{Call: func() { step() }, Check: losses}
}

// Size is the number of elements of a shape.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Absent is the error for a workload that a framework does not have.
func Absent(w Workload) error {
	if w.Net != "" {
		return fmt.Errorf("there is no %s of a network %q", w.Kind, w.Net)
	}
	return fmt.Errorf("there is no workload of kind %q", w.Kind)
}

// Name is that of the modules of a framework with their versions, its backend, and the experiments of the toolchain that the
// program was built with.
func Name(backend string, modules ...string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return backend
	}
	var words []string
	for _, m := range modules {
		for _, d := range info.Deps {
			if d.Path == m {
				words = append(words, path.Base(m), d.Version)
			}
		}
	}
	words = append(words, backend)
	for _, s := range info.Settings {
		if s.Key == "GOEXPERIMENT" && s.Value != "" {
			words = append(words, "GOEXPERIMENT="+s.Value)
		}
	}
	return strings.Join(words, " ")
}
