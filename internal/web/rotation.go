package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

// lookAtRotation finds out which of the chosen sites' passwords can be rotated, before anything is changed.
func (s *Server) lookAtRotation(v *requestContext) error {
	found, err := s.chosen(v)
	if err != nil {
		return err
	}
	if err := s.Registry.LookAtRotation(v.Request.Context(), v.actor(), idsOf(found)...); err != nil {
		return err
	}
	s.rotateBehind()
	return v.redirect("/rotation")
}

// rotateBehind works the rotations that are due, beside what else is done.
func (s *Server) rotateBehind() {
	s.checks.Go(func() {
		if err := s.Registry.WorkRotations(s.running); err != nil && s.running.Err() == nil {
			s.Logger.Error("rotating application passwords failed", "err", err)
		}
	})
}

// rotation shows what becomes of the rotations.
func (s *Server) rotation(v *requestContext) error {
	all, err := s.Registry.Rotations(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	upkeep, err := s.Registry.Upkeep(v.Request.Context())
	if err != nil {
		return err
	}
	page := views.RotationPage{Days: upkeep.CredentialDays, Counts: map[string]int{}}
	for _, one := range all {
		row := rotationView(one)
		page.Counts[row.State]++
		if one.Step.UnderWay() {
			page.UnderWay++
		}
		if row.Reconnect {
			page.Reconnect = append(page.Reconnect, one.Site.ID)
		}
		page.Rows = append(page.Rows, row)
	}
	page.Pages = views.Pages{Page: v.page(), Per: perPage, Total: len(page.Rows), Path: "/rotation"}
	from := min((v.page()-1)*perPage, len(page.Rows))
	page.Rows = page.Rows[from:min(from+perPage, len(page.Rows))]
	return v.render(http.StatusOK, views.Rotations(v.frame("Rotate application passwords", "sites"), page))
}

// rotationStates are the steps as the pages tell them apart.
var rotationStates = map[sites.RotationStep]string{
	sites.RotationLooking: "checking", sites.RotationReady: "can_rotate", sites.RotationBlocked: "cannot_rotate", sites.RotationWaiting: "rotating",
	sites.RotationCreating: "rotating", sites.RotationCreated: "rotating", sites.RotationSwapped: "revoking", sites.RotationDone: "rotated",
	sites.RotationFailed: "not_rotated", sites.RotationUnrevoked: "unrevoked",
}

func rotationView(r sites.Rotation) views.Rotation {
	view := views.Rotation{SiteID: r.Site.ID, Name: r.Site.Name, Home: r.Site.Home, Host: r.Site.Host, Client: r.Site.Client, Username: r.Site.Credential.Username,
		CredentialAt: r.Site.Credential.CreatedAt, State: rotationStates[r.Step], Finding: r.Finding, Fix: r.Fix, AskedBy: r.AskedBy, At: r.AskedAt,
		Reconnect: r.Reconnect() && !r.Step.UnderWay()}
	if !r.EndedAt.IsZero() {
		view.At = r.EndedAt
	}
	if r.Step.UnderWay() && r.Attempts > 0 {
		view.NextAt = r.NextAt
	}
	return view
}

// startRotation rotates all that were found to be ready.
func (s *Server) startRotation(v *requestContext) error {
	all, err := s.Registry.Rotations(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	var ids []int64
	for _, one := range all {
		if one.Step == sites.RotationReady {
			ids = append(ids, one.Site.ID)
		}
	}
	if len(ids) == 0 {
		return validation.Problems{"site": "No application password is ready to be rotated. Go back and select sites."}
	}
	if _, err := v.change(changes.Change{Action: access.SiteRotate, Sites: ids}); err != nil {
		return err
	}
	s.rotateBehind()
	v.setFlash("ok", fmt.Sprintf("Rotating %s. You can leave this page.", countedPasswords(len(ids))))
	return v.redirect("/rotation")
}

func countedPasswords(n int) string {
	if n == 1 {
		return "1 application password"
	}
	return strconv.Itoa(n) + " application passwords"
}

// clearRotation takes what is over off the list.
func (s *Server) clearRotation(v *requestContext) error {
	if err := s.Registry.ClearRotations(v.Request.Context(), v.actor()); err != nil {
		return err
	}
	return v.redirect("/rotation")
}

// rotateSite rotates one site's password, for all sites that share it.
func (s *Server) rotateSite(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	ids, err := s.Registry.WithSamePassword(v.Request.Context(), v.actor(), site.ID)
	if err != nil {
		return err
	}
	if _, err := v.change(changes.Change{Action: access.SiteRotate, Sites: ids}); err != nil {
		return err
	}
	s.rotateBehind()
	return v.redirect(fmt.Sprintf("/sites/%d#credential-state", site.ID))
}

// upkeep is the form of what the team wants to know of its sites without asking.
func (s *Server) upkeep(v *requestContext) error {
	u, err := s.Registry.Upkeep(v.Request.Context())
	if err != nil {
		return err
	}
	return s.showUpkeep(v, http.StatusOK, upkeepFields(u, nil))
}

func upkeepFields(u sites.Upkeep, p validation.Problems) []views.Field {
	return []views.Field{
		{Name: "check_hours", Label: "Check each site every (hours)", Type: "number", Value: strconv.Itoa(u.CheckHours), Problem: p["check_hours"], Required: true,
			Hint: "Checks are spread evenly over time. Broken sites are checked more often at first. 0 turns scheduled checks off."},
		{Name: "credential_days", Label: "Application passwords are old after (days)", Type: "number", Value: strconv.Itoa(u.CredentialDays),
			Problem: p["credential_days"], Required: true, Hint: "The site list marks old passwords and can filter by them. 0 means never."},
	}
}

func (s *Server) showUpkeep(v *requestContext, status int, fields []views.Field) error {
	return v.render(status, views.UpkeepSettings(v.frame("Site checks", "settings"), fields))
}

func (s *Server) changeUpkeep(v *requestContext) error {
	u, err := s.Registry.Upkeep(v.Request.Context())
	if err != nil {
		return err
	}
	problems := validation.Problems{}
	for name, value := range map[string]*int{"check_hours": &u.CheckHours, "credential_days": &u.CredentialDays} {
		n := validation.ParseCount(v.PostForm(name))
		if n < 0 {
			problems[name] = "Enter a whole number."
		}
		*value = n
	}
	if len(problems) == 0 {
		err = s.Registry.SetUpkeep(v.Request.Context(), v.actor(), u)
	}
	if p, is := errors.AsType[validation.Problems](err); is {
		problems = p
	} else if err != nil {
		return err
	}
	if len(problems) > 0 {
		fields := upkeepFields(u, problems)
		for i := range fields {
			fields[i].Value = v.PostForm(fields[i].Name)
		}
		return s.showUpkeep(v, http.StatusUnprocessableEntity, fields)
	}
	v.setFlash("ok", "Saved.")
	return v.redirect("/settings/sites")
}

// certificateDays is how long before a certificate's end the list offers to filter by it.
const certificateDays = 30

// upkeepChips are the filters by what the team watches, each with how many of the sites that the other filters leave.
func (s *Server) upkeepChips(v *requestContext, upkeep sites.Upkeep) ([]views.Chip, error) {
	var chips []views.Chip
	for _, each := range []struct {
		name, label string
		days        int
	}{
		{"credential", "Credential older than %s days", upkeep.CredentialDays}, {"certificate", "Certificate expires within %s days", certificateDays},
	} {
		if each.days == 0 {
			continue
		}
		query := siteQuery(v)
		chosen := query.Get(each.name) != ""
		query.Set(each.name, cmp.Or(query.Get(each.name), strconv.Itoa(each.days)))
		n, err := s.Registry.Count(v.Request.Context(), v.actor(), siteFilter(query))
		if err != nil {
			return nil, err
		}
		if n == 0 && !chosen {
			continue
		}
		chip := views.Chip{Label: fmt.Sprintf(each.label, query.Get(each.name)), Count: int(n), Chosen: chosen}
		if chosen {
			query.Del(each.name)
		}
		chip.Href = "/sites?" + query.Encode()
		chips = append(chips, chip)
	}
	return chips, nil
}
