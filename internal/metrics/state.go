package metrics

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is what is asked for when Prometheus comes, and not counted as it happens.
type State struct {
	Runs          map[string]int // that have not ended, by state
	QueueTargets  int            // sites that wait to be sent
	QueueAge      time.Duration  // since the oldest run was started that still has sites waiting; 0 without one
	InFlight      int            // requests to sites at this moment, of this process
	Limit         int            // requests to sites that may be in flight at once
	Slowed        int            // servers (IP addresses) that are spoken to less, because they asked for it or cannot keep up
	DatabaseBytes int64
	Sessions      int // of members who are signed in
	Sinks         map[string]Sink
	BackupAge     time.Duration // of the newest scheduled backup; negative where none are made
}

// Sink is how far a copy of the audit log elsewhere is.
type Sink struct {
	Behind  int64 // entries that it does not have yet
	Failing bool
}

// scrapeTime bounds how long the database may take to tell the state.
const scrapeTime = 5 * time.Second

type stateCollector struct {
	state  func(context.Context) (State, error)
	logger *slog.Logger
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("drover_"+name, help, labels, nil)
}

var (
	runsDesc        = describe("runs", "Runs that have not ended, by state.", "state")
	queueDesc       = describe("queue_targets", "Sites that wait to be sent.")
	queueAgeDesc    = describe("queue_oldest_seconds", "Time since the oldest run was started that still has sites waiting, 0 without one.")
	inFlightDesc    = describe("site_requests_in_flight", "Requests to sites at this moment, of this process.")
	limitDesc       = describe("site_requests_limit", "Requests to sites that may be in flight at once, of this process.")
	slowedDesc      = describe("servers_slowed", "Servers (IP addresses) that are spoken to less because they asked for it or cannot keep up.")
	databaseDesc    = describe("database_size_bytes", "Size of the database.")
	sessionsDesc    = describe("sessions", "Sessions of members who are signed in.")
	sinkBehindDesc  = describe("audit_sink_behind_entries", "Audit log entries that a sink does not have yet.", "sink")
	sinkFailingDesc = describe("audit_sink_failing", "1 where a sink did not accept the last entries.", "sink")
	backupDesc      = describe("backup_age_seconds", "Age of the newest scheduled backup; missing where none are made.")
	upDesc          = describe("state_up", "1 where the database told the state in time.")
)

// Describe implements prometheus.Collector.
func (c *stateCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{runsDesc, queueDesc, queueAgeDesc, inFlightDesc, limitDesc, slowedDesc, databaseDesc, sessionsDesc,
		sinkBehindDesc, sinkFailingDesc, backupDesc, upDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *stateCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	s, err := c.state(ctx)
	if err != nil {
		c.logger.WarnContext(ctx, "the state could not be read for the metrics", "err", err)
		gauge(upDesc, 0)
		return
	}
	gauge(upDesc, 1)
	for state, n := range s.Runs {
		gauge(runsDesc, float64(n), state)
	}
	gauge(queueDesc, float64(s.QueueTargets))
	gauge(queueAgeDesc, s.QueueAge.Seconds())
	gauge(inFlightDesc, float64(s.InFlight))
	gauge(limitDesc, float64(s.Limit))
	gauge(slowedDesc, float64(s.Slowed))
	gauge(databaseDesc, float64(s.DatabaseBytes))
	gauge(sessionsDesc, float64(s.Sessions))
	for name, sink := range s.Sinks {
		gauge(sinkBehindDesc, float64(sink.Behind), name)
		failing := 0.0
		if sink.Failing {
			failing = 1
		}
		gauge(sinkFailingDesc, failing, name)
	}
	if s.BackupAge >= 0 {
		gauge(backupDesc, s.BackupAge.Seconds())
	}
}
