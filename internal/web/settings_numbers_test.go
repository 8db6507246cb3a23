package web_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
)

// A number that a setting cannot be stands where it was typed, marked, with what to enter. One with separators is the number that people mean.
func TestNumbersInSettings(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	retention := url.Values{"answers": {"90"}, "attempts": {"180"}, "targets": {"0"}}
	for name, each := range map[string]struct {
		path, field string
		others      url.Values
		page        string
	}{
		"confirmation": {"/team/confirmation", "confirm_above", url.Values{}, "/team"},
		"retention":    {"/settings/retention", "targets", retention, "/settings/retention"},
		"checks":       {"/settings/sites", "credential_days", url.Values{"check_hours": {"24"}}, "/settings/sites"},
	} {
		post := func(value string) (int, string) {
			form := maps.Clone(each.others)
			form.Set(each.field, value)
			return p.post(each.path, form)
		}
		input := regexp.MustCompile(`<input[^>]*name="` + each.field + `"[^>]*>`)
		for _, bad := range []string{"many", "-5", "1.5", "999999999"} {
			status, page := post(bad)
			if field := input.FindString(page); status != http.StatusUnprocessableEntity || !strings.Contains(field, `value="`+bad+`"`) ||
				!strings.Contains(field, "aria-invalid") {
				t.Errorf("%s %q: %d, %s", name, bad, status, field)
			}
		}
		if status, to := post("1,200"); status != http.StatusSeeOther {
			t.Errorf("%s 1,200: %d %.200s", name, status, to)
		}
		_, page := p.get(each.page)
		if field := input.FindString(page); !strings.Contains(strings.ReplaceAll(field, ",", ""), `value="1200"`) {
			t.Errorf("%s: after 1,200 the field is %s", name, field)
		}
	}
}

// A number of days that no duration holds is too long, and not what is left of it.
func TestATokenForTooManyDays(t *testing.T) {
	t.Parallel()
	p := newTestServer(t).signIn(t, access.Admin)
	for _, days := range []string{"213,504", "999,999,999,999", "367"} {
		status, page := p.post("/settings/tokens", url.Values{"name": {"deploy"}, "role": {"viewer"}, "days": {days}})
		if status != http.StatusUnprocessableEntity || !strings.Contains(page, "between 1 day and 1 year") {
			t.Errorf("%s days: %d", days, status)
		}
	}
}
