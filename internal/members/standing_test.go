package members_test

import (
	"errors"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
)

// The actor of a stored run is who they are today.
func TestStanding(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		add(t, r, "owner@agency.example", access.Owner)
		mara := add(t, r, "mara@agency.example", access.Admin)
		stored := access.Actor{Kind: access.KindMember, ID: mara.ID, Name: mara.Name}
		value, err := r.MakeToken(ctx, mara.Actor(laptop.Addr), members.Token{Name: "CI", Role: access.Operator,
			Restriction: access.Restriction{Clients: []string{"Acme"}}, ExpiresAt: time.Now().Add(48 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		bearer, err := r.Bearer(ctx, value, laptop.Addr)
		if err != nil {
			t.Fatal(err)
		}
		program := access.Actor{Kind: access.KindToken, ID: bearer.ID, Name: bearer.Name, Token: bearer.Token}
		check := func(step string, actor access.Actor, role access.Role, site bool) {
			t.Helper()
			now, err := r.Standing(ctx, actor)
			if role == "" {
				if !errors.Is(err, access.ErrForbidden) {
					t.Errorf("%s: %+v, %v", step, now, err)
				}
				return
			}
			if err != nil || now.Role != role || now.Kind != actor.Kind || now.Scope.Site("Zulu", nil) != site {
				t.Errorf("%s: %+v, %v", step, now, err)
			}
		}
		check("a member", stored, access.Admin, true)
		check("a token", program, access.Operator, false)
		check("the command line", access.Actor{Kind: access.KindCommandLine, Name: "root"}, access.Owner, true)
		if err := r.ChangeRole(ctx, shell, mara.ID, access.Viewer); err != nil {
			t.Fatal(err)
		}
		check("a demoted member", stored, access.Viewer, true)
		check("a demoted member's token", program, access.Viewer, false)
		if err := r.SetAccess(ctx, shell, mara.ID, access.Restriction{Clients: []string{"Acme"}}); err != nil {
			t.Fatal(err)
		}
		check("a narrowed member", stored, access.Viewer, false)
		tokens, err := r.Tokens(ctx, mara.ID)
		if err != nil || len(tokens) != 1 {
			t.Fatal(tokens, err)
		}
		if err := r.RevokeToken(ctx, shell, tokens[0].ID); err != nil {
			t.Fatal(err)
		}
		check("a revoked token", program, "", false)
		demoted, err := r.Member(ctx, mara.ID)
		if err != nil {
			t.Fatal(err)
		}
		renewed := members.Token{Name: "CI", Role: access.Viewer, Restriction: access.Restriction{Clients: []string{"Acme"}},
			ExpiresAt: time.Now().Add(48 * time.Hour)}
		if _, err := r.MakeToken(ctx, demoted.Actor(laptop.Addr), renewed); err != nil {
			t.Fatal(err)
		}
		check("a revoked token, with a newer one of its name", program, "", false)
		if err := r.Remove(ctx, shell, mara.ID); err != nil {
			t.Fatal(err)
		}
		check("a removed member", stored, "", false)
	})
}
