package check

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	root   = "../.." // of the repository
	module = "github.com/hadal-go/hadal"
)

// A file is one Go file of the module.
type file struct {
	path      string // from the root, with slashes
	lines     int
	test      bool
	generated bool
	syntax    *ast.File
}

// dir returns the package that f belongs to, from the root.
func (f file) dir() string { return path.Dir(f.path) }

// imports returns what f imports.
func (f file) imports() []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		p, _ := strconv.Unquote(spec.Path.Value) // the parser has seen to it that it can be unquoted
		paths = append(paths, p)
	}
	return paths
}

var load = sync.OnceValues(loadFiles)

// files returns the Go files of the module, those of nested modules left out.
func files(t *testing.T) []file {
	t.Helper()
	fs, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(fs) < 20 {
		t.Fatalf("the repository has %d Go files; is %s its root?", len(fs), root)
	}
	return fs
}

func loadFiles() ([]file, error) {
	var files []file
	positions := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(p, d.Name())
		}
		if filepath.Ext(p) != ".go" {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(positions, p, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		files = append(files, file{
			path:      filepath.ToSlash(rel),
			lines:     bytes.Count(text, []byte("\n")),
			test:      strings.HasSuffix(p, "_test.go"),
			generated: ast.IsGenerated(syntax),
			syntax:    syntax,
		})
		return nil
	})
	return files, err
}

// enter skips the directories that the go command skips, and nested modules.
func enter(p, name string) error {
	if p == root {
		return nil
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "runs" {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// matches tells whether a directory is meant by a pattern: itself, or with dir/... everything from dir down.
func matches(pattern, dir string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return dir == base || strings.HasPrefix(dir, base+"/")
	}
	return dir == pattern
}
