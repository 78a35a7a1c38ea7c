package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/bench"
	"github.com/hadal-go/hadal/internal/atomicfile"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// benchFlags are those of the verb bench.
type benchFlags struct {
	peers  []string
	python string
	rounds int
	turn   time.Duration
	write  string
	worker bool
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench [NAME…]",
		Short: "Measure the speed of this machine, alone or beside PyTorch",
		Long: `Times matrix products, convolutions, layers and training steps, and says how near they come to what the processor and
the memory can do at most. With --peer pytorch the same is run in PyTorch, in turn, with the same inputs; a row counts only where
the numbers that both compute agree. NAME picks the workloads whose names or groups contain it.`,
		Example: "  " + a.name + " bench conv                      convolutions on this machine\n" +
			"  " + a.name + " bench --peer pytorch lenet     LeNet beside PyTorch\n" +
			"  " + a.name + " bench --peer 'mine=./mine' gemm  beside a program of your own, see package bench",
		RunE: func(c *cobra.Command, args []string) error {
			if f.worker {
				return bench.Serve(a.in, a.out, "Hadal "+version()+" "+tensor.Kernels())
			}
			return a.bench(c, f, args)
		},
	}
	c.Flags().StringArrayVar(&f.peers, "peer", nil, "compare with pytorch, pytorch-compiled (torch.compile), or `NAME=COMMAND`; may be given again")
	c.Flags().StringVar(&f.python, "python", "python3", "the `PYTHON` that has PyTorch and torchvision")
	c.Flags().IntVar(&f.rounds, "rounds", 5, "`N` turns for everybody")
	c.Flags().DurationVar(&f.turn, "turn", 150*time.Millisecond, "how `LONG` a turn is")
	c.Flags().StringVar(&f.write, "write", "", "put the tables into `FILE`, between its lines <!-- tables --> and <!-- end -->")
	c.Flags().BoolVar(&f.worker, "worker", false, "answer requests on standard input")
	c.Flags().MarkHidden("worker")
	return c
}

func (a *app) bench(c *cobra.Command, f benchFlags, names []string) error {
	if f.rounds < 1 || f.turn <= 0 {
		return usageError{errors.New("--rounds and --turn must be above zero")}
	}
	workloads, err := picked(names)
	if err != nil {
		return err
	}
	var to page
	if f.write != "" {
		if to, err = openPage(f.write); err != nil {
			return err
		}
	}
	threads := a.threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	settings, clean, err := benchSettings(f, threads)
	defer func() { clean() }()
	if err != nil {
		return err
	}
	a.say("measuring the limits of the machine\n")
	one, many := bench.Measure(1), bench.Measure(threads)
	all, err := bench.Compare(c.Context(), workloads, settings, bench.Options{Rounds: f.rounds, Turn: f.turn,
		Progress: func(done, of int, w bench.Workload) { a.say("%d/%d  %s\n", done+1, of, w.Name) }})
	if err != nil {
		return err
	}
	if a.json {
		return a.benchEvents(all)
	}
	var report bytes.Buffer
	if err := bench.Report(&report, all, one, many); err != nil {
		return err
	}
	if f.write != "" {
		return to.write(versions(all) + report.String())
	}
	_, err = report.WriteTo(a.out)
	return err
}

// picked returns the workloads whose names or groups contain one of the names; all without names.
func picked(names []string) ([]bench.Workload, error) {
	all := bench.All()
	if len(names) == 0 {
		return all, nil
	}
	all = slices.DeleteFunc(all, func(w bench.Workload) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(w.Name, n) || strings.Contains(w.Group, n) })
	})
	if len(all) == 0 {
		return nil, usageError{fmt.Errorf("there is no workload %s; conv, gemm, step, inference … are parts of names", strings.Join(names, " "))}
	}
	return all, nil
}

// benchSettings returns who takes part, Hadal first. clean removes what had to be written for them.
func benchSettings(f benchFlags, threads int) (settings []bench.Setting, clean func(), err error) {
	clean = func() {}
	self, err := os.Executable()
	if err != nil {
		return nil, clean, err
	}
	counts := []int{1}
	if threads > 1 {
		counts = append(counts, threads)
	}
	for _, n := range counts {
		settings = append(settings, bench.Setting{Label: bench.Hadal, Family: bench.Hadal, Command: []string{self, "bench", "--worker"},
			Threads: n, Fresh: true})
	}
	pytorch := sync.OnceValues(func() (script string, err error) {
		folder, err := os.MkdirTemp("", "hadal-bench")
		if err != nil {
			return "", err
		}
		clean = func() { os.RemoveAll(folder) }
		script = filepath.Join(folder, "pytorch.py")
		return script, os.WriteFile(script, bench.PyTorch, 0o600)
	})
	for _, peer := range f.peers {
		name, command, own := strings.Cut(peer, "=")
		switch {
		case own:
			for _, n := range counts {
				settings = append(settings, bench.Setting{Label: name, Family: name, Command: strings.Fields(command), Threads: n})
			}
		case peer == "pytorch" || peer == "pytorch-compiled":
			script, err := pytorch()
			if err != nil {
				return nil, clean, err
			}
			settings = append(settings, bench.PyTorchSettings(f.python, script, peer == "pytorch-compiled", counts)...)
		default:
			return nil, clean, usageError{fmt.Errorf("--peer %s: it is pytorch, pytorch-compiled, or NAME=COMMAND of a program that takes part", peer)}
		}
	}
	return settings, clean, nil
}

func (a *app) benchEvents(all []bench.Comparison) error {
	for _, c := range all {
		for _, t := range c.Timings {
			fields := train.Fields{"workload": c.Workload.Name, "group": c.Workload.Group, "setting": t.Setting.Label, "framework": t.Name,
				"threads": t.Setting.Threads}
			if t.Problem != "" {
				fields["problem"] = t.Problem
			} else {
				fields["seconds"], fields["spread"], fields["p99"], fields["peak_bytes"] = t.Median(), t.Spread(), t.Tail(), t.Peak
			}
			if err := a.printEvent("timing", fields); err != nil {
				return err
			}
		}
	}
	return nil
}

// versions names who took part.
func versions(all []bench.Comparison) string {
	var names []string
	for _, c := range all {
		for _, t := range c.Timings {
			if t.Name != "" && !slices.Contains(names, t.Name) {
				names = append(names, t.Name)
			}
		}
	}
	return fmt.Sprintf("%s. %s, %s.\n\n", strings.Join(names, ", "), bench.Processor(), time.Now().Format(time.DateOnly))
}

// A page is a file with a place for tables: before it and after it. It is read before anything is measured, which takes long.
type page struct{ name, before, after string }

func openPage(name string) (page, error) {
	const begin, end = "<!-- tables -->\n", "<!-- end -->"
	old, err := os.ReadFile(name)
	if err != nil {
		return page{}, dataError{err}
	}
	before, rest, found := strings.Cut(string(old), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return page{}, dataError{fmt.Errorf("%s has no lines %q and %q to put the tables between", name, strings.TrimSpace(begin), end)}
	}
	return page{name, before + begin, end + after}, nil
}

// write replaces what stands in the place of the tables.
func (p page) write(tables string) error {
	return atomicfile.WriteBytes(p.name, []byte(p.before+tables+p.after))
}
