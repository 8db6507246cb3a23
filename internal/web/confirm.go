package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

// How old a proof of who somebody is may be: for what is done with it, and for a form that was opened with one and holds a password,
// which is not carried over.
const (
	freshFor     = 10 * time.Minute
	freshForForm = 30 * time.Minute
)

// freshness is when a route needs a proof of late.
type freshness struct {
	within time.Duration
	when   func(*Server, *visit) (bool, error) // nil: always
}

var (
	always = freshness{within: freshFor}
	opened = freshness{within: freshForForm} // holds a password: the form itself was asked for with a proof
)

// fresh names the routes that need a proof of late: what destroys, what changes who may do what, what changes where a password goes, and
// what takes much out of the house.
var fresh = map[string]freshness{
	"POST /runs": {freshFor, (*Server).destroys}, "POST /runs/:id/rerun": {freshFor, (*Server).destroysAgain}, "POST /runs/:id/approve": always, "POST /team/approval": always,

	"GET /sites/new": always, "POST /sites": opened, "GET /sites/import": always, "POST /sites/import": opened,
	"POST /sites/:id": always, "POST /sites/:id/credential": opened,

	"GET /runs/:id/export.csv": {freshFor, (*Server).takesMuch}, "GET /runs/:id/export.json": {freshFor, (*Server).takesMuch}, "GET /runs/:id/answers.csv": {freshFor, (*Server).takesMuch},
	"GET /runs/:id/answers.json": {freshFor, (*Server).takesMuch}, "GET /runs/:id/answers.jsonl": {freshFor, (*Server).takesMuch},

	"GET /audit/export.csv": always, "GET /audit/export.jsonl": always, "GET /audit/print": always,

	"POST /team/invite": always, "POST /team/:id/role": always, "POST /team/:id/access": always, "POST /settings/tokens": always, "POST /team/:id/reset": always, "POST /team/:id/remove": always, "POST /team/:id/sign-out": always, "POST /team/second-factor": always,

	"POST /settings/second-factor/app": always, "POST /settings/second-factor/passkey/options": always, "POST /settings/second-factor/passkey": opened,
	"POST /settings/second-factor/codes": always, "POST /settings/factors/:id/remove": always,
	"POST /settings/password": {freshForForm, (*Server).hasFactor}, "POST /settings/sessions/:id/revoke": always, "POST /sign-out-everywhere": always,
}

// unproved tells whether the route needs a proof that the session has not given of late.
func (s *Server) unproved(r route, v *visit) (bool, error) {
	need, named := fresh[r.method+" "+r.path]
	if !named || time.Since(v.session.FreshAt) <= need.within {
		return false, nil
	}
	if need.when == nil {
		return true, nil
	}
	return need.when(s, v)
}

func (s *Server) destroys(v *visit) (bool, error) {
	form, err := v.form()
	if err != nil {
		return false, err
	}
	return runs.EffectOf(specOf(form)) == operation.Destroy, nil
}

func (s *Server) destroysAgain(v *visit) (bool, error) {
	run, err := s.runOf(v)
	return run.Effect == operation.Destroy || runs.EffectOf(run.Spec) == operation.Destroy, err // what an older Drover stored may be less
}

// much is how many sites may leave the house in one file without a proof of late.
const much = 100

func (s *Server) takesMuch(v *visit) (bool, error) {
	run, err := s.runOf(v)
	return run.Total > much, err
}

// hasFactor tells whether the old password alone is too little to set another one.
func (s *Server) hasFactor(v *visit) (bool, error) {
	second, err := s.Roster.SecondFactor(v.Request.Context(), v.member.ID)
	return len(second.Factors) > 0, err
}

// Fields that are never carried over: they hold passwords.
var uncarried = []string{"application_password", "password", "old", "csv"}

// confirmFirst asks for a proof, and carries along what was sent: nothing that was typed is lost but passwords.
func (s *Server) confirmFirst(v *visit) error {
	path := v.Request.URL.RequestURI()
	switch {
	case v.Request.Method == http.MethodGet:
		v.lead("/confirm")
		return nil
	case v.FullPath() == "/settings/second-factor/passkey/options":
		return v.see("/confirm?next=/settings/second-factor") // asked by a script, which goes there
	case v.FullPath() == "/settings/password":
		v.say("problem", "Enter the passwords again. They were not kept while you confirmed your identity.")
		return v.see("/confirm?next=/settings")
	case strings.HasPrefix(v.ContentType(), "multipart/"):
		v.say("problem", "Choose the file again. The page was open too long, so the file was not kept.")
		return v.see("/confirm?next=" + url.QueryEscape(path))
	}
	form, err := v.form()
	if err != nil {
		return err
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

func (s *Server) confirmForm(v *visit) error {
	to := next(v.Query("next"))
	if time.Since(v.session.FreshAt) <= freshFor {
		return v.see(to)
	}
	return s.showConfirm(v, http.StatusOK, "/confirm?next="+url.QueryEscape(to), nil, "")
}

func (s *Server) showConfirm(v *visit, status int, action string, carried []views.Hidden, problem string) error {
	page, err := s.stepPage(v, problem)
	if err != nil {
		return err
	}
	slices.SortStableFunc(carried, func(a, b views.Hidden) int { return strings.Compare(a.Name, b.Name) })
	page.Title, page.Sentence, page.Action, page.Hidden = "Confirm your identity", "To continue, confirm your identity. Drover asks at most once every ten minutes. What you entered is kept.", action, carried
	if page.Provider.Href, err = s.elsewhere(v); err != nil {
		return err
	}
	page.Provider.Name = s.Roster.ProviderName()
	page.Options, page.Password = "/confirm/options", !page.Passkey && !page.Code
	return v.render(status, views.SecondStepPage(page))
}

// confirm takes the proof, and goes on to what was asked for: a page, or the form that was sent before, which the browser sends again
// (307) with everything in it.
func (s *Server) confirm(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if time.Since(v.session.FreshAt) <= freshFor { // sent twice
		return v.goOn()
	}
	token, err := s.given(v, form)
	if problem, status := notGiven(err); problem != "" {
		return s.confirmAgain(v, status, form, problem)
	}
	if err != nil {
		return err
	}
	v.remember(token)
	return v.goOn()
}

func (v *visit) goOn() error {
	if to := next(v.Query("to")); to != "/" {
		v.Redirect(http.StatusTemporaryRedirect, to)
		return nil
	}
	return v.see(next(v.Query("next")))
}

func (s *Server) confirmAgain(v *visit, status int, form url.Values, problem string) error {
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

// given takes whichever proof was sent. Who has a second factor cannot prove anything with the password alone.
func (s *Server) given(v *visit, form url.Values) (vault.Secret, error) {
	ctx := v.Request.Context()
	switch {
	case form.Get("proof_credential") != "":
		return s.Roster.GivePasskey(ctx, v.holder(), []byte(form.Get("proof_credential")))
	case form.Has("proof_password"):
		return s.Roster.GivePassword(ctx, v.holder(), vault.NewSecret(form.Get("proof_password")))
	}
	return s.Roster.GiveCode(ctx, v.holder(), form.Get("proof_code"))
}
