package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A run that waits belongs to the token that asked for it: a newer one of the same name and the same member is another.
func TestARunOfARevokedTokenIsNotRevivedByItsName(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestServerOn(t, db, wptest.Site{})
		h.addSites(t)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(h.runner.SetPolicy(t.Context(), shell, runs.Policy{Effects: []operation.Effect{operation.Change}}))
		token := members.Token{Name: "CI", Role: access.Operator}
		p, owner := h.program(t, members.Member{Email: "p@agency.example", Name: "Pia", Role: access.Operator}, token)
		second := h.signIn(t, access.Admin)
		requestRun := func() int64 {
			t.Helper()
			status, text := p.call(http.MethodPost, "/api/v1/runs", `{"operation":"clear-cache","selection":{"all":true}}`)
			var started web.RunLine
			if err := json.Unmarshal([]byte(text), &started); err != nil || status != http.StatusCreated && status != http.StatusAccepted && status != http.StatusOK {
				t.Fatalf("%d %s", status, text)
			}
			return started.Run
		}
		approve := func(id int64) {
			t.Helper()
			if status, page := second.post(fmt.Sprintf("/runs/%d/approve", id), nil); status != http.StatusSeeOther && status != http.StatusForbidden {
				t.Fatalf("%d %.500s", status, page)
			}
		}
		wait := func(id int64) (last runs.Snapshot) {
			for s := range runs.NewWatch(h.runner).Follow(t.Context(), access.System(), id) {
				last = s
			}
			return last
		}
		kept, lost := requestRun(), requestRun()
		approve(kept)
		if last := wait(kept); !last.Run.Ended() || last.Counts.OK != 1 {
			t.Errorf("with the token: %+v", last.Counts)
		}
		tokens, err := h.roster.Tokens(t.Context(), owner.ID)
		must(err)
		must(h.roster.RevokeToken(t.Context(), shell, tokens[0].ID))
		token.ExpiresAt = time.Now().Add(time.Hour)
		_, err = h.roster.MakeToken(t.Context(), owner.Actor(noAddr), token)
		must(err)
		sent := len(h.fake.Calls(0))
		approve(lost)
		must(db.Gorm.Exec("UPDATE runs SET approval = 'approved', approved_by = 'Somebody' WHERE id = ? AND approval = 'asked'", lost).Error)
		must(h.runner.Store().Enqueue(t.Context(), 1))
		if last := wait(lost); last.Run.State != runs.Cancelled || last.Counts.NotSent != 1 {
			t.Errorf("after the token was revoked: %s with %+v", last.Run.State, last.Counts)
		}
		for _, call := range h.fake.Calls(0)[sent:] {
			if strings.Contains(fmt.Sprint(call), "clear-cache") {
				t.Errorf("it was sent: %v", call)
			}
		}
	})
}
