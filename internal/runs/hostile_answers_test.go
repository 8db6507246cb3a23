package runs_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// What a site answers is stored, whatever bytes it holds: one site never keeps a batch from being stored.
func TestAnswersOfAnyBytesAreStored(t *testing.T) {
	answers := map[string]func(w http.ResponseWriter){
		"location": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://else.example/\xff\xfe")
			w.WriteHeader(http.StatusMovedPermanently)
		},
		"reason": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"code":"a\u0000b","message":"c\u0000d \ud800 ` + "\xff" + `","data":{"status":403}}`))
		},
		"plugin": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"success":true,"data":{"version":"1\u0000","cache_status":"on\u0000","environment":"\u0000"},"version":"2\u0000` + "\xff" + `"}`))
		},
		"header": func(w http.ResponseWriter) {
			w.Header()["Server"] = []string{"caf\xe9"}
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("\x00\xff<html><title>a\x00\xff</title>"))
		},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var described []wptest.Site
		for name, answer := range answers {
			described = append(described, wptest.Site{Host: name + ".example", Answer: func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "bigscoots") && !strings.Contains(r.URL.RawQuery, "bigscoots") {
					return false
				}
				answer(w)
				return true
			}})
		}
		h := runstest.New(t, db, described)
		h.Locate(t)
		h.Work(t)
		last := h.Wait(t, h.Start(t, runstest.Everywhere("status", nil)).ID)
		if last.Run.Fault != "" || last.Counts.Ended() != len(answers) || last.Run.State != runs.Done {
			t.Errorf("%+v, %+v", last.Run, last.Counts)
		}
		for _, target := range h.Targets(t, last.Run.ID) {
			_, attempts, err := h.Runner.Target(t.Context(), runstest.Owner, last.Run.ID, target.ID)
			if err != nil || len(attempts) == 0 || target.Attempts != len(attempts) {
				t.Errorf("%s: %d attempts of %d, %v", target.Home, len(attempts), target.Attempts, err)
			}
		}
	})
}
