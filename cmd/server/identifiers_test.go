package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// Names that Drover gave up, as whole words of an identifier, and the field's standard term. A word that has a plain meaning of its own
// is listed only in the form that was wrong.
var oldNames = map[string]string{
	"reach": "scope, access", "bound": "scope", "beyond": "outside scope", "held": "access", "holds": "host lease", "admit": "authorize", "admitted": "authorized",
	"mend": "fix", "mends": "fixes", "anew": "again, reset", "tries": "retries", "learn": "detect", "learnt": "detected",
	"felt": "measured",
	"thaw": "resume", "thawed": "the status meant", "fenced": "leased", "furnish": "fill, import", "weigh": "compare, count", "tallies": "counts",
	"tally": "count", "crowd": "concurrency limit", "share": "limit",
	"door": "sign-in, public routes", "stranger": "public", "early": "before sign-in is complete", "whole": "verified, complete",
	"lacking": "second factor missing", "half": "second factor pending",
	"mate": "member", "mates": "members", "teammate": "member", "house": "app, bootstrap", "desk": "local client", "shelf": "store",
	"ours":  "built-in",
	"prove": "reauthenticate", "proof": "reauthentication", "unproved": "not reauthenticated", "fresh": "recent authentication",
	"freshness": "recent authentication",
	"move":      "site URL changed", "moves": "redirects", "moved": "redirected", "near": "same domain", "far": "another domain", "owners": "URL routing",
	"copies": "audit sinks", "copied": "audit sink state", "streams": "audit sinks", "forward": "audit sinks", "visit": "request context",
	"hand": "attention item", "hands": "attention items",
	"said": "text, message", "told": "phrase", "tellings": "phrases", "beginnings": "prefixes", "ask": "request approval",
}

// Names that contain such a word and are right.
var rightNames = regexp.MustCompile(`^(countOwners)$`)

// TestIdentifiersAreStandardTerms reads every declared name: types, functions, fields, parameters, variables and files.
func TestIdentifiersAreStandardTerms(t *testing.T) {
	t.Parallel()
	set, count := token.NewFileSet(), 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "node_modules" || name == "dist" || name == "testdata" || len(name) > 2 && name[0] == '.' && name != "../..") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "words_test.go") ||
			strings.HasSuffix(path, "identifiers_test.go") {
			return nil
		}
		place := strings.TrimPrefix(path, "../../")
		for _, word := range words(strings.TrimSuffix(filepath.Base(path), ".go")) {
			if say, old := oldNames[word]; old {
				t.Errorf("%s: the file's name has %q: say %q", place, word, say)
			}
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		for _, name := range declared(file) {
			count++
			if rightNames.MatchString(name.Name) {
				continue
			}
			for _, word := range words(name.Name) {
				if say, old := oldNames[word]; old {
					t.Errorf("%s:%d: %s: say %q", place, set.Position(name.Pos()).Line, name.Name, say)
				}
			}
		}
		return nil
	})
	if err != nil || count < 2000 {
		t.Fatalf("%d names, %v", count, err)
	}
}

func TestWordsOfAnIdentifier(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"AtOneServer": {"at", "one", "server"}, "unproved": {"unproved"}, "per_address": {"per", "address"}, "URLsOf": {"urls", "of"},
		"reachFields": {"reach", "fields"}, "ErrNoSite": {"err", "no", "site"},
	} {
		if got := words(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// words splits a name where a word of it begins.
func words(name string) []string {
	var all []string
	runes := []rune(name)
	start := 0
	cut := func(end int) {
		if word := strings.ToLower(strings.Trim(string(runes[start:end]), "_.")); word != "" {
			all = append(all, word)
		}
		start = end
	}
	for i := 1; i < len(runes); i++ {
		next := i+1 < len(runes) && unicode.IsLower(runes[i+1]) && !(runes[i+1] == 's' && (i+2 == len(runes) || unicode.IsUpper(runes[i+2])))
		if runes[i] == '_' || unicode.IsUpper(runes[i]) && (unicode.IsLower(runes[i-1]) || next) {
			cut(i)
		}
	}
	cut(len(runes))
	return all
}

// declared are the names that the file gives.
func declared(file *ast.File) []*ast.Ident {
	var all []*ast.Ident
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			all = append(all, n.Name)
		case *ast.TypeSpec:
			all = append(all, n.Name)
		case *ast.ValueSpec:
			all = append(all, n.Names...)
		case *ast.Field:
			all = append(all, n.Names...)
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if name, is := left.(*ast.Ident); is && n.Tok == token.DEFINE {
					all = append(all, name)
				}
			}
		}
		return true
	})
	return all
}
