package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/data/textset"
	"github.com/hadal-go/hadal/train"
)

// textParts opens a set of text that a user names: a named one, or a file whose name ends in .txt. The third result tells whether it
// is one.
func (a *app) textParts(ctx context.Context, name string) (parts []textset.Part, found source.Located, ok bool, err error) {
	s, unknown := source.ByName(name)
	switch {
	case unknown == nil && s.Text:
		if found, err = s.Find(ctx, a.source()); err != nil {
			return nil, found, true, err
		}
		if parts, err = textset.Parts(found); err != nil {
			err = dataError{err}
		}
		return parts, found, true, err
	case unknown != nil && strings.HasSuffix(strings.ToLower(name), ".txt"):
		if _, err := os.Stat(name); err != nil {
			return nil, found, false, nil // the error is that of any set that is not there
		}
		corpus, err := text.Open(name)
		if err != nil {
			return nil, found, true, dataError{err}
		}
		return []textset.Part{{Name: "text", Lines: corpus.Lines()}}, source.Located{From: name}, true, nil
	}
	return nil, found, false, nil
}

// A textCount is what there is in a part of a set of text.
type textCount struct{ texts, bytes, characters, words, different, broken int }

func countText(lines text.Lines) (c textCount, err error) {
	different := map[string]bool{}
	for line, err := range lines {
		if err != nil {
			return c, err
		}
		c.texts++
		c.bytes += len(line.Text)
		c.characters += utf8.RuneCountInString(line.Text)
		if !utf8.ValidString(line.Text) {
			c.broken++
		}
		for word := range strings.FieldsSeq(line.Text) {
			c.words++
			if !different[word] {
				different[strings.Clone(word)] = true
			}
		}
	}
	c.different = len(different)
	return c, nil
}

// checkText counts what there is in a set of text.
func (a *app) checkText(parts []textset.Part, found source.Located) error {
	from := found.From
	if found.Form.About != "" {
		from += ": " + found.Form.About
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "part\ttexts\tbytes\tcharacters\twords\tdifferent\t")
	broken := 0
	for _, p := range parts {
		c, err := countText(p.Lines)
		if err != nil {
			return dataError{err}
		}
		broken += c.broken
		if a.json {
			fields := train.Fields{
				"part": p.Name, "texts": c.texts, "bytes": c.bytes, "characters": c.characters, "words": c.words, "different": c.different,
				"broken": c.broken,
			}
			if p.Classes != nil {
				fields["classes"], fields["counts"] = p.Classes, p.Count
			}
			if err := a.printEvent("part", fields); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t", p.Name, c.texts, c.bytes, c.characters, c.words, c.different)
		for i, class := range p.Classes {
			fmt.Fprintf(w, "  %d %s", p.Count[i], class)
		}
		fmt.Fprintln(w)
	}
	if a.json {
		if err := a.printEvent("done", train.Fields{"from": from, "broken": broken}); err != nil {
			return err
		}
	} else {
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "\nfound in  %s\nnot UTF-8 %s\n", from, orNone(broken, "%d texts"))
	}
	if broken > 0 {
		return dataError{fmt.Errorf("%d texts are not UTF-8", broken)}
	}
	return nil
}

// previewText prints the beginning of n texts of each part.
func (a *app) previewText(parts []textset.Part, n int) error {
	const most = 120 // characters of a text
	for _, p := range parts {
		shown := 0
		for line, err := range p.Lines {
			if err != nil {
				return dataError{err}
			}
			s := strings.TrimSpace(line.Text)
			if s == "" {
				continue
			}
			if utf8.RuneCountInString(s) > most {
				s = string([]rune(s)[:most-1]) + "…"
			}
			s = strings.ReplaceAll(s, "\n", " ⏎ ")
			if a.json {
				if err := a.printEvent("text", train.Fields{"part": p.Name, "text": s, "line": line.Number}); err != nil {
					return err
				}
			} else if _, err := fmt.Fprintf(a.out, "%-11s  %s\n", p.Name, s); err != nil {
				return err
			}
			if shown++; shown == n {
				break
			}
		}
	}
	return nil
}
