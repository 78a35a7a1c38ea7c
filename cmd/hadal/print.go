package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/train"
)

// say tells a person something on the way; it is left out where only results are wanted.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format, args...)
	}
}

// printEvent prints one line of JSON.
func (a *app) printEvent(event string, fields train.Fields) error {
	return train.WriteEvent(a.out, event, fields)
}

// quoted writes a path so that a shell takes it as one word.
func quoted(path string) string {
	special := " '\"$&()*;<>?[]`{|}~!#"
	if runtime.GOOS == "windows" {
		if strings.ContainsAny(path, special) {
			return `"` + path + `"`
		}
		return path
	}
	if strings.ContainsAny(path, special+"\\\n\t") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// usage makes what a check of the arguments finds a mistake on the command line.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// version is that of the module, with the commit it was built from where it is known.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v += " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}
