// Command hadal trains, evaluates and applies networks, and shows what they do.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// The exit codes.
const (
	exitInternal    = 1
	exitUsage       = 2
	exitData        = 3
	exitDiverged    = 4
	exitMissed      = 5
	exitDownload    = 6
	exitInterrupted = 130
)

func main() {
	ctx, stop := interruptible()
	code := run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// interruptible returns a context that ends with the first Ctrl-C; the second one ends the program.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	return ctx, cancel
}

// app is what the verbs share: where to print, and the flags of all of them.
type app struct {
	name     string // by which the program was called
	in       io.Reader
	out, err io.Writer

	data    string
	threads int
	json    bool
	quiet   bool
	offline bool
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// dataError is something wrong with the user's data or with a run.
type dataError struct{ error }

func (e dataError) Unwrap() error { return e.error }

// run executes a command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, stderr io.Writer) (code int) {
	a := &app{name: callName(args[0]), in: in, out: out, err: stderr}
	defer func() {
		if r := recover(); r != nil {
			code = a.failed(panicError(r))
			if os.Getenv("HADAL_DEBUG") != "" {
				fmt.Fprintf(stderr, "%s\n", debug.Stack())
			}
		}
	}()
	root := a.root()
	root.SetArgs(args[1:])
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		return a.failed(err)
	}
	return 0
}

// failed reports an error and returns its exit code.
func (a *app) failed(err error) int {
	code := exitCode(err)
	switch {
	case code != exitInterrupted:
		fmt.Fprintf(a.err, "error: %v\n", err)
	case !errors.Is(err, train.ErrInterrupted):
		fmt.Fprintln(a.err, "interrupted")
	}
	if a.json {
		a.printEvent("error", train.Fields{"code": code, "message": err.Error()})
	}
	return code
}

// callName is how a command to type next begins: the name by which the program was called, or the go run that built it.
func callName(arg string) string {
	if strings.Contains(arg, "go-build") {
		return "go run ./cmd/hadal"
	}
	return quoted(arg)
}

func exitCode(err error) int {
	var (
		usage    usageError
		bad      *recipe.BadSetting
		wrong    dataError
		damaged  *train.Damaged
		file     *fs.PathError
		link     *os.LinkError
		diverged *train.Diverged
		missed   *train.Missed
		missing  *source.MissingError
		corrupt  *source.CorruptError
		download *source.DownloadError
		unknown  *source.UnknownError
	)
	switch {
	case errors.As(err, &diverged):
		return exitDiverged
	case errors.Is(err, train.ErrInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &missed):
		return exitMissed
	case errors.As(err, &download):
		return exitDownload
	case errors.As(err, &bad), errors.As(err, &usage), errors.As(err, &unknown):
		return exitUsage
	case errors.As(err, &missing), errors.As(err, &corrupt), errors.As(err, &damaged), errors.As(err, &wrong),
		errors.As(err, &file), errors.As(err, &link):
		return exitData
	}
	return exitInternal
}

// root returns the command with all verbs.
func (a *app) root() *cobra.Command {
	c := &cobra.Command{
		Use:   "hadal",
		Short: "Deep learning in Go: train, evaluate, predict, look",
		Long:  "Hadal trains networks, evaluates them, predicts with them and shows what they do.",
		Example: `  ` + a.name + ` train                          train LeNet on MNIST
  ` + a.name + ` train mlp-mnist epochs=3       another recipe, with a setting of your own
  ` + a.name + ` predict last picture.png       what is on a picture
  ` + a.name + ` list                           what there is to train`,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.threads < 0 {
				return usageError{fmt.Errorf("--threads %d: it must be one at least, or 0 for all", a.threads)}
			}
			if a.threads > 0 {
				tensor.SetThreads(a.threads)
			}
			return nil
		},
	}
	c.RunE = verbs
	c.Args = cobra.ArbitraryArgs
	c.SetUsageTemplate(usageTemplate)
	c.SetHelpCommand(&cobra.Command{
		Use: "help [VERB]", Short: "Say more about a verb", Hidden: true,
		RunE: func(help *cobra.Command, args []string) error {
			verb, rest, err := c.Find(args)
			if err != nil || len(rest) > 0 {
				return verbs(c, args)
			}
			verb.InitDefaultHelpFlag()
			return verb.Help()
		},
	})
	c.CompletionOptions.HiddenDefaultCmd = true
	f := c.PersistentFlags()
	f.StringVar(&a.data, "data", "", "look for data sets and weights in `FOLDER` first (default $HADAL_DATA)")
	f.IntVar(&a.threads, "threads", 0, "use `N` processor threads (default all)")
	f.BoolVar(&a.json, "json", false, "one JSON object a line on standard output")
	f.BoolVar(&a.quiet, "quiet", false, "no progress")
	f.BoolVar(&a.offline, "offline", false, "download nothing")
	c.SetFlagErrorFunc(flagError)
	c.AddCommand(a.trainCommand(), a.resumeCommand(), a.evalCommand(), a.predictCommand(), a.generateCommand(), a.studyCommand(), a.listCommand(),
		a.showCommand(), a.convertCommand(), a.dataCommand(), a.benchCommand(), a.versionCommand())
	return c
}

// source says where data are looked for, and shows how downloads come along.
func (a *app) source() source.Options {
	o := source.Options{Dir: cmp.Or(a.data, os.Getenv("HADAL_DATA")), Offline: a.offline}
	if !a.quiet {
		o.Progress = a.downloading
	}
	return o
}

// downloading shows how far the download of a file has come.
func (a *app) downloading(file string, done, total int64) {
	switch {
	case done == 0 && total == 0:
		a.say("fetching %s\n", file)
	case a.terminal() && total > 0:
		fmt.Fprintf(a.err, "\r\033[K%s  %.1f of %.1f MB", file, float64(done)/1e6, float64(total)/1e6)
		if done == total {
			fmt.Fprintln(a.err)
		}
	case done == total:
		fmt.Fprintf(a.err, "%s  %.1f MB\n", file, float64(done)/1e6)
	}
}

// working shows on a terminal how far work has come that is no download and no training.
func (a *app) working() func(what string, done, of int) {
	var lock sync.Mutex
	var drawn time.Time
	return func(what string, done, of int) {
		lock.Lock()
		defer lock.Unlock()
		if a.quiet || !a.terminal() || done < of && time.Since(drawn) < 100*time.Millisecond {
			return
		}
		drawn = time.Now()
		fmt.Fprintf(a.err, "\r\033[K%s  %d of %d", what, done, of)
		if done == of {
			fmt.Fprint(a.err, "\r\033[K")
		}
	}
}

// terminal tells whether progress goes to a person at a terminal.
func (a *app) terminal() bool {
	f, ok := a.err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// console shows the progress of training; nil shows nothing.
func (a *app) console() *train.Console {
	if a.quiet {
		return nil
	}
	return &train.Console{Out: a.err, Terminal: a.terminal()}
}
