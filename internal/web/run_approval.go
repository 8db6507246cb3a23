package web

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

func (s *Server) approveRun(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	err = s.Runner.Approve(v.Request.Context(), v.actor(), id, validation.ParseCount(form.Get("confirm")))
	if err != nil {
		return err
	}
	v.setFlash("ok", "Approved. The run is starting.")
	return v.redirect(fmt.Sprintf("/runs/%d", id))
}

func (s *Server) declineRun(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if err := s.Runner.Decline(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	v.setFlash("ok", "Declined. Nothing was sent.")
	return v.redirect(fmt.Sprintf("/runs/%d", id))
}

// policyForm is the form of the policy, for who may change it.
func (s *Server) policyForm(v *requestContext) (*views.Policy, error) {
	if !v.actor().May(access.RunPolicy) {
		return nil, nil
	}
	now, err := s.Runner.Policy(v.Request.Context())
	if err != nil {
		return nil, err
	}
	clients, err := s.Registry.Clients(v.Request.Context(), v.actor())
	if err != nil {
		return nil, err
	}
	form := &views.Policy{Effects: []views.Pick{{Value: string(operation.Destroy), Label: "Every destructive run"},
		{Value: string(operation.Change), Label: "Every run that makes changes"}}}
	var effects []string
	for _, e := range now.Effects {
		effects = append(effects, string(e))
	}
	for _, name := range clients {
		form.Clients = append(form.Clients, views.Pick{Value: name, Label: name})
	}
	form.Effects, form.Clients = picked(form.Effects, effects), picked(form.Clients, now.Clients)
	return form, nil
}

func (s *Server) changePolicy(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	p := runs.Policy{Clients: distinct(form["client"])}
	for _, e := range distinct(form["effect"]) {
		p.Effects = append(p.Effects, operation.Effect(e))
	}
	if _, err := v.change(changes.Change{Action: access.RunPolicy, Policy: p}); err != nil {
		return err
	}
	v.setFlash("ok", "Saved. This applies to every run started from now on.")
	return v.redirect("/team")
}

func (s *Server) changeConfirmAbove(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	n := validation.ParseCount(form.Get("confirm_above"))
	_, err = v.change(changes.Change{Action: access.SettingsChange, ConfirmAbove: &n})
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showTeam(v, http.StatusUnprocessableEntity, views.Team{}, p)
	}
	if err != nil {
		return err
	}
	v.setFlash("ok", fmt.Sprintf("Saved. Changes on more than %s are confirmed by their number.", countedSites(n)))
	return v.redirect("/team")
}
