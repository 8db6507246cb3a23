package runs_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// shown is all that is told of a run.
func shown(t *testing.T, h *runstest.Harness, id int64) string {
	t.Helper()
	ctx := context.Background()
	run, err := h.Runner.Run(ctx, access.System(), id)
	if err != nil {
		t.Fatal(err)
	}
	all := []any{run}
	for _, target := range h.Targets(t, id) {
		target, attempts, err := h.Runner.Target(ctx, access.System(), id, target.ID)
		if err != nil {
			t.Fatal(err)
		}
		for i := range attempts {
			all = append(all, string(attempts[i].Body))
		}
		all = append(all, target, attempts)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What an older Drover stored with its secrets loses them, once.
func TestSecretsOfAnOlderDroverAreTakenOut(t *testing.T) {
	const secret = "Zx81Qq77Unseen"
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, ctx := runstest.New(t, db, []wptest.Site{{}}), context.Background()
		h.Work(t)
		for range 46 { // more than two transactions
			h.Start(t, requestSpec("method", "GET", "path", "/wp/v2/types"))
		}
		for id := range int64(46) {
			h.Wait(t, id+1)
		}
		spec := `{"operation":"request","params":{"method":"POST","path":"/x?api_key=` + secret + `","body":"{\"password\":\"` + secret + `\"}"},"selection":{}}`
		h.Exec(t, "UPDATE runs SET spec = ?, title = ? WHERE id IN (1, 46)", spec, "POST /x?api_key="+secret)
		h.Exec(t, "UPDATE attempts SET request_body = ?, url = ?, header = ?, body = ?", `{"password":"`+secret+`"}`, "https://a.example/x?api_key="+secret,
			`{"X-Api-Key":["`+secret+`"]}`, []byte(`{"token":"`+secret+`"}`))
		h.Exec(t, "UPDATE targets SET message = ?", "Not "+secret)
		for range 2 {
			if err := h.Runner.RedactStored(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []int64{1, 20, 46} {
			if text := shown(t, h, id); strings.Contains(text, secret) || !strings.Contains(text, endpoint.Removed) {
				t.Errorf("run %d: %s", id, text)
			}
		}
	})
}
