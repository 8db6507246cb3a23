package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

// connectQueue shows the sites that are to be connected.
func (s *Server) connectQueue(v *requestContext) error {
	return s.showQueue(v, http.StatusOK, views.ConnectForm{}, nil)
}

func (s *Server) showQueue(v *requestContext, status int, form views.ConnectForm, problems validation.Problems) error {
	ctx := v.Request.Context()
	state := connect.State(v.Query("state"))
	if !slices.Contains(connect.States(), state) {
		state = ""
	}
	o, err := s.Connect.Overview(ctx, v.actor(), state, (v.page()-1)*perPage, perPage)
	if err != nil {
		return err
	}
	if form.Clients, err = s.Registry.Clients(ctx, v.actor()); err != nil {
		return err
	}
	form.Problems = problems
	query := url.Values{}
	if state != "" {
		query.Set("state", string(state))
	}
	page := views.ConnectQueue{Form: form, Progress: progressOf(o.Counts), Chips: connectChips(o.Counts, state), Notice: noticeOf(v), Caution: s.caution(),
		Pages: views.Pages{Page: v.page(), Per: perPage, Total: o.Total, Path: "/connect", Query: query}}
	for _, c := range o.Page {
		page.Rows = append(page.Rows, s.connectionView(v, c))
	}
	if page.Next, err = s.nextConnection(v); err != nil {
		return err
	}
	return v.render(status, views.ConnectPage(v.frame("Connect sites", "sites"), page))
}

func progressOf(counts map[connect.State]int) views.ConnectProgress {
	return views.ConnectProgress{Ready: counts[connect.Ready], Attention: counts[connect.Attention], Looking: counts[connect.Looking],
		Skipped: counts[connect.Skipped], Connected: counts[connect.Connected]}
}

func connectChips(counts map[connect.State]int, chosen connect.State) []views.Chip {
	var all []views.Chip
	for _, state := range connect.States() {
		if counts[state] == 0 && state != chosen {
			continue
		}
		chip := views.Chip{Label: views.ConnectStateWord(string(state)), Count: counts[state], Href: "/connect?state=" + string(state), Chosen: state == chosen}
		if chip.Chosen {
			chip.Href = "/connect"
		}
		all = append(all, chip)
	}
	return all
}

// caution says why WordPress may not send people back to this Drover; empty where it does.
func (s *Server) caution() string {
	switch always, newer := connect.Reachable(s.PublicURL); {
	case always:
		return ""
	case newer:
		return "Drover runs at " + s.PublicURL + ", without HTTPS. WordPress before 7.0 refuses to redirect to such a URL. If it does, enter " +
			"an application password instead."
	}
	return "Drover runs at " + s.PublicURL + ". WordPress redirects back only to an HTTPS URL, so approval will not work. Set --public-url " +
		"to an HTTPS URL, or enter application passwords instead."
}

func (s *Server) connectionView(v *requestContext, c connect.Connection) views.Connection {
	view := views.Connection{
		ID: c.ID, Address: c.Address, Home: c.Home, Name: c.Name, Client: c.Client, Tags: c.Tags, State: string(c.State), Obstacle: c.Obstacle,
		Finding: c.Finding, Fix: c.Fix,
		SiteID: c.SiteID, Replaces: c.Replaces, Approval: c.Approval, Plugins: c.Plugins, Root: c.Root, AddedBy: c.AddedBy, AddedAt: c.AddedAt,
		LookedAt: c.LookedAt, TakenAt: c.TakenAt, TakenBy: c.TakenBy,
	}
	if c.TakenID == v.member.ID {
		view.TakenBy = ""
	}
	if c.SiteID != 0 {
		site, err := s.Registry.Within(v.Request.Context(), v.actor(), c.SiteID)
		if err != nil { // somebody else's: what is known of it is not told
			view.SiteID, view.Finding, view.Fix = 0, "You cannot add this URL.", "Ask someone with access to all sites."
		}
		view.SiteState, view.SiteFinding, view.Username = string(site.State), site.Finding, site.Credential.Username
	}
	return view
}

// nextConnection is what would be approved next; zero where nothing is ready.
func (s *Server) nextConnection(v *requestContext) (views.Connection, error) {
	next, err := s.Connect.Next(v.Request.Context(), v.actor())
	if errors.Is(err, connect.ErrNone) {
		return views.Connection{}, nil
	}
	return views.Connection{ID: next.ID, Home: next.Home, Name: next.Name}, err
}

// connectSites takes addresses into the queue. A single one leads to its own page, where it is looked at while the person waits.
func (s *Server) connectSites(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	w := connect.Wanted{Addresses: connect.ReadAddresses(form.Get("addresses")), Client: form.Get("client"), Tags: sites.SplitTags(form.Get("tags"))}
	added, err := s.Connect.Add(v.Request.Context(), v.actor(), w)
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showQueue(v, http.StatusUnprocessableEntity, views.ConnectForm{Addresses: form.Get("addresses"), Client: w.Client, Tags: form.Get("tags")}, p)
	}
	if err != nil {
		return err
	}
	if len(w.Addresses) == 1 && len(added) == 1 {
		if _, err := s.Connect.LookAgain(v.Request.Context(), v.actor(), added[0].ID); err != nil {
			return err
		}
		return v.redirect(fmt.Sprintf("/connect/%d", added[0].ID))
	}
	s.lookBehind(v, added)
	return s.answerAdded(v, w, added)
}

func (s *Server) answerAdded(v *requestContext, w connect.Wanted, added []connect.Connection) error {
	if len(added) == 0 {
		v.setFlash("ok", "Nothing was added: these addresses are already in the queue.")
	} else {
		v.setFlash("ok", fmt.Sprintf("Looking up %s. Results appear here as they arrive.", countedSites(len(added))))
	}
	return v.redirect("/connect")
}

// lookBehind looks at connections beside what else is done.
func (s *Server) lookBehind(v *requestContext, chosen []connect.Connection) {
	if len(chosen) == 0 {
		return
	}
	actor := v.actor().Detached()
	s.checks.Go(func() {
		err := s.Connect.Look(s.running, actor, chosen)
		if errors.Is(err, access.ErrRevoked) { // the addresses are still the team's, whatever became of who added them
			err = s.Connect.Resume(s.running)
		}
		if err != nil && s.running.Err() == nil {
			s.Logger.Error("looking at sites failed", "err", err)
		}
	})
}

func (s *Server) connection(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	c, err := s.Connect.Connection(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	return s.showConnection(v, http.StatusOK, c, nil)
}

// showConnection draws one connection; problems are those of the form for a credential that was made without an approval.
func (s *Server) showConnection(v *requestContext, status int, c connect.Connection, problems validation.Problems) error {
	o, err := s.Connect.Overview(v.Request.Context(), v.actor(), "", 0, 1)
	if err != nil {
		return err
	}
	page := views.ConnectionPage{Connection: s.connectionView(v, c), Progress: progressOf(o.Counts), Notice: noticeOf(v), Caution: s.caution(),
		Problem: problems["url"] + problems["client"],
		Fields:  credentialFields(v.PostForm("username"), problems), Manual: len(problems) > 0 || c.State == connect.Attention}
	if page.Next, err = s.nextConnection(v); err != nil {
		return err
	}
	if page.Next.ID == c.ID {
		page.Next = views.Connection{}
	}
	if c.State == connect.Connected && page.Connection.SiteState == string(sites.Unchecked) || c.State == connect.Looking {
		v.Header("Refresh", "2")
	}
	return v.render(status, views.ConnectionView(v.frame(page.Connection.Title(), "sites"), page))
}

// lookAgain looks at one connection once more, while the person waits.
func (s *Server) lookAgain(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if _, err := s.Connect.LookAgain(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	return v.redirect(fmt.Sprintf("/connect/%d", id))
}

// markConnections skips, puts back, removes, or looks again at those that a form chose.
func (s *Server) markConnections(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	ctx, ids := v.Request.Context(), validation.ParseIDs(form["connection"])
	if len(ids) == 0 {
		return validation.Problems{"connection": "No sites selected. Go back and select some."}
	}
	switch form.Get("do") {
	case "skip":
		err = s.Connect.Skip(ctx, v.actor(), ids...)
	case "remove":
		err = s.Connect.Remove(ctx, v.actor(), ids...)
	case "look":
		err = s.lookAtChosen(v, ids)
	default:
		return validation.Problems{"do": "Choose what to do with the selected sites. Go back and select one of the buttons."}
	}
	if err != nil {
		return err
	}
	return v.redirect(next(form.Get("back")))
}

func (s *Server) lookAtChosen(v *requestContext, ids []int64) error {
	ctx := v.Request.Context()
	if err := s.Connect.Unskip(ctx, v.actor(), ids...); err != nil {
		return err
	}
	var chosen []connect.Connection
	for _, id := range ids {
		c, err := s.Connect.Connection(ctx, v.actor(), id)
		if err != nil {
			return err
		}
		if c.State != connect.Connected {
			chosen = append(chosen, c)
		}
	}
	s.lookBehind(v, chosen)
	return nil
}

// enterCredential connects a site with an application password that somebody made themselves.
func (s *Server) enterCredential(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	c, err := s.Connect.Connection(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	if _, err := v.form(); err != nil {
		return err
	}
	site, err := s.storeCredential(v, c, v.PostForm("username"), vault.NewSecret(v.PostForm("application_password")))
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showConnection(v, http.StatusUnprocessableEntity, c, p)
	}
	if err != nil {
		return err
	}
	s.checkBehind(v, []sites.Site{site})
	return v.redirect(fmt.Sprintf("/connect/%d?back=entered", c.ID))
}

// reconnect puts chosen sites of the list into the queue, for another credential.
func (s *Server) reconnect(v *requestContext) error {
	found, err := s.chosen(v)
	if err != nil {
		return err
	}
	added, err := s.Connect.AddSites(v.Request.Context(), v.actor(), found)
	if err != nil {
		return err
	}
	if len(added) == 1 {
		if _, err := s.Connect.LookAgain(v.Request.Context(), v.actor(), added[0].ID); err != nil {
			return err
		}
		return v.redirect(fmt.Sprintf("/connect/%d", added[0].ID))
	}
	s.lookBehind(v, added)
	return s.answerAdded(v, connect.Wanted{}, added)
}

func noticeOf(v *requestContext) views.Notice {
	return views.ConnectNotice(strings.TrimSpace(v.Query("back")))
}
