package web_test

import (
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
)

// A tag that two others look like when they are written one after another is not theirs, and a policy in another spelling is the same.
func TestNothingHidesFromTheGateByItsSpelling(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m, _ := protected(t, db)
		_, err := m.registry.Edit(t.Context(), shell, 1, sites.Draft{URL: m.fake.URL(0), Client: "Acme", Name: "Acme", Tags: []string{"key account"}})
		m.must(err)
		for _, policy := range []string{"Acme", "acme", " ACME\u200b", "Ａcme"} {
			m.must(m.runner.SetPolicy(t.Context(), shell, runs.Policy{Clients: []string{policy}}))
			m.request(acting(m.hired(access.Owner)), changes.Change{Action: access.SiteEdit, Sites: []int64{1}, Draft: sites.Draft{URL: m.fake.URL(0),
				Client: "Acme", Name: "Renamed", Tags: []string{"account", "key"}}})
		}
		if err := m.runner.SetPolicy(t.Context(), acting(m.hired(access.Owner)), runs.Policy{Clients: []string{"aCME"}}); err != nil {
			t.Errorf("another spelling of the same policy waits: %v", err)
		}
	})
}
