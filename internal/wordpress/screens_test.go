package wordpress

import (
	"testing"

	"github.com/droverhq/drover/internal/cacheplugin"
)

func TestScreens(t *testing.T) {
	for _, c := range []struct {
		reason Reason
		code   string
		want   string // empty: none
	}{
		{ReasonBadCredential, "incorrect_password", "profile.php#application-passwords-section"}, {ReasonNotAuthenticated, "jwt_auth_bad_auth_header", "plugins.php"},
		{ReasonNotAuthenticated, "application_passwords_disabled_for_user", "plugins.php"},
		{ReasonBadCredential, "application_password_expired", "profile.php#application-passwords-section"},
		{ReasonNotApplicable, "page_cache_disabled", cacheplugin.BigScoots.Settings}, {ReasonNotApplicable, "opcache_not_loaded", ""},
		{ReasonNotJSON, "", "options-permalink.php"}, {ReasonTLS, "", ""}, {ReasonSuspended, "", ""},
	} {
		if s, is := ScreenFor(c.reason, c.code, ""); s.Path != c.want || is != (c.want != "") {
			t.Errorf("%s %s: %+v", c.reason, c.code, s)
		}
	}
	if s, is := ScreenForStep(StepCredential); !is || s.URL("https://acme.example") != "https://acme.example/wp-admin/profile.php#application-passwords-section" {
		t.Errorf("%+v", s)
	}
	if _, is := ScreenForStep(StepHomePage); is {
		t.Error("wp-admin mends no connection")
	}
}

func TestTheScreenOfTheRequestedPlugin(t *testing.T) {
	for _, p := range cacheplugin.All() {
		if s, is := ScreenFor(ReasonForbidden, "rest_forbidden", "https://acme.example/wp-json"+p.Clear.Path); !is || s.Path != p.Settings {
			t.Errorf("%s: %+v", p.Name, s)
		}
	}
}
