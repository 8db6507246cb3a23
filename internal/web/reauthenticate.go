package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/views"
)

// How old an authentication may be: for what is done with it, and for a form that was opened with one and holds a password, which is not
// carried over.
const (
	recentFor     = 10 * time.Minute
	recentForForm = 30 * time.Minute
)

// recency is when a route needs recent authentication.
type recency struct {
	within time.Duration                                // 0: it needs none
	when   func(*Server, *requestContext) (bool, error) // nil: always
}

// recent is for what destroys, what changes who may do what or where a password goes, and what takes much out of Drover.
func recent(r *route) { r.recent = recency{within: recentFor} }

// recentForm is for a form that holds a password, which is not carried over: the form itself was opened with recent authentication.
func recentForm(r *route) { r.recent = recency{within: recentForForm} }

func recentWhen(when func(*Server, *requestContext) (bool, error)) option {
	return func(r *route) { r.recent = recency{recentFor, when} }
}

func recentFormWhen(when func(*Server, *requestContext) (bool, error)) option {
	return func(r *route) { r.recent = recency{recentForForm, when} }
}

// mustReauthenticate tells whether the route needs a more recent authentication than the session has.
func (s *Server) mustReauthenticate(r route, v *requestContext) (bool, error) {
	if r.recent.within == 0 || time.Since(v.session.ReauthenticatedAt) <= r.recent.within {
		return false, nil
	}
	if r.recent.when == nil {
		return true, nil
	}
	return r.recent.when(s, v)
}

func (s *Server) destroys(v *requestContext) (bool, error) {
	form, err := v.form()
	if err != nil {
		return false, err
	}
	effect, err := s.Runner.EffectOf(v.Request.Context(), specOf(form))
	return effect == operation.Destroy, err
}

func (s *Server) rerunDestroys(v *requestContext) (bool, error) {
	run, err := s.runOf(v)
	if err != nil || run.Effect == operation.Destroy {
		return true, err
	}
	effect, err := s.Runner.EffectOf(v.Request.Context(), run.Spec) // what was stored may be less
	return effect == operation.Destroy, err
}

// exportThreshold is how many sites may leave the house in one file without a proof of late.
const exportThreshold = 100

func (s *Server) exportsManySites(v *requestContext) (bool, error) {
	run, err := s.runOf(v)
	return run.Total > exportThreshold, err
}

// hasFactor tells whether the old password alone is too little to set another one.
func (s *Server) hasFactor(v *requestContext) (bool, error) {
	second, err := s.Roster.SecondFactor(v.Request.Context(), v.member.ID)
	return len(second.Factors) > 0, err
}

// Fields that are never carried over: they hold passwords.
var uncarried = []string{"application_password", "password", "old", "csv"}

// reauthenticateFirst asks for a proof, and carries along what was sent: nothing that was typed is lost but passwords.
func (s *Server) reauthenticateFirst(v *requestContext) error {
	path := v.Request.URL.RequestURI()
	switch {
	case v.Request.Method == http.MethodGet:
		v.redirectFirst("/confirm")
		return nil
	case v.FullPath() == "/settings/second-factor/passkey/options":
		return v.redirect("/confirm?next=/settings/second-factor") // asked by a script, which goes there
	case v.FullPath() == "/settings/password":
		v.setFlash("problem", "Enter the passwords again. They were not kept while you confirmed your identity.")
		return v.redirect("/confirm?next=/settings")
	case strings.HasPrefix(v.ContentType(), "multipart/"):
		v.setFlash("problem", "Choose the file again. The page was open too long, so the file was not kept.")
		return v.redirect("/confirm?next=" + url.QueryEscape(path))
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	if v.FullPath() == "/runs" {
		name, err := s.saveDraft(v, form)
		if err != nil {
			return err
		}
		return v.redirect("/confirm?next=" + url.QueryEscape(draftPath(name)+"&typed=1"))
	}
	var carried []views.Hidden
	for name, values := range form {
		if slices.Contains(uncarried, name) || strings.HasPrefix(name, "proof_") {
			continue
		}
		for _, value := range values {
			carried = append(carried, views.Hidden{Name: name, Value: value})
		}
	}
	return s.showConfirm(v, http.StatusOK, "/confirm?to="+url.QueryEscape(path), carried, "")
}

func (s *Server) confirmForm(v *requestContext) error {
	to := next(v.Query("next"))
	if time.Since(v.session.ReauthenticatedAt) <= recentFor {
		return v.redirect(to)
	}
	return s.showConfirm(v, http.StatusOK, "/confirm?next="+url.QueryEscape(to), nil, "")
}

func (s *Server) showConfirm(v *requestContext, status int, action string, carried []views.Hidden, problem string) error {
	page, err := s.stepPage(v, problem)
	if err != nil {
		return err
	}
	slices.SortStableFunc(carried, func(a, b views.Hidden) int { return strings.Compare(a.Name, b.Name) })
	page.Title, page.Action, page.Hidden = "Confirm your identity", action, carried
	if page.Provider.Href, err = s.providerHref(v); err != nil {
		return err
	}
	page.Provider.Name = s.Roster.ProviderName()
	page.Options, page.Password = "/confirm/options", !page.Passkey && !page.Code
	page.Sentence, page.Footnote = s.confirmSentence(v, page), "Drover asks at most once every ten minutes."
	return v.render(status, views.SecondStepPage(page))
}

// confirm takes the proof, and goes on to what was asked for: a page, or the form that was sent before, which the browser sends again
// (307) with everything in it.
func (s *Server) confirm(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if time.Since(v.session.ReauthenticatedAt) <= recentFor { // sent twice
		return v.continueTo()
	}
	token, err := s.authenticateWith(v, form)
	if problem, status := notGiven(err); problem != "" {
		return s.showConfirmProblem(v, status, form, problem)
	}
	if err != nil {
		return err
	}
	v.remember(token)
	return v.continueTo()
}

func (v *requestContext) continueTo() error {
	if to := next(v.Query("to")); to != "/" {
		v.Redirect(http.StatusTemporaryRedirect, to)
		return nil
	}
	return v.redirect(next(v.Query("next")))
}

func (s *Server) showConfirmProblem(v *requestContext, status int, form url.Values, problem string) error {
	var carried []views.Hidden
	for name, values := range form {
		for _, value := range values {
			if !strings.HasPrefix(name, "proof_") {
				carried = append(carried, views.Hidden{Name: name, Value: value})
			}
		}
	}
	return s.showConfirm(v, status, v.Request.URL.RequestURI(), carried, problem)
}
