package check

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// known are the methods that everyone knows from their interfaces.
var known = []string{
	"Error", "String", "Unwrap", "Len", "Less", "Swap", "Read", "Write", "Close", "MarshalText", "UnmarshalText", "MarshalJSON",
	"UnmarshalJSON", "MarshalYAML", "UnmarshalYAML",
}

func TestPackagesHaveDocComments(t *testing.T) {
	has := map[string]int{}
	for _, f := range files(t) {
		if f.test {
			continue
		}
		has[f.dir()] += 0
		if f.syntax.Doc != nil {
			has[f.dir()]++
		}
	}
	for dir, n := range has {
		if n != 1 {
			t.Errorf("package %s has %d package comments, want 1", dir, n)
		}
	}
}

func TestExportedNamesHaveDocComments(t *testing.T) {
	promised := map[string][]string{}
	for _, f := range files(t) {
		promised[f.dir()] = append(promised[f.dir()], interfaceMethods(f.syntax)...)
	}
	seen := 0
	for _, f := range files(t) {
		if f.test || f.generated {
			continue
		}
		for _, d := range f.syntax.Decls {
			for _, name := range undocumented(d, promised[f.dir()], &seen) {
				t.Errorf("%s: %s has no doc comment", f.path, name)
			}
		}
	}
	if seen < 100 {
		t.Errorf("found %d exported names, want more", seen)
	}
}

// interfaceMethods returns the methods of the interfaces in a file: what the interface says of them holds for every type that has
// them.
func interfaceMethods(f *ast.File) (names []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if i, ok := n.(*ast.InterfaceType); ok {
			for _, m := range i.Methods.List {
				for _, name := range m.Names {
					names = append(names, name.Name)
				}
			}
		}
		return true
	})
	return names
}

// undocumented returns the exported names of a declaration that nothing is said about, neither here nor in an interface of the
// package, which has the promised methods; seen counts all exported names.
func undocumented(d ast.Decl, promised []string, seen *int) (names []string) {
	check := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if !name.IsExported() {
			return
		}
		*seen++
		if !slices.ContainsFunc(docs, func(c *ast.CommentGroup) bool { return c.Text() != "" }) {
			names = append(names, name.Name)
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		method := d.Name.Name
		if d.Recv == nil || exportedReceiver(d.Recv) && !slices.Contains(known, method) && !slices.Contains(promised, method) {
			check(d.Name, d.Doc)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				check(s.Name, d.Doc, s.Doc)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					check(name, d.Doc, s.Doc, s.Comment)
				}
			}
		}
	}
	return names
}

// exportedReceiver tells whether the type of a method is exported.
func exportedReceiver(recv *ast.FieldList) bool {
	exported := false
	ast.Inspect(recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && !exported {
			exported = id.IsExported()
			return false
		}
		return true
	})
	return exported
}

// maxLines is how long a file may be that people write and read from top to bottom.
const maxLines = 700

func TestFileSizes(t *testing.T) {
	for _, f := range files(t) {
		if !f.test && !f.generated && f.lines > maxLines {
			t.Errorf("%s has %d lines; split it below %d", f.path, f.lines, maxLines)
		}
	}
}

func TestNames(t *testing.T) {
	good := regexp.MustCompile(`^([a-z0-9]+/)*[a-z][a-z0-9]*(_[a-z0-9]+)*\.go$`)
	for _, f := range files(t) {
		if !good.MatchString(f.path) {
			t.Errorf("%s: names of files and packages are of lower-case letters and digits, in files joined by _", f.path)
		}
		switch name := strings.TrimSuffix(f.syntax.Name.Name, "_test"); name {
		case "util", "utils", "common", "misc", "helpers":
			t.Errorf("%s: package %s says nothing about what is in it", f.path, name)
		}
	}
}

// Registries that fill themselves at start hide what a program consists of; dot imports hide where names come from.
func TestNoInitNoDotImports(t *testing.T) {
	for _, f := range files(t) {
		for _, spec := range f.syntax.Imports {
			if spec.Name != nil && spec.Name.Name == "." {
				t.Errorf("%s has the dot import %s", f.path, spec.Path.Value)
			}
		}
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" && !f.test {
				t.Errorf("%s has a func init", f.path)
			}
		}
	}
}
