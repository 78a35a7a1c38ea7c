package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hadal-go/hadal/internal/near"
)

// usageTemplate is cobra's, with the examples first.
const usageTemplate = `{{if .HasExample}}{{.Example}}

{{end}}Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} VERB{{else}}{{.UseLine}}{{end}}
{{if .HasAvailableSubCommands}}
Verbs:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
Flags of all verbs:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableSubCommands}}
{{.CommandPath}} VERB --help says more about a verb.
{{end}}`

// verbs is what a command does that only has verbs: it shows its help, and says so if a word is none of them.
func verbs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	var names []string
	for _, v := range c.Commands() {
		if v.IsAvailableCommand() {
			names = append(names, v.Name())
		}
	}
	return usageError{fmt.Errorf("unknown verb %q; %s", args[0], suggestion(args[0], names, "the verbs are "))}
}

// suggestion says which of the names may have been meant, or if none is near, what they are.
func suggestion(word string, names []string, introduction string) string {
	if close := near.Near(word, names); len(close) > 0 {
		return "did you mean " + strings.Join(close, " or ") + "?"
	}
	return introduction + strings.Join(names, ", ")
}

// flagError makes a wrong flag a mistake on the command line, and says which may have been meant.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usageError{err}
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	name, others := unknown.GetSpecifiedName(), "the flags are "
	if strings.Contains(c.Use, "key=value") {
		others = fmt.Sprintf("settings have no dashes: %s=VALUE; the flags are ", name)
	}
	return usageError{fmt.Errorf("unknown flag --%s; %s", name, suggestion("--"+name, names, others))}
}
