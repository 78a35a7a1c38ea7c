package check

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Every recipe has a row in the table of results that begins with its name.
func TestRecipesHaveResults(t *testing.T) {
	if _, err := os.Stat(filepath.Join(root, "recipe")); os.IsNotExist(err) {
		t.Skip("there is no package recipe yet")
	}
	names := recipes(t)
	if len(names) == 0 {
		t.Fatal("found no recipe with a Name in recipe.All")
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "results.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			rows[strings.Trim(cells[1], " `*")] = true
		}
	}
	for _, name := range names {
		if !rows[name] {
			t.Errorf("docs/results.md has no row for recipe %s", name)
		}
	}
}

// recipes returns the names of the recipes, from the source: rows of the variable All in package recipe.
func recipes(t *testing.T) (names []string) {
	for _, f := range files(t) {
		if f.dir() != "recipe" || f.test {
			continue
		}
		for _, d := range f.syntax.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				if v := s.(*ast.ValueSpec); v.Names[0].Name == "All" {
					names = append(names, fieldsNamed(v, "Name")...)
				}
			}
		}
	}
	return names
}

// fieldsNamed returns the strings that literals below n give to a field.
func fieldsNamed(n ast.Node, field string) (values []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			key, _ := kv.Key.(*ast.Ident)
			value, _ := kv.Value.(*ast.BasicLit)
			if key != nil && key.Name == field && value != nil && value.Kind == token.STRING {
				s, _ := strconv.Unquote(value.Value) // the parser has seen to it that it can be unquoted
				values = append(values, s)
			}
		}
		return true
	})
	return values
}
