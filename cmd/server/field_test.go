package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// What real WordPress shows of the field, without a check before the run: each site gives what the lab expects of it.
func testTheField(t *testing.T, l lab) {
	env := append(l.env(), "DROVER_DATA="+t.TempDir())
	if code, out := run(t, env, "sites", "import", filepath.Join(l.dir, "field.csv")); code != 0 {
		t.Fatalf("%d: %s", code, out)
	}
	expected := map[string]string{}
	for _, row := range l.rows(t, "field.csv") {
		expected[strings.TrimSuffix(row["url"], "/wp-admin/")] = row["expect"]
	}
	for round := range 2 { // the first run finds the REST API, the second knows it
		_, out := run(t, env, "run", "clear-cache", "--param", "purge_type=all", "--all", "--yes", "--json")
		seen := 0
		for _, line := range strings.Split(out, "\n") {
			var target struct{ Site, Outcome, Reason string }
			if json.Unmarshal([]byte(line), &target) != nil || target.Site == "" {
				continue
			}
			seen++
			if got := strings.TrimSuffix(target.Outcome+"/"+target.Reason, "/"); got != expected[target.Site] {
				t.Errorf("round %d: %s gave %s, want %s", round, target.Site, got, expected[target.Site])
			}
		}
		if seen != len(expected) {
			t.Errorf("round %d: %d sites of %d: %s", round, seen, len(expected), out)
		}
	}
}
