package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

func secondView(s members.SecondFactor) views.SecondFactor {
	page := views.SecondFactor{CodesLeft: s.CodesLeft, Required: s.Required}
	for _, f := range s.Factors {
		page.Factors = append(page.Factors, views.Factor{ID: f.ID, Kind: string(f.Kind), Name: f.Name, CreatedAt: f.CreatedAt, UsedAt: f.UsedAt})
	}
	return page
}

func (s *Server) secondFactor(v *requestContext) error {
	return s.showSecondFactor(v, http.StatusOK, views.SecondFactor{})
}

// showSecondFactor draws the page, with codes that were just made or a problem.
func (s *Server) showSecondFactor(v *requestContext, status int, extra views.SecondFactor) error {
	second, err := s.Roster.SecondFactor(v.Request.Context(), v.member.ID)
	if err != nil {
		return err
	}
	page := secondView(second)
	page.Codes, page.Problem, page.Name = extra.Codes, extra.Problem, extra.Name
	return v.render(status, views.SecondFactorPage(v.frame("Second factor", "settings"), page))
}

// added shows the recovery codes that came with the first factor, or says that another one was added.
func (s *Server) added(v *requestContext, codes []string) error {
	if len(codes) > 0 {
		return s.showSecondFactor(v, http.StatusOK, views.SecondFactor{Codes: codes})
	}
	v.setFlash("ok", "Added. You will need it the next time you sign in.")
	return v.redirect("/settings/second-factor")
}

func (s *Server) beginApp(v *requestContext) error {
	id, err := s.Roster.BeginTOTP(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	return v.redirect("/settings/second-factor/app/" + strconv.FormatInt(id, 10))
}

func (s *Server) appForm(v *requestContext) error {
	return s.showApp(v, http.StatusOK, validation.Problems{})
}

func (s *Server) showApp(v *requestContext, status int, p validation.Problems) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	enrolment, err := s.Roster.Enrolment(v.Request.Context(), v.member, id)
	if err != nil {
		return err
	}
	code, err := qrOf(enrolment.URI)
	if err != nil {
		return err
	}
	return v.render(status, views.AppPage(v.frame("Add an authenticator app", "settings"), views.AppForm{
		ID: id, Secret: enrolment.Secret.Reveal(), Code: code,
		Name:   views.Field{Name: "name", Label: "Name", Value: v.DefaultPostForm("name", "Phone"), Problem: p["name"], Complete: "off", Required: true},
		Number: views.Field{Name: "code", Label: "Code", Problem: p["code"], Complete: "one-time-code", Required: true, Mono: true},
	}))
}

// qrOf draws the text as a code to scan.
func qrOf(text vault.Secret) (views.QR, error) {
	drawn, err := qr.Encode(text.Reveal(), qr.M, qr.Auto)
	if err != nil {
		return nil, err
	}
	side := drawn.Bounds().Dx()
	code := make(views.QR, side)
	for y := range code {
		code[y] = make([]bool, side)
		for x := range code[y] {
			r, _, _, _ := drawn.At(x, y).RGBA()
			code[y][x] = r == 0
		}
	}
	return code, nil
}

func (s *Server) confirmApp(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	codes, err := s.Roster.ConfirmTOTP(v.Request.Context(), v.actor(), id, form.Get("name"), strings.ReplaceAll(form.Get("code"), " ", ""))
	if errors.Is(err, members.ErrCode) {
		return validation.Problems{"code": "This code is wrong or has expired. Check the app again, and check that your phone's clock is right."}
	}
	if err != nil {
		return err
	}
	return s.added(v, codes)
}

func (v *requestContext) json(text []byte) error {
	v.Data(http.StatusOK, "application/json", text)
	return nil
}

func (s *Server) beginPasskey(v *requestContext) error {
	options, err := s.Roster.BeginPasskey(v.Request.Context(), v.holder())
	if err != nil {
		return err
	}
	return v.json(options)
}

func (s *Server) addPasskey(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	codes, err := s.Roster.AddPasskey(v.Request.Context(), v.holder(), form.Get("name"), []byte(form.Get("credential")))
	problem := ""
	if p, is := errors.AsType[validation.Problems](err); is {
		problem = p.Sentences()
	} else if errors.Is(err, members.ErrPasskey) {
		problem = "This passkey could not be added. The page was open too long, or the passkey is already in use. Try again."
	}
	if problem != "" {
		return s.showSecondFactor(v, http.StatusUnprocessableEntity, views.SecondFactor{Problem: problem, Name: form.Get("name")})
	}
	if err != nil {
		return err
	}
	return s.added(v, codes)
}

func (s *Server) newCodes(v *requestContext) error {
	codes, err := s.Roster.NewRecoveryCodes(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	return s.showSecondFactor(v, http.StatusOK, views.SecondFactor{Codes: codes})
}

func (s *Server) renameFactor(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if _, err := v.form(); err != nil {
		return err
	}
	if err := s.Roster.RenameFactor(v.Request.Context(), v.actor(), id, v.PostForm("name")); err != nil {
		return err
	}
	v.setFlash("ok", "Name saved.")
	return v.redirect("/settings/second-factor")
}

func (s *Server) removeFactor(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if err := s.Roster.RemoveFactor(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	v.setFlash("ok", "Removed. You can no longer sign in with it.")
	return v.redirect("/settings/second-factor")
}

func (s *Server) requireFactor(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	required := form.Get("required") == "yes"
	if !required && form.Get("required") != "no" {
		return validation.Problems{"required": "Choose yes or no."}
	}
	if _, err := v.change(changes.Change{Action: access.SettingsChange, Required: required}); err != nil {
		return err
	}
	v.setFlash("ok", "Setting saved. It takes effect immediately.")
	return v.redirect("/team")
}

func (s *Server) secondStepForm(v *requestContext) error {
	if !v.session.SecondFactorPending {
		return v.redirect(next(v.Query("next")))
	}
	return s.showSecondStep(v, http.StatusOK, "")
}

func (s *Server) showSecondStep(v *requestContext, status int, problem string) error {
	page, err := s.stepPage(v, problem)
	if err != nil {
		return err
	}
	page.Title, page.Sentence, page.Action, page.Options = "One more step", "Your password is correct. Now use your second factor.", "/second-step",
		"/second-step/options"
	if to := next(v.Query("next")); to != "/" {
		page.Action += "?next=" + url.QueryEscape(to)
	}
	return v.render(status, views.SecondStepPage(page))
}

func (s *Server) passkeyOptions(v *requestContext) error {
	options, err := s.Roster.PasskeyOptions(v.Request.Context(), v.holder())
	if err != nil {
		return err
	}
	return v.json(options)
}

// secondStep takes a code or a passkey's answer, and gives the session its new token.
func (s *Server) secondStep(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if !v.session.SecondFactorPending {
		return v.redirect(next(v.Query("next")))
	}
	token, err := s.authenticateWith(v, form)
	if problem, status := notGiven(err); problem != "" {
		return s.showSecondStep(v, status, problem)
	}
	if err != nil {
		return err
	}
	if err := v.begin(token); err != nil {
		return err
	}
	return v.redirect(next(v.Query("next")))
}
