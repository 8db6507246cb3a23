package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

// requestContext is one request, and who makes it.
type requestContext struct {
	*gin.Context
	server  *Server
	member  members.Member // zero when nobody is signed in
	session members.Session
	token   vault.Secret
	bearer  access.Actor // of a program; zero otherwise
}

// actor is who acts.
func (v *requestContext) actor() access.Actor {
	if v.bearer.Kind != "" {
		return v.bearer
	}
	return v.member.SignedIn(v.session, v.addr())
}

func (v *requestContext) addr() netip.Addr {
	addr, err := netip.ParseAddr(v.ClientIP())
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// longestDevice bounds what is kept of a browser's name, in bytes.
const longestDevice = 400

func (v *requestContext) device() members.Device {
	name := strings.ToValidUTF8(v.Request.UserAgent(), "?")
	d := members.Device{Addr: v.addr(), UserAgent: strings.ToValidUTF8(name[:min(len(name), longestDevice)], "")}
	if token, err := v.Cookie(v.server.cookieName() + "-device"); err == nil {
		d.Token = vault.NewSecret(token)
	}
	return d
}

// networkOf is who counts as one address: a customer's share of IPv6 (RFC 6177) is theirs to choose from.
func networkOf(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if prefix, err := addr.Prefix(64); err == nil && addr.Is6() {
		return prefix.String()
	}
	return addr.String()
}

// redirectFirst sends the browser to another page first; what was asked for, if it can be asked for again, goes along as next.
func (v *requestContext) redirectFirst(to string) {
	if v.GetHeader("HX-Request") != "" {
		v.Header("HX-Redirect", to)
		v.Status(http.StatusNoContent)
		return
	}
	if v.Request.Method == http.MethodGet && v.Request.URL.Path != "/" {
		to += "?next=" + url.QueryEscape(v.Request.URL.RequestURI())
	}
	v.Redirect(http.StatusSeeOther, to)
}

// next is where to go after signing in: a page of ours, or home.
func next(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "\\\r\n\t") {
		return "/"
	}
	return text
}

func (s *Server) cookieName() string {
	if s.secure {
		return "__Host-drover"
	}
	return "drover"
}

// sessionCookie outlives a browser's restart; the session's own limits are the roster's.
const sessionCookie = 90 * 24 * time.Hour

// deviceCookie stays when its owner signs out: it opens nothing.
const deviceCookie = 365 * 24 * time.Hour

func (v *requestContext) remember(token vault.Secret) {
	http.SetCookie(v.Writer, &http.Cookie{
		Name: v.server.cookieName(), Value: token.Reveal(), Path: "/", MaxAge: int(sessionCookie.Seconds()), HttpOnly: true, Secure: v.server.secure,
		SameSite: http.SameSiteLaxMode,
	})
}

// begin keeps the session's token in the browser, and tells a member who is signed in which tokens were revoked for them.
func (v *requestContext) begin(token vault.Secret) error {
	v.remember(token)
	ctx := v.Request.Context()
	m, session, err := v.server.Roster.Authenticate(ctx, token)
	if err != nil || session.SecondFactorPending {
		return err
	}
	revoked, err := v.server.Roster.NotifyRevoked(ctx, m.ID)
	if err != nil || len(revoked) == 0 {
		return err
	}
	names := make([]string, len(revoked))
	for i, t := range revoked {
		names[i] = "“" + t.Name + "”"
	}
	v.setFlash("problem", fmt.Sprintf("Your API tokens %s were revoked: %s. Create new ones under Settings, API tokens.", strings.Join(names, ", "),
		revoked[0].RevokedWhy))
	return nil
}

// rememberDevice lets the browser be known as its owner's, unless it is already.
func (v *requestContext) rememberDevice(m members.Member) error {
	ctx := v.Request.Context()
	if known, err := v.server.Roster.Remembered(ctx, m, v.device().Token); known || err != nil {
		return err
	}
	token, err := v.server.Roster.Remember(ctx, m)
	if err != nil {
		return err
	}
	http.SetCookie(v.Writer, &http.Cookie{
		Name: v.server.cookieName() + "-device", Value: token.Reveal(), Path: "/", MaxAge: int(deviceCookie.Seconds()), HttpOnly: true, Secure: v.server.secure,
		SameSite: http.SameSiteLaxMode,
	})
	return nil
}

// forget ends the session in the browser, which drops what it kept of the pages.
func (v *requestContext) forget() {
	v.Header("Clear-Site-Data", `"cache"`)
	http.SetCookie(v.Writer, &http.Cookie{Name: v.server.cookieName(), Path: "/", MaxAge: -1, HttpOnly: true, Secure: v.server.secure,
		SameSite: http.SameSiteLaxMode})
}

// flashCookie holds what say said.
func (s *Server) flashCookie() string { return s.cookieName() + "-said" }

// setFlash shows a message on the next page.
func (v *requestContext) setFlash(kind, text string) { v.setFlashUndo(kind, text, "") }

// setFlashUndo shows a message on the next page, with a button that undoes what was done: a path to post to, with its fields as a query.
func (v *requestContext) setFlashUndo(kind, text, undo string) {
	http.SetCookie(v.Writer, &http.Cookie{Name: v.server.flashCookie(), Value: url.QueryEscape(kind + "|" + undo + "|" + text), Path: "/", MaxAge: 60,
		HttpOnly: true, Secure: v.server.secure, SameSite: http.SameSiteStrictMode})
}

func (v *requestContext) flash() *views.Flash {
	value, err := v.Cookie(v.server.flashCookie())
	if err != nil || value == "" {
		return nil
	}
	http.SetCookie(v.Writer, &http.Cookie{Name: v.server.flashCookie(), Path: "/", MaxAge: -1, HttpOnly: true, Secure: v.server.secure,
		SameSite: http.SameSiteStrictMode})
	if plain, err := url.QueryUnescape(value); err == nil {
		value = plain
	}
	parts := strings.SplitN(value, "|", 3)
	if len(parts) != 3 {
		return nil
	}
	return &views.Flash{Kind: parts[0], Undo: parts[1], Text: parts[2]}
}

// who is the member that pages are drawn for.
func (v *requestContext) who() views.Who {
	can := map[string]bool{}
	for _, action := range access.Actions() {
		can[string(action)] = v.actor().May(action)
	}
	return views.Who{Name: v.member.Name, Email: v.member.Email, Role: string(v.member.Role), Can: can}
}

// frame is what surrounds a page of this member.
func (v *requestContext) frame(title, active string) views.Frame {
	return views.Frame{Title: title, Active: active, Flash: v.flash(), RequestID: v.requestID(), Gallery: v.server.Gallery, Who: v.who()}
}

// redirect leads to another page after something was done.
func (v *requestContext) redirect(path string) error {
	v.Redirect(http.StatusSeeOther, path)
	return nil
}

// number reads a number of the path; one that is none belongs to nothing.
func (v *requestContext) number(name string) (int64, error) {
	n, err := strconv.ParseInt(v.Param(name), 10, 64)
	if err != nil || n < 1 {
		return 0, errNoPage
	}
	return n, nil
}

// page reads the number of a list's page.
func (v *requestContext) page() int {
	n, err := strconv.Atoi(v.Query("page"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, 1_000_000)
}
