package members_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
)

// The setup link dies with the first member, however added, and makes no owner even where it comes back.
func TestSetupLinkDiesWithTheFirstMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm, members.Verifier()))
		token, needed, err := r.EnsureSetupLink(t.Context())
		if err != nil || !needed {
			t.Fatal(needed, err)
		}
		if _, err := r.Setup(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		var kept struct{ TokenHash string }
		if err := db.Gorm.Raw("SELECT token_hash FROM links").Scan(&kept).Error; err != nil {
			t.Fatal(err)
		}
		if _, err := r.Add(t.Context(), shell, members.Member{Email: "a@agency.example", Name: "Ada", Role: access.Viewer}, vault.NewSecret(long)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Setup(t.Context(), token); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("the link is still there: %v", err)
		}
		// As a backup would bring it back.
		err = db.Gorm.Exec("INSERT INTO links (kind, token_hash, role, created_at, expires_at) VALUES ('setup', ?, 'owner', 1, ?)", kept.TokenHash,
			time.Now().Add(time.Hour).UnixMicro()).Error
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.SetUp(t.Context(), token, members.Claim{Name: "Eve", Email: "eve@evil.test", Password: vault.NewSecret(long)},
			members.Device{}); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("a second owner was made: %v", err)
		}
		if _, needed, err := r.EnsureSetupLink(t.Context()); needed || err != nil {
			t.Errorf("another link: %v %v", needed, err)
		}
	})
}

const long = "four words that differ"

// A member's tokens die with everything that ends what could have been used to make them, and the member is told which.
func TestTokensDie(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, r *members.Roster, m members.Member) error{
		"reset": func(t *testing.T, r *members.Roster, m members.Member) error {
			link, err := r.ResetLink(t.Context(), shell, m.ID, false)
			if err == nil {
				_, err = r.Reset(t.Context(), link, vault.NewSecret(long+" too"), members.Device{})
			}
			return err
		},
		"ended by an owner": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.EndSessions(t.Context(), shell, m.ID)
		},
		"signed out": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.SignOutEverywhere(t.Context(), m.Actor(netip.Addr{}))
		},
		"a changed password": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.ChangePassword(t.Context(), m.Actor(netip.Addr{}), vault.NewSecret(long), vault.NewSecret(long+" too"))
		},
		"a removed factor": func(t *testing.T, r *members.Roster, m members.Member) error {
			second, err := r.SecondFactor(t.Context(), m.ID)
			if err != nil {
				return err
			}
			return r.RemoveFactor(t.Context(), m.Actor(netip.Addr{}), second.Factors[0].ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				r := newRoster(db, keys(t), audit.New(db.Gorm, members.Verifier()))
				m, err := r.Add(t.Context(), shell, members.Member{Email: "a@agency.example", Name: "Ada", Role: access.Admin}, vault.NewSecret(long))
				if err != nil {
					t.Fatal(err)
				}
				if err := db.Gorm.Exec("INSERT INTO factors (member_id, kind, name, created_at, confirmed_at) VALUES (?, 'totp', 'phone', 1, 1)", m.ID).Error; err != nil {
					t.Fatal(err)
				}
				var values []vault.Secret
				for _, name := range []string{"deploy", "report"} {
					value, err := r.MakeToken(t.Context(), m.Actor(netip.Addr{}), members.Token{Name: name, Role: access.Viewer, ExpiresAt: time.Now().Add(time.Hour)})
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, value)
				}
				if err := end(t, r, m); err != nil {
					t.Fatal(err)
				}
				for _, value := range values {
					if _, err := r.Bearer(t.Context(), value, netip.Addr{}); !errors.Is(err, members.ErrToken) {
						t.Errorf("a token outlived it: %v", err)
					}
				}
				for _, want := range []int{2, 0} {
					notified, err := r.NotifyRevoked(t.Context(), m.ID)
					if err != nil || len(notified) != want || slices.ContainsFunc(notified, func(t members.Token) bool { return t.RevokedWhy == "" }) {
						t.Errorf("told of %+v, want %d, %v", notified, want, err)
					}
				}
				if kept, err := r.RevokedTokens(t.Context(), m.ID); len(kept) != 2 || err != nil {
					t.Errorf("%+v, %v", kept, err)
				}
			})
		})
	}
}
