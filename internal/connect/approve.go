package connect

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// goodFor is how long an approval may take: people look for their password and their phone.
const goodFor = time.Hour

// takenFor is how long a connection is left to the member who was sent to WordPress for it.
const takenFor = 10 * time.Minute

// What can be wrong with a browser that comes back. Each is told to the person; the connection stays in the queue.
var (
	ErrNotReady     = errors.New("the connection is not ready to be approved")
	ErrUnknownState = errors.New("the approval is not one of this Drover's")
	ErrUsed         = errors.New("the approval was used already")
	ErrOtherSession = errors.New("the approval was begun in another session")
	ErrExpired      = errors.New("the approval took too long")
	ErrRejected     = errors.New("the user did not approve")
	ErrUnavailable  = errors.New("WordPress offers the user no application passwords")
	ErrOtherSite    = errors.New("another site came back than was sent to")
	ErrIncomplete   = errors.New("WordPress sent no credential")

	errTaken = errors.New("the connection was taken by someone else in the meantime")
)

// ReturnPath is where WordPress sends the browser back to, below Drover's public URL.
const ReturnPath = "/connect/return"

// Reachable tells whether WordPress sends browsers back to a Drover with this public URL: always over https, on a loopback address from WordPress
// 7.0 on, else never.
func Reachable(publicURL string) (always, newer bool) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return false, false
	}
	if u.Scheme == "https" {
		return true, true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return false, err == nil && ip.IsLoopback()
}

// Begin notes that the member's session is sent to WordPress for the connection, and returns the address to send it to. The one-time state in it
// is good for the same session, for an hour.
func (q *Queue) Begin(ctx context.Context, actor access.Actor, session, id int64, publicURL string) (address string, err error) {
	if err := q.log.Authorize(ctx, actor, access.ConnectBegin, access.On("connection", id)); err != nil {
		return "", err
	}
	c, err := q.Connection(ctx, actor, id)
	if err != nil {
		return "", err
	}
	return q.begin(ctx, actor, session, c, publicURL, write.begin)
}

// begin notes it with take, which may refuse.
func (q *Queue) begin(ctx context.Context, actor access.Actor, session int64, c Connection, publicURL string,
	take func(write, Connection, approvalRow) error) (address string, err error) {
	if c.State != Ready || c.Approval == "" {
		return "", ErrNotReady
	}
	appID, err := q.store.appID(ctx)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	state, name := rand.Text()+rand.Text(), appName(publicURL)
	err = q.store.change(ctx, actor, func(w write) error {
		if err := take(w, c, approvalRow{StateHash: hashOf(state), MemberID: actor.ID, SessionID: session, AppName: name,
			ExpiresAt: w.now.Add(goodFor).UnixMicro()}); err != nil {
			return err
		}
		return w.record(access.ConnectBegin, access.On("connection", c.ID), map[string]any{"home": c.Home, "app_name": name})
	})
	if err != nil {
		return "", fmt.Errorf("connect: begin: %w", err)
	}
	return approvalURL(c.Approval, publicURL, state, name, appID), nil
}

// approvalURL is the approval page with what WordPress needs to know.
func approvalURL(page, publicURL, state, name, appID string) string {
	back := func(more string) string {
		return strings.TrimSuffix(publicURL, "/") + ReturnPath + "?state=" + state + more
	}
	query := url.Values{"app_name": {name}, "app_id": {appID}, "success_url": {back("")}, "reject_url": {back("&success=false")}}
	return page + "?" + query.Encode()
}

// appName is what WordPress lists the password as. It is unique: up to 6.5, WordPress refuses a name that the user has already, and says nothing.
func appName(publicURL string) string {
	host := "Drover"
	if u, err := url.Parse(publicURL); err == nil && u.Hostname() != "" {
		host += " at " + u.Hostname()
	}
	return host + " (" + time.Now().UTC().Format("2006-01-02 15:04") + ", " + rand.Text()[:6] + ")"
}

func hashOf(state string) string {
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:])
}

// Returned is what a browser brings back from WordPress.
type Returned struct {
	State    string
	Rejected bool
	Error    string // that WordPress names beside a rejection: "disabled" where the user, or the site, has no application passwords
	SiteURL  string
	Username string
	Password vault.Secret
}

// Grant is a credential that a user approved, for the connection it was approved for.
type Grant struct {
	Connection Connection
	Username   string
	Password   vault.Secret
}

// Take takes what a browser brings back. A state counts once, whatever comes with it. Where the error is one of those above, the connection that it
// belongs to is in the grant, if it is known, without the credential.
func (q *Queue) Take(ctx context.Context, actor access.Actor, session int64, r Returned) (Grant, error) {
	if err := q.log.Authorize(ctx, actor, access.ConnectFinish, ""); err != nil {
		return Grant{}, err
	}
	a, c, err := q.store.approval(ctx, hashOf(r.State))
	if err != nil {
		return Grant{}, err
	}
	if a.SessionID != session || a.MemberID != actor.ID || !within(actor, c) {
		return Grant{}, errors.Join(ErrOtherSession, q.log.Refuse(ctx, actor, access.ConnectFinish, access.On("connection", c.ID), "other_session"))
	}
	if a.UsedAt != 0 {
		return Grant{Connection: c}, ErrUsed
	}
	outcome := judge(a, c, r, time.Now())
	if q.beforeTaking != nil {
		q.beforeTaking()
	}
	err = q.store.change(ctx, actor, func(w write) error {
		if err := w.use(a, outcomeNames[outcome]); err != nil {
			return err
		}
		return w.record(access.ConnectFinish, access.On("connection", c.ID), map[string]any{"home": c.Home, "result": outcomeNames[outcome], "app_name": a.AppName})
	})
	switch {
	case errors.Is(err, ErrUsed):
		return Grant{Connection: c}, ErrUsed
	case err != nil:
		return Grant{Connection: c}, fmt.Errorf("connect: finish: %w", err)
	case outcome != nil:
		return Grant{Connection: c}, outcome
	}
	return Grant{c, r.Username, r.Password}, nil
}

var outcomeNames = map[error]string{nil: "approved", ErrRejected: "rejected", ErrUnavailable: "unavailable",
	ErrExpired: "expired", ErrOtherSite: "other_site", ErrIncomplete: "incomplete"}

func judge(a approvalRow, c Connection, r Returned, now time.Time) error {
	switch {
	case a.ExpiresAt <= now.UnixMicro():
		return ErrExpired
	case r.Rejected && r.Error == "disabled":
		return ErrUnavailable
	case r.Rejected:
		return ErrRejected
	case r.Username == "" || r.Password.Reveal() == "":
		return ErrIncomplete
	case !sameSite(c, r.SiteURL):
		return ErrOtherSite
	}
	return nil
}

// sameSite compares what came back with what the look found: WordPress names its own address, which may differ from the home.
func sameSite(c Connection, siteURL string) bool {
	key := wordpress.SiteKey(strings.TrimSuffix(siteURL, "/"))
	return siteURL != "" && (key == wordpress.SiteKey(c.SiteURL) || key == wordpress.SiteKey(c.Home))
}

// Next returns the connection to approve next: the first ready one that nobody else is at. It returns ErrNone where there is none.
func (q *Queue) Next(ctx context.Context, actor access.Actor) (Connection, error) {
	ready, err := q.store.inState(ctx, Ready)
	if err != nil {
		return Connection{}, err
	}
	for _, c := range ready {
		busy := c.TakenID != actor.ID && time.Since(c.TakenAt) < takenFor
		if within(actor, c) && !busy {
			return c, nil
		}
	}
	return Connection{}, ErrNone
}

// BeginNext is Begin for the connection to approve next. Of people who ask at the same moment, each gets another one. It returns ErrNone where there
// is none.
func (q *Queue) BeginNext(ctx context.Context, actor access.Actor, session int64, publicURL string) (address string, err error) {
	if err := q.log.Authorize(ctx, actor, access.ConnectBegin, ""); err != nil {
		return "", err
	}
	for {
		c, err := q.Next(ctx, actor)
		if err != nil {
			return "", err
		}
		if address, err = q.begin(ctx, actor, session, c, publicURL, write.beginAlone); !errors.Is(err, errTaken) {
			return address, err
		}
	}
}

// Settle notes that a site of the list is connected, wherever its credential came from.
func (q *Queue) Settle(ctx context.Context, s sites.Site) error {
	if err := q.store.settle(ctx, s); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}
