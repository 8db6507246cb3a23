package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

// restrictionOf reads what somebody is to be held to. Choosing "only some" and then none is a problem, so that taking the last tick away never
// opens everything.
func restrictionOf(form url.Values) (access.Restriction, string) {
	var b access.Restriction
	if form.Get("sites") == "some" {
		b.Clients, b.Tags = distinct(form["client"]), distinct(form["tag"])
		if len(b.Clients)+len(b.Tags) == 0 {
			return b, "Choose at least one client or tag, or all sites."
		}
	}
	if form.Get("operations") == "some" {
		if b.Operations = distinct(form["operation"]); len(b.Operations) == 0 {
			return b, "Choose at least one operation, or everything the role allows."
		}
		for _, name := range b.Operations {
			if !slices.ContainsFunc(operationPicks(), func(p views.Pick) bool { return p.Value == name }) {
				return b, "There is no operation " + name + "."
			}
		}
	}
	return b, ""
}

func distinct(texts []string) []string {
	all := filled(texts)
	slices.Sort(all)
	return slices.Compact(all)
}

// operationPicks are the operations that somebody can be held to: by effect, or one by one.
func operationPicks() []views.Pick {
	all := []views.Pick{
		{Value: string(operation.Read), Label: "All read-only operations"}, {Value: string(operation.Change), Label: "All operations that make changes"},
		{Value: string(operation.Destroy), Label: "All destructive operations"},
	}
	for _, o := range operation.Builtins() {
		all = append(all, views.Pick{Value: o.Name, Label: o.Title})
	}
	return all
}

// accessForm is the form for a bound: what the actor could give, and what is given now.
func (s *Server) accessForm(v *requestContext, now access.Restriction, problem string) (views.AccessForm, error) {
	facets, err := s.Registry.Facets(v.Request.Context(), v.actor())
	if err != nil {
		return views.AccessForm{}, err
	}
	form := views.AccessForm{SomeSites: len(now.Clients)+len(now.Tags) > 0, SomeOperations: len(now.Operations) > 0, Problem: problem}
	for _, c := range facets.Clients {
		form.Clients = append(form.Clients, views.Pick{Value: c.Value, Label: c.Value})
	}
	for _, c := range facets.Tags {
		form.Tags = append(form.Tags, views.Pick{Value: c.Value, Label: c.Value})
	}
	form.Clients, form.Tags, form.Operations = picked(form.Clients, now.Clients), picked(form.Tags, now.Tags), picked(operationPicks(), now.Operations)
	return form, nil
}

// picked marks the chosen values, and keeps those that no site has at present.
func picked(all []views.Pick, chosen []string) []views.Pick {
	for _, value := range chosen {
		i := slices.IndexFunc(all, func(p views.Pick) bool { return p.Value == value })
		if i < 0 {
			all = append(all, views.Pick{Value: value, Label: value})
			i = len(all) - 1
		}
		all[i].Chosen = true
	}
	return all
}

func accessSummary(b access.Restriction) views.AccessSummary {
	h := views.AccessSummary{Clients: b.Clients, Tags: b.Tags}
	for _, p := range operationPicks() {
		if slices.Contains(b.Operations, p.Value) {
			h.Operations = append(h.Operations, strings.ToLower(p.Label[:1])+p.Label[1:])
		}
	}
	return h
}

// memberOf is the member of the path, if the actor may see them.
func (s *Server) memberOf(v *requestContext) (members.Member, error) {
	id, err := v.number("id")
	if err != nil {
		return members.Member{}, err
	}
	all, err := s.Roster.Members(v.Request.Context(), v.actor())
	for _, m := range all {
		if m.ID == id {
			return m, err
		}
	}
	return members.Member{}, errors.Join(err, members.ErrNoMember)
}

func (s *Server) memberPage(v *requestContext) error {
	m, err := s.memberOf(v)
	if err != nil {
		return err
	}
	return s.showMemberPage(v, http.StatusOK, m, m.Restriction, "")
}

func (s *Server) showMemberPage(v *requestContext, status int, m members.Member, now access.Restriction, problem string) error {
	ctx, actor := v.Request.Context(), v.actor()
	page := views.MemberPage{
		Frame:   v.frame(m.Name, "team"),
		Member:  views.TeamMember{ID: m.ID, Name: m.Name, Email: m.Email, Role: string(m.Role), JoinedAt: m.CreatedAt, Access: accessSummary(m.Restriction)},
		MayEdit: actor.May(access.MemberAccess) && actor.Role.Covers(m.Role) && m.ID != v.member.ID && m.Role != access.Owner,
	}
	var err error
	if page.Access, err = s.accessForm(v, now, problem); err != nil {
		return err
	}
	if actor.May(access.MemberRemove) || m.ID == v.member.ID {
		if page.Tokens, err = s.tokenViews(v, m.ID); err != nil {
			return err
		}
	}
	entries, _, err := s.Log.Entries(ctx, actor, audit.Filter{Subject: access.On("member", m.ID), Limit: 8})
	if err != nil {
		return err
	}
	for _, e := range entries {
		page.Entries = append(page.Entries, entryView(e))
	}
	return v.render(status, views.Member(page))
}

func (s *Server) changeAccess(v *requestContext) error {
	m, err := s.memberOf(v)
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	restriction, problem := restrictionOf(form)
	if problem != "" {
		return s.showMemberPage(v, http.StatusUnprocessableEntity, m, restriction, problem)
	}
	_, err = v.change(changes.Change{Action: access.MemberAccess, Member: m.ID, Restriction: restriction})
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showMemberPage(v, http.StatusUnprocessableEntity, m, restriction, p["reach"])
	}
	if err != nil {
		return err
	}
	v.setFlash("ok", "Access saved. It takes effect immediately.")
	return v.redirect("/team/" + v.Param("id"))
}

func (s *Server) tokenViews(v *requestContext, member int64) ([]views.Token, error) {
	found, err := s.Roster.Tokens(v.Request.Context(), member)
	all := make([]views.Token, len(found))
	for i, t := range found {
		all[i] = views.Token{
			ID: t.ID, Name: t.Name, Role: string(t.Role), Access: accessSummary(t.Restriction), CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, UsedAt: t.UsedAt,
			UsedFrom: t.UsedFrom,
		}
	}
	return all, err
}

func (s *Server) tokens(v *requestContext) error {
	return s.showTokens(v, http.StatusOK, access.Restriction{}, "", nil)
}

// showTokens draws the member's tokens, with the one that was just made, or what is wrong with the form.
func (s *Server) showTokens(v *requestContext, status int, now access.Restriction, made string, p validation.Problems) error {
	page := views.Tokens{Made: made, Server: strings.TrimSuffix(s.PublicURL, "/")}
	var err error
	if page.Tokens, err = s.tokenViews(v, v.member.ID); err != nil {
		return err
	}
	revoked, err := s.Roster.RevokedTokens(v.Request.Context(), v.member.ID)
	if err != nil {
		return err
	}
	for _, t := range revoked {
		page.Revoked = append(page.Revoked, fmt.Sprintf("%s was revoked on %s: %s.", t.Name, t.RevokedAt.Format(time.DateOnly), t.RevokedWhy))
	}
	if page.Access, err = s.accessForm(v, now, p["reach"]); err != nil {
		return err
	}
	usual := access.Operator
	if !v.member.Role.Covers(usual) {
		usual = v.member.Role
	}
	roles := slices.DeleteFunc(rolesFor(v.actor()), func(o views.Option) bool { return o.Value == string(access.Owner) })
	typed := func(name, usual string) string {
		if made != "" {
			return usual
		}
		return v.DefaultPostForm(name, usual)
	}
	page.Form = []views.Field{
		{Name: "name", Label: "Name", Value: typed("name", ""), Problem: p["name"], Complete: "off", Required: true,
			Hint: "What will use it, such as “deploy hook of acme.example”."},
		{Name: "role", Label: "Maximum role", Value: typed("role", string(usual)), Problem: p["role"], Options: roles},
		{Name: "days", Label: "Expires after", Value: typed("days", "90"), Problem: p["days"], Options: []views.Option{
			{Value: "7", Label: "a week"}, {Value: "30", Label: "30 days"}, {Value: "90", Label: "90 days"}, {Value: "365", Label: "a year"},
		}},
	}
	return v.render(status, views.TokensPage(v.frame("API tokens", "settings"), page))
}

func (s *Server) makeToken(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	days := min(validation.ParseCount(form.Get("days")), mostDays) // what is no number is refused as too short
	restriction, problem := restrictionOf(form)
	if problem != "" {
		return s.showTokens(v, http.StatusUnprocessableEntity, restriction, "", validation.Problems{"reach": problem})
	}
	value, err := s.Roster.MakeToken(v.Request.Context(), v.actor(), members.Token{
		Name: form.Get("name"), Role: access.Role(form.Get("role")), Restriction: restriction, ExpiresAt: time.Now().Add(time.Duration(days) * 24 * time.Hour),
	})
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showTokens(v, http.StatusUnprocessableEntity, restriction, "", p)
	}
	if err != nil {
		return err
	}
	v.Header("Cache-Control", "no-store")
	return s.showTokens(v, http.StatusOK, access.Restriction{}, value.Reveal(), nil)
}

func (s *Server) revokeToken(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	if err := s.Roster.RevokeToken(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	v.setFlash("ok", "Token revoked.")
	return v.redirect(next(form.Get("next")))
}

// rolesFor are the roles that the actor may give.
func rolesFor(actor access.Actor) []views.Option {
	var all []views.Option
	for _, role := range access.Roles() {
		if actor.Role.Covers(role) {
			all = append(all, views.Option{Value: string(role), Label: string(role)})
		}
	}
	return all
}
