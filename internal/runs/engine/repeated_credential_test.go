package engine_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A site whose debugging repeats what it was sent, with the credential, does not bring it into what is stored of the answer.
func TestASiteThatRepeatsItsCredential(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{Answer: func(w http.ResponseWriter, r *http.Request) bool {
			user, password, ok := r.BasicAuth()
			if !ok {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Debug", r.Header.Get("Authorization"))
			w.WriteHeader(http.StatusInternalServerError)
			_ = json.NewEncoder(w).Encode(map[string]any{"code": "debug", "message": fmt.Sprintf("Signed in as %s with %s (%s).", user, password,
				r.Header.Get("Authorization"))})
			return true
		}}})
		h.Work(t)
		run := h.Start(t, runstest.Everywhere("clear-cache", nil))
		h.Wait(t, run.ID)
		_, _ = h.Registry.Check(t.Context(), runstest.Owner, h.Sites[0].ID)
		basic := base64.StdEncoding.EncodeToString([]byte(wptest.DefaultUser + ":" + wptest.DefaultPassword))
		var all []string
		for _, target := range h.Targets(t, run.ID) {
			_, attempts, err := h.Runner.Target(t.Context(), access.System(), run.ID, target.ID)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf("target %+v", target))
			for _, a := range attempts {
				all = append(all, "body "+string(a.Body), fmt.Sprintf("header %v", a.Header), "request "+a.RequestBody)
			}
		}
		report, err := h.Registry.Report(t.Context(), h.Sites[0].ID)
		all = append(all, fmt.Sprintf("report %+v %v", report, err))
		for _, text := range all {
			if strings.Contains(text, wptest.DefaultPassword) || strings.Contains(text, basic) {
				t.Errorf("%.700s", text)
			}
		}
	})
}
