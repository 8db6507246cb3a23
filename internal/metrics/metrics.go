// Package metrics counts what Drover does and serves it to Prometheus. A label never holds a site, a client, a person or a secret: its values
// are few and known beforehand.
package metrics

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts. All methods may be called side by side, and on nil, which counts nothing.
type Metrics struct {
	registry *prometheus.Registry
	targets  *prometheus.CounterVec
	attempts *prometheus.HistogramVec
	waits    prometheus.Histogram
	requests *prometheus.HistogramVec
}

// seconds are the buckets of what sites take: from a cached answer to the longest wait for one.
var seconds = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60}

// Build is what the program is.
type Build struct{ Version, Commit, Go, Schema string }

// New returns metrics of a process over the database.
func New(b Build, db *sql.DB) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		targets: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "drover_targets_total", Help: "Sites of runs that ended, by outcome and reason."},
			[]string{"outcome", "reason"}),
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "drover_attempt_duration_seconds",
			Help: "Time from sending a request to a site to its whole answer, by outcome.", Buckets: seconds},
			[]string{"outcome"}),
		waits: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "drover_attempt_wait_seconds",
			Help: "Time in the queue before a request was sent.", Buckets: seconds}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "drover_http_request_duration_seconds",
			Help:    "Time that the dashboard and the API took to answer, by route and status.",
			Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}}, []string{"method", "route", "status"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "drover_build_info", Help: "The program, as labels; always 1.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "go": b.Go, "schema": b.Schema}})
	info.Set(1)
	m.registry.MustRegister(m.targets, m.attempts, m.waits, m.requests, info, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewDBStatsCollector(db, "drover"))
	return m
}

// Target counts a site of a run that ended.
func (m *Metrics) Target(outcome, reason string) {
	if m != nil {
		m.targets.WithLabelValues(outcome, reason).Inc()
	}
}

// Attempt counts a request to a site, how long it took, and how long it waited for its turn.
func (m *Metrics) Attempt(outcome string, took, waited time.Duration) {
	if m != nil {
		m.attempts.WithLabelValues(outcome).Observe(took.Seconds())
		m.waits.Observe(waited.Seconds())
	}
}

// methods are those that are told apart; what others call theirs is not a label.
var methods = map[string]bool{http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true,
	http.MethodDelete: true, http.MethodOptions: true}

// Request counts an answered request. The route is the pattern, such as /runs/:id, never the path; empty where nothing matched.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	if m == nil {
		return
	}
	if !methods[method] {
		method = "other"
	}
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Handler serves what was counted, and what state tells at that moment.
func (m *Metrics) Handler(state func(context.Context) (State, error), logger *slog.Logger) http.Handler {
	m.registry.MustRegister(&stateCollector{state: state, logger: logger})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Timeout: 2 * scrapeTime, MaxRequestsInFlight: 4}))
	return mux
}
