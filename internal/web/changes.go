package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

// change makes a change that the policy may cover. Where it waits for a second person, finish leads to its page.
func (v *requestContext) change(change changes.Change) (vault.Secret, error) {
	return v.server.Changes.Do(v.Request.Context(), v.actor(), change)
}

// waits tells a person that what they asked for waits, and leads to it.
func (v *requestContext) waits(p changes.Pending) {
	const text = "Nothing has been changed yet: the approval policy requires a second person. An independent admin or owner must approve this by %s."
	v.setFlash("ok", fmt.Sprintf(text, p.ExpiresAt.Format("15:04 on 2 January (UTC)")))
	v.Redirect(http.StatusSeeOther, fmt.Sprintf("/changes/%d", p.ID))
}

func (s *Server) pendingView(v *requestContext, p changes.Pending) views.PendingChange {
	own := p.Actor.ID == v.member.ID
	view := views.PendingChange{
		ID: p.ID, Actor: p.Actor.Name, State: string(p.State), DecidedBy: p.DecidedBy, At: p.CreatedAt, Until: p.ExpiresAt, Own: own,
		CanDecide: !own && v.actor().May(access.ChangeApprove) && v.actor().May(p.Action),
		Entry:     views.AuditRow{Action: string(p.Action), Subject: string(p.Subject), SubjectName: s.subjectName(v, p.Subject), Detail: views.AuditDetail{}},
	}
	if json.Unmarshal(p.Detail, &view.Entry.Detail) != nil {
		view.Entry.Detail = views.AuditDetail{}
	}
	return view
}

// subjectName is what people call the site or the member, empty where it cannot be told.
func (s *Server) subjectName(v *requestContext, subject access.Subject) string {
	kind, text, _ := strings.Cut(string(subject), ":")
	var id int64
	if _, err := fmt.Sscan(text, &id); err != nil {
		return ""
	}
	switch kind {
	case "site":
		site, err := s.Registry.Site(v.Request.Context(), v.actor(), id)
		if err == nil {
			return site.Name
		}
	case "member":
		m, err := s.Roster.Member(v.Request.Context(), id)
		if err == nil {
			return m.Name
		}
	}
	return ""
}

func (s *Server) pendingChanges(v *requestContext) ([]views.PendingChange, error) {
	if !v.actor().May(access.ChangeRead) {
		return nil, nil
	}
	waiting, err := s.Changes.Waiting(v.Request.Context(), v.actor())
	all := make([]views.PendingChange, len(waiting))
	for i, p := range waiting {
		all[i] = s.pendingView(v, p)
	}
	return all, err
}

func (s *Server) changes(v *requestContext) error {
	all, err := s.pendingChanges(v)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, views.Changes(views.ChangesPage{Frame: v.frame("Changes waiting for approval", "home"), Changes: all}))
}

func (s *Server) pendingChange(v *requestContext) error { return s.showChange(v, "") }

func (s *Server) showChange(v *requestContext, link string) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	p, err := s.Changes.Pending(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	page := views.ChangePage{Frame: v.frame(fmt.Sprintf("Change %d", p.ID), "home"), Change: s.pendingView(v, p), Link: link}
	return v.render(http.StatusOK, views.ReviewChange(page))
}

func (s *Server) approveChange(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	p, err := s.Changes.Pending(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	link, err := s.Changes.Approve(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	if path := linkPath[p.Action]; path != "" {
		v.Header("Cache-Control", "no-store")
		return s.showChange(v, strings.TrimSuffix(s.PublicURL, "/")+path+link.Reveal())
	}
	v.setFlash("ok", "Approved. The change has been made.")
	return v.redirect(fmt.Sprintf("/changes/%d", id))
}

// linkPath is where the one-time link of an action leads.
var linkPath = map[access.Action]string{access.MemberReset: "/reset/", access.MemberInvite: "/join/"}

func (s *Server) declineChange(v *requestContext) error {
	return s.endChange(v, s.Changes.Decline, "Declined. Nothing was changed.")
}

func (s *Server) withdrawChange(v *requestContext) error {
	return s.endChange(v, s.Changes.Withdraw, "Withdrawn. Nothing was changed.")
}

func (s *Server) endChange(v *requestContext, end func(context.Context, access.Actor, int64) error, message string) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if err := end(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	v.setFlash("ok", message)
	return v.redirect(fmt.Sprintf("/changes/%d", id))
}
