package members_test

import (
	"context"
	"errors"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
)

func TestOpenInvitationsAreListedAndRevoked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := members.New(db, keys(t), audit.New(db.Gorm))
		token, err := r.Invite(ctx, shell, members.Member{Email: "new@agency.example", Role: access.Operator})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Invite(ctx, shell, members.Member{Email: "boss@agency.example", Role: access.Owner}); err != nil {
			t.Fatal(err)
		}
		open, err := r.Invitations(ctx, shell)
		if err != nil || len(open) != 2 || open[1].Email != "new@agency.example" || open[1].Role != access.Operator || open[1].ExpiresAt.IsZero() {
			t.Fatalf("open: %+v, %v", open, err)
		}
		admin := access.Actor{Kind: access.KindCommandLine, Name: "an admin", Role: access.Admin}
		if within, _ := r.Invitations(ctx, admin); len(within) != 1 {
			t.Errorf("an admin sees %d invitations, want the one to no more than their role", len(within))
		}
		if err := r.RevokeInvitation(ctx, admin, open[0].ID); !errors.Is(err, members.ErrNoInvitation) {
			t.Errorf("an admin revokes an owner's invitation: %v", err)
		}
		if err := r.RevokeInvitation(ctx, admin, open[1].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Join(ctx, token, members.Claim{Name: "New", Password: secret(password)}, laptop); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("the revoked link: %v", err)
		}
		if err := r.RevokeInvitation(ctx, shell, open[1].ID); !errors.Is(err, members.ErrNoInvitation) {
			t.Errorf("revoked twice: %v", err)
		}
		if left, _ := r.Invitations(ctx, shell); len(left) != 1 {
			t.Errorf("%d invitations are left", len(left))
		}
	})
}
