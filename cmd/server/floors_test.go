package main

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/droverhq/drover/"

// floors is the house: a package imports only lower floors. The exceptions are in sameFloor.
var floors = map[string]float64{
	"cmd/server": 4, "internal/web": 3, "views": 3, "static": 3, "internal/runs/engine": 2.5, "internal/changes": 2.5, "internal/runs": 2,
	"internal/members": 2, "internal/connect": 2,
	"internal/sites": 1, "internal/saved": 1, "internal/remote": 1, "internal/auditsinks": 1, "internal/backup": 1, "docs": -1,
	"internal/certificates": 0, "internal/metrics": 0,
	"internal/cacheplugin": 0, "internal/wordpress": 0, "internal/operation": 0, "internal/endpoint": 0, "internal/validation": 0, "internal/spreadsheet": 0,
	"internal/vault": 0, "internal/access": 0, "internal/audit": 0, "internal/database": 0, "migrations": -1, "internal/expression": -1, "internal/natural": -1,
}

// sameFloor names the arrows between packages of one floor.
var sameFloor = map[string][]string{
	"internal/web": {"views", "static"}, "views": {"static"}, "internal/audit": {"internal/access", "internal/database"},
	"internal/endpoint": {"internal/validation"}, "internal/wordpress": {"internal/cacheplugin"},
	"internal/operation": {"internal/spreadsheet", "internal/cacheplugin", "internal/endpoint", "internal/validation", "internal/wordpress"},
}

// tests are packages that only tests and the demo use; they stand beside what they simulate or open.
var tests = map[string]bool{"internal/wordpress/wptest": true, "internal/database/dbtest": true, "internal/runs/runstest": true,
	"internal/members/providertest": true, "internal/poll": true, "lab": true}

// only says where some modules may be imported, by the end of a file's package.
var only = map[string][]string{
	"github.com/gin-gonic/gin": {"internal/web"},
	"github.com/a-h/templ":     {"views", "internal/web"},
	"gorm.io/gorm": {"internal/database", "internal/audit", "internal/sites", "internal/saved", "internal/runs", "internal/members",
		"internal/auditsinks", "internal/changes", "internal/connect"},
}

func TestStairsOnlyGoDown(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "../../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := strings.TrimPrefix(fields[0], module)
		floor, known := floors[from]
		if !known {
			if !tests[from] && !strings.HasPrefix(from, "scripts/") {
				t.Errorf("%s has no floor: say in this test where it stands", from)
			}
			continue
		}
		seen++
		for _, imported := range fields[1:] {
			to, own := strings.CutPrefix(imported, module)
			if !own {
				checkModule(t, from, imported)
				continue
			}
			if tests[to] && from == "cmd/server" {
				continue
			}
			if floors[to] >= floor && !slices.Contains(sameFloor[from], to) {
				t.Errorf("%s imports %s, which is not below it", from, to)
			}
		}
	}
	if seen != len(floors) {
		t.Errorf("%d rooms were seen, the house has %d", seen, len(floors))
	}
}

func checkModule(t *testing.T, from, imported string) {
	t.Helper()
	for name, allowed := range only {
		if imported != name && !strings.HasPrefix(imported, name+"/") {
			continue
		}
		for _, room := range allowed {
			if room == from {
				return
			}
		}
		t.Errorf("%s imports %s, which belongs in %v only", from, imported, allowed)
	}
}

// GORM stands in files named store*.go alone, net/http as a client in internal/wordpress alone.
func TestWhatStandsInOneFileOnly(t *testing.T) {
	t.Parallel()
	cases := []struct {
		words   string
		allowed func(file string) bool
	}{
		{`"gorm.io/`, func(file string) bool {
			return strings.HasPrefix(path.Base(file), "store") || strings.HasPrefix(file, "internal/database/")
		}},
		{`\.HashCheaply\(`, func(string) bool { return false }}, // tests alone
		// Every export to a spreadsheet goes through the one writer that neutralizes formulas.
		{`csv\.NewWriter`, func(file string) bool { return strings.HasPrefix(file, "internal/spreadsheet/") }},
		{`http\.(Get|Post|DefaultClient|Client\{|Transport\{)`, func(file string) bool {
			// The other ways out lead to no site: to a Drover elsewhere or on this machine, which the person at the command line names, and to a hook
			// and a provider, which whoever runs Drover names.
			return strings.HasPrefix(file, "internal/wordpress/") || file == "internal/remote/remote.go" || file == "internal/remote/health.go" ||
				file == "internal/members/provider.go" ||
				file == "internal/auditsinks/sinks.go"
		}},
	}
	for _, c := range cases {
		out, _ := exec.Command("git", "-C", "../..", "grep", "-lE", c.words, "--", "*.go").Output() // no match is exit 1
		for file := range strings.FieldsSeq(string(out)) {
			if !strings.HasSuffix(file, "_test.go") && !strings.HasPrefix(file, "scripts/") && !strings.Contains(file, "/testdata/") && !c.allowed(file) {
				t.Errorf("%s holds %s", file, c.words)
			}
		}
	}
}
