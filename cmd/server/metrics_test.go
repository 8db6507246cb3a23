package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// What Prometheus gets tells what happened, and of no site, client or person.
func TestMetrics(t *testing.T) {
	t.Parallel() // it waits more than it works
	s := simulate(t, []wptest.Site{{Host: "well.example", Client: "Acme"}, {Host: "wrong.example", Fault: wptest.WrongPassword}})
	run(t, s.env, "sites", "import", s.csv)
	s.addOwner(t)
	metricsAddr := freeAddress(t)
	s.env = append(s.env, "DROVER_METRICS_ADDR="+metricsAddr, "DROVER_BACKUP_DIR="+filepath.Join(t.TempDir(), "backups"), "DROVER_LOG_FORMAT=json",
		"DROVER_LOG_LEVEL=info")
	p, b := s.browse(t)
	b.startRun(t, url.Values{"operation": {"clear-cache"}, "all": {"1"}, "p.purge_type": {"all"}})
	awaitEnd(t, s.env)
	scrape := webClient{http.DefaultClient, "http://" + metricsAddr}
	status, text := scrape.get(t, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d %.300s", status, text)
	}
	for _, want := range []string{
		`drover_targets_total{outcome="ok",reason=""} 1`, `drover_targets_total{outcome="failed",reason="not_authenticated"} 1`,
		`drover_attempt_duration_seconds_count{outcome="ok"}`,
		"drover_state_up 1", `drover_runs{state="running"} 0`, "drover_queue_targets 0", "drover_site_requests_limit 256", "drover_sessions 1",
		"drover_database_size_bytes ",
		`drover_http_request_duration_seconds_count{method="POST",route="/runs",status="303"} 1`, "drover_build_info{", "go_sql_open_connections",
		"drover_attempt_wait_seconds_count",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	for _, secret := range []string{"well.example", "Acme", "olga", olgasPassword, wptest.DefaultPassword} {
		if strings.Contains(text, secret) {
			t.Errorf("the metrics tell of %s", secret)
		}
	}
	if status, _ := b.get(t, "/metrics"); status != http.StatusNotFound {
		t.Errorf("the dashboard serves metrics: %d", status)
	}
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ok\n"} {
		if status, body := b.get(t, path); status != http.StatusOK || body != want {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	if code, _ := run(t, append(s.env, "DROVER_ADDR="+strings.TrimPrefix(b.home, "http://")), "healthcheck", "--ready"); code != 0 {
		t.Errorf("healthcheck: exit %d", code)
	}
	if err := os.Chmod(filepath.Join(strings.TrimPrefix(s.env[0], "DROVER_DATA="), "keyset.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	for status := http.StatusOK; status != http.StatusServiceUnavailable; { // the answer of before holds for a moment
		if status, _ = b.get(t, "/readyz"); t.Context().Err() != nil {
			t.Fatal("with a keyset that others can read, it is ready")
		}
	}
	p.stop(t)
	for line := range strings.Lines(p.err.String()) {
		if !json.Valid([]byte(line)) && !strings.HasPrefix(line, "\nWarning") && strings.TrimSpace(line) != "" {
			t.Errorf("this is no JSON: %s", line)
		}
	}
}

// The dashboard and the alert rules of docs/ name metrics that there are.
func TestDashboardNamesMetrics(t *testing.T) {
	known := ""
	for _, file := range []string{"../../internal/metrics/metrics.go", "../../internal/metrics/state.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		known += string(text)
	}
	for _, file := range []string{"../../docs/monitoring/grafana.json", "../../docs/monitoring/alerts.yaml", "../../docs/monitoring.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".json") && !json.Valid(text) {
			t.Errorf("%s is no JSON", file)
		}
		for word := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
			name, is := strings.CutPrefix(word, "drover_")
			for _, end := range []string{"_bucket", "_count", "_sum"} {
				name = strings.TrimSuffix(name, end)
			}
			if is && name != "restored" && !strings.Contains(known, `"`+name+`"`) && !strings.Contains(known, `"drover_`+name+`"`) {
				t.Errorf("%s names drover_%s, which is none", file, name)
			}
		}
	}
}
