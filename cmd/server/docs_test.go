package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// readDoc reads a file of the tree.
func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	linked      = regexp.MustCompile("\\[`?([^`\\]]+)`?\\]\\(([^)#]*)(#[^)]*)?\\)")
	testName    = regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`)
	requirement = regexp.MustCompile(`^\| (V\d+\.\d+\.\d+) \| (\d) \| (.+) \| (.+) \| (.*) \|$`)
	heading     = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors are what a heading can be linked by.
func anchors(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		all = append(all, "#"+strings.ReplaceAll(strings.ToLower(m[1]), " ", "-"))
	}
	return all
}

// What the documents of security name is in the tree: files, tests in the file that is named, and headings.
func TestSecurityDocumentsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"docs/security.md", "docs/threats.md"} {
		text, tests := readDoc(t, name), 0
		for _, m := range linked.FindAllStringSubmatch(text, -1) {
			word, target, part := m[1], m[2], m[3]
			if target == "" {
				if !slices.Contains(anchors(text), part) {
					t.Errorf("%s: there is no heading for %s", name, part)
				}
				continue
			}
			path := filepath.Join("../..", filepath.Dir(name), target)
			file, err := os.ReadFile(path)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !testName.MatchString(word) {
				continue
			}
			tests++
			if !strings.HasSuffix(target, "_test.go") || !regexp.MustCompile(`(?m)^func `+word+`\(`).Match(file) {
				t.Errorf("%s: %s has no test %s", name, target, word)
			}
		}
		if bare := regexp.MustCompile("(^|[^\\[])`(Test|Fuzz)[A-Z]\\w+`").FindString(text); bare != "" {
			t.Errorf("%s: %s is named without its file", name, bare)
		}
		if tests < 20 {
			t.Errorf("%s names %d tests", name, tests)
		}
	}
}

// Every requirement of the list stands there once, in order, with its level, a state, and where it is met or why it is not.
func TestEveryRequirementHasAState(t *testing.T) {
	t.Parallel()
	var want, got []string
	list, err := os.ReadFile("testdata/asvs.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		want = append(want, strings.TrimSpace(line))
	}
	counts := map[string]int{}
	for line := range strings.Lines(readDoc(t, "docs/security.md")) {
		if !strings.HasPrefix(line, "| V") {
			continue
		}
		m := requirement.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			t.Errorf("this line cannot be read: %s", line)
			continue
		}
		id, level, state, where := m[1], m[2], m[4], m[5]
		got = append(got, id+" "+level)
		counts[level+" "+state]++
		if !slices.Contains([]string{"met", "not applicable", "open"}, state) {
			t.Errorf("%s: %q is not a state", id, state)
		}
		if strings.TrimSpace(where) == "" {
			t.Errorf("%s: nothing says where or why", id)
		}
	}
	seen := map[string]bool{}
	for _, id := range got {
		if seen[id] {
			t.Errorf("%s stands there twice", id)
		}
		seen[id] = true
		if !slices.Contains(want, id) {
			t.Errorf("%s is not in the list", id)
		}
	}
	for _, id := range want {
		if !seen[id] {
			t.Errorf("%s is missing", id)
		}
	}
	for _, level := range []string{"1", "2", "3"} {
		row := fmt.Sprintf("| %s | %d | %d | %d |", level, counts[level+" met"], counts[level+" not applicable"], counts[level+" open"])
		if !strings.Contains(readDoc(t, "docs/security.md"), row) {
			t.Errorf("the table of counts has no row %s", row)
		}
	}
}

var cryptography = regexp.MustCompile(`^(crypto/|golang\.org/x/(crypto/|oauth2)|github\.com/(tink-crypto/|go-webauthn/|pquerna/|coreos/go-oidc|go-jose/))`)

// Each room's imports of cryptography stand in its line of the inventory, and math/rand stands where it is said to.
func TestEveryUseOfCryptographyIsInTheInventory(t *testing.T) {
	t.Parallel()
	doc := readDoc(t, "docs/security.md")
	for _, root := range []string{"cmd", "internal", "views", "static", "migrations"} {
		err := filepath.WalkDir(filepath.Join("../..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name := filepath.ToSlash(strings.TrimPrefix(path, filepath.FromSlash("../../")))
			room := filepath.ToSlash(filepath.Dir(name))
			if tests[room] {
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, each := range file.Imports {
				imported := strings.Trim(each.Path.Value, `"`)
				if strings.HasPrefix(imported, "math/rand") && !strings.Contains(doc, "`math/rand` stands in [`"+name+"`]") {
					t.Errorf("%s imports %s, which can be guessed: say in docs/security.md why that does no harm", name, imported)
				}
				if cryptography.MatchString(imported) && !inventoried(doc, room, imported) {
					t.Errorf("%s imports %s: name it in the line of `%s` under Cryptography in use in docs/security.md", name, imported, room)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// inventoried tells whether the room's line names the import or the module that it is of.
func inventoried(doc, room, imported string) bool {
	for line := range strings.Lines(doc) {
		if !strings.HasPrefix(line, "| `"+room+"` |") {
			continue
		}
		for _, word := range strings.Split(line, "`") {
			if word == imported || strings.Contains(word, "/") && strings.HasPrefix(imported, word+"/") {
				return true
			}
		}
	}
	return false
}

// Every setting is on the page of settings, and no other.
func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	text := readDoc(t, "docs/settings.md")
	// Environment variables only: a flag would show the token to whoever lists processes, and flags are what the file is read for.
	known := map[string]bool{"DROVER_TOKEN": true, "DROVER_SETTINGS_FILE": true}
	command().PersistentFlags().VisitAll(func(f *pflag.Flag) {
		name := "DROVER_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		known[name] = true
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("docs/settings.md does not have %s", name)
		}
	})
	for _, name := range regexp.MustCompile("DROVER_[A-Z_]+").FindAllString(text, -1) {
		if !known[name] {
			t.Errorf("%s is no setting", name)
		}
	}
}
