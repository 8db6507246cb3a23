package changes_test

import (
	"context"
	"errors"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// A request that waits with a password which a rotation is about to revoke can no longer be approved; others can.
func TestARevokedPasswordIsNotPutBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m := newTeam(t, db)
		asker, second := m.admin("ann"), m.admin("bo")
		ctx := context.WithoutCancel(t.Context())
		draft := func(home, password string) sites.Draft {
			return sites.Draft{URL: home, Client: "Acme", Username: "u", Password: vault.NewSecret(password)}
		}
		const dead = "abcdEFGH1234ijklMNOP9999"
		replace := m.requests(asker, changes.Change{Action: access.SiteCredential, Sites: []int64{1},
			Draft: draft("https://s1.example", "abcd EFGH 1234 ijkl MNOP 9999")})
		add := m.requests(asker, changes.Change{Action: access.SiteAdd, Draft: draft("https://new.example", dead)})
		other := m.requests(asker, changes.Change{Action: access.SiteAdd, Draft: draft("https://other.example", secret)})
		tag := m.requests(asker, changes.Change{Action: access.SiteTag, Sites: []int64{1}, Tag: "x"})
		squeezed := func(s vault.Secret) bool { return squeeze(s.Reveal()) == dead }
		for range 2 {
			m.must(m.changes.EndThoseWith(ctx, squeezed))
		}
		for _, p := range []changes.Pending{replace, add} {
			if _, err := m.changes.Approve(ctx, second, p.ID); !errors.Is(err, changes.ErrOver) {
				t.Errorf("%s: %v", p.Action, err)
			}
			if now, err := m.changes.Pending(ctx, asker, p.ID); err != nil || now.State != changes.Superseded || now.DecidedBy != "Drover" {
				t.Errorf("%s: %+v, %v", p.Action, now, err)
			}
		}
		for _, p := range []changes.Pending{other, tag} {
			if _, err := m.changes.Approve(ctx, second, p.ID); err != nil {
				t.Errorf("%s: %v", p.Action, err)
			}
		}
		s, err := m.registry.Site(ctx, shell, 1)
		if err != nil || s.Credential.CreatedBy != shell.Name {
			t.Errorf("the credential is %+v, %v", s.Credential, err)
		}
	})
}

func squeeze(text string) string {
	var kept []rune
	for _, r := range text {
		if r != ' ' {
			kept = append(kept, r)
		}
	}
	return string(kept)
}
