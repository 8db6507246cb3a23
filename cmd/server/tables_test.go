package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database/dbtest"
)

// tableOwner says which package reads and writes each table. Others ask it for a condition of SQL, never for the table.
var tableOwner = map[string]string{
	"entries": "internal/audit", "entries_words": "internal/audit", "anchors": "internal/audit", "anchor_holds": "internal/audit", "saved_views": "internal/audit",
	"streams": "internal/auditsinks", "pending_changes": "internal/changes",
	"sites": "internal/sites", "clients": "internal/sites", "site_tags": "internal/sites", "credentials": "internal/sites", "site_indexes": "internal/sites",
	"site_events":    "internal/sites",
	"import_reports": "internal/sites", "rotations": "internal/sites", "limited_users": "internal/sites",
	"runs": "internal/runs", "batches": "internal/runs", "targets": "internal/runs", "attempts": "internal/runs", "host_leases": "internal/runs",
	"drafts":      "internal/runs",
	"operations":  "internal/saved",
	"connections": "internal/connect", "approvals": "internal/connect", "connect_app": "internal/connect",
	"import_columns": "internal/sites", "import_uploads": "internal/sites",
	"members": "internal/members", "sessions": "internal/members", "links": "internal/members", "factors": "internal/members",
	"recovery_codes": "internal/members",
	"devices":        "internal/members", "tokens": "internal/members", "identities": "internal/members", "provider_flows": "internal/members",
	"influences": "internal/members",
	"settings":   "internal/database", "goose_db_version": "internal/database", "river_job": "internal/database", "river_migration": "internal/database",
}

// tableExceptions are the files that name a table of another package, each with its reason.
var tableExceptions = map[string]string{}

// inSQL is where a statement names a table. Keywords of SQL are in capitals in this project, so that English is none.
var inSQL = regexp.MustCompile("\\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\\s+[\"`]?([a-z_]+)")

// tablesIn are the known tables that a text names as SQL does.
func tablesIn(text string) []string {
	named := map[string]bool{}
	for _, match := range inSQL.FindAllStringSubmatch(text, -1) {
		if _, known := tableOwner[match[1]]; known {
			named[match[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(named))
}

// TestPackagesNameTheirOwnTables reads every text of every package, and the names of GORM's models.
func TestPackagesNameTheirOwnTables(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir("../../internal", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			tests[filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), filepath.Join("..", "..")+string(filepath.Separator)))] {
			return err
		}
		file := filepath.ToSlash(strings.TrimPrefix(path, filepath.Join("..", "..")+string(filepath.Separator)))
		for table := range tablesOf(t, path) {
			found[table] = true
			owner := tableOwner[table]
			if reason := tableExceptions[file+" "+table]; owner != filepath.ToSlash(filepath.Dir(file)) && reason == "" {
				t.Errorf("%s names the table %s, which belongs to %s: ask that package for a condition", file, table, owner)
			}
		}
		return nil
	})
	if err != nil || len(found) < 20 {
		t.Fatalf("%d tables, %v", len(found), err)
	}
}

// tablesOf are the tables that a source file names, in statements, as a model's name or to GORM's Table and Joins.
func tablesOf(t *testing.T, path string) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if text, is := n.(*ast.BasicLit); is && text.Kind == token.STRING {
			for _, table := range tablesIn(unquoted(text)) {
				named[table] = true
			}
		}
		for _, exact := range exactNames(n) {
			if _, known := tableOwner[exact]; known {
				named[exact] = true
			}
		}
		return true
	})
	return named
}

// exactNames are texts that are nothing but a name: what TableName returns, and what GORM's Table is given.
func exactNames(n ast.Node) []string {
	var from []ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		if call, is := n.Fun.(*ast.SelectorExpr); is && (call.Sel.Name == "Table" || call.Sel.Name == "Joins") {
			from = n.Args
		}
	case *ast.ReturnStmt:
		from = n.Results
	}
	var all []string
	for _, e := range from {
		if text, is := e.(*ast.BasicLit); is && text.Kind == token.STRING {
			all = append(all, unquoted(text))
		}
	}
	return all
}

func unquoted(text *ast.BasicLit) string {
	value, err := strconv.Unquote(text.Value)
	if err != nil {
		return ""
	}
	return value
}

// Every table of a new database has an owner, and every owner's table is there.
func TestEveryTableHasAnOwner(t *testing.T) {
	var there []string
	if err := dbtest.SQLite(t).Gorm.Raw("SELECT name FROM sqlite_master WHERE type = 'table'").Scan(&there).Error; err != nil {
		t.Fatal(err)
	}
	for _, table := range there {
		ofLibrary := strings.HasPrefix(table, "sqlite_") || strings.HasPrefix(table, "river_") || strings.HasPrefix(table, "entries_words_")
		if _, known := tableOwner[table]; !known && !ofLibrary {
			t.Errorf("%s has no owner: say in this test which package reads and writes it", table)
		}
	}
	for table := range tableOwner {
		if !slices.Contains(there, table) {
			t.Errorf("%s is no table of the database", table)
		}
	}
}

func TestTablesInStatements(t *testing.T) {
	for text, want := range map[string][]string{
		"SELECT 1 FROM sites JOIN clients ON clients.id = sites.client_id": {"clients", "sites"},
		"INSERT INTO runs (id) VALUES (1) ON CONFLICT DO NOTHING":          {"runs"},
		"UPDATE members SET left_at = 1":                                   {"members"},
		"DELETE FROM \"tokens\" WHERE id IN (SELECT id FROM links)":        {"links", "tokens"},
		"Choose an operation from operations that you may run.":            nil,
		"SELECT 1 FROM elsewhere":                                          nil,
	} {
		if got := tablesIn(text); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
