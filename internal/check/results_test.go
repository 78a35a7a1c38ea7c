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

// Every recipe and every study has a row in the tables of results that begins with its name.
func TestRecipesAndStudiesHaveResults(t *testing.T) {
	names := append(rows(t, "recipe"), rows(t, "study")...)
	if len(names) < 2 {
		t.Fatal("found no recipe or study with a Name in All")
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "results.md"))
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			has[strings.Trim(cells[1], " `*")] = true
		}
	}
	for _, name := range names {
		if !has[name] {
			t.Errorf("docs/results.md has no row for %s", name)
		}
	}
}

// rows returns the names in the table of a package, from the source: those of the variable All.
func rows(t *testing.T, dir string) (names []string) {
	for _, f := range files(t) {
		if f.dir() != dir || f.test {
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

// fieldsNamed returns the strings that the rows of a table give to a field: literals in a literal, but not what these hold in turn.
func fieldsNamed(table *ast.ValueSpec, field string) (values []string) {
	for _, v := range table.Values {
		rows, _ := v.(*ast.CompositeLit)
		if rows == nil {
			continue
		}
		for _, r := range rows.Elts {
			row, _ := r.(*ast.CompositeLit)
			if row == nil {
				continue
			}
			for _, e := range row.Elts {
				kv, _ := e.(*ast.KeyValueExpr)
				if kv == nil {
					continue
				}
				key, _ := kv.Key.(*ast.Ident)
				value, _ := kv.Value.(*ast.BasicLit)
				if key != nil && key.Name == field && value != nil && value.Kind == token.STRING {
					s, _ := strconv.Unquote(value.Value) // the parser has seen to it that it can be unquoted
					values = append(values, s)
				}
			}
		}
	}
	return values
}
