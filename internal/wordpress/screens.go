package wordpress

import (
	"strings"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// Screen is a page of a site's wp-admin on which what is wrong can be put right.
type Screen struct {
	Path  string // below wp-admin/
	Label string
}

// URL is where the screen is on the site with that home.
func (s Screen) URL(home string) string { return home + "/wp-admin/" + s.Path }

// The screens.
var (
	screenProfile    = Screen{"profile.php#application-passwords-section", "the user's application passwords"}
	screenPlugins    = Screen{"plugins.php", "the site's plugins"}
	screenPermalinks = Screen{"options-permalink.php", "Settings → Permalinks"}
	screenGeneral    = Screen{"options-general.php", "Settings → General"}
	screenHealth     = Screen{"site-health.php", "Site Health"}
	screenUpdates    = Screen{"update-core.php", "the site's updates"}
	screenCache      = Screen{cacheplugin.BigScoots.Settings, cacheplugin.BigScoots.Name + "'s settings"}
)

// screensByCode are the screens for what stands in a code, before those by reason.
var screensByCode = []struct {
	part   string
	screen Screen
}{
	{"application_passwords_disabled", screenPlugins}, {"application_password", screenProfile}, {"jwt", screenPlugins}, {"itsec", screenPlugins},
	{"two_factor", screenProfile},
	{"rest_cannot_access", screenPlugins}, {"login_required", screenPlugins}, {"cache_disabled", screenCache}, {"plugin_misconfigured", screenCache},
	{"opcache", Screen{}},
}

var screensByReason = map[Reason]Screen{
	ReasonBadCredential: screenProfile, ReasonNotAuthenticated: screenProfile, ReasonForbidden: screenCache, ReasonNoRoute: screenPlugins,
	ReasonProtected:  screenPlugins,
	ReasonRedirected: screenGeneral, ReasonOtherSite: screenGeneral, ReasonMaintenance: screenUpdates, ReasonSiteError: screenHealth,
	ReasonNotJSON: screenPermalinks, ReasonBlocked: screenPlugins,
}

// ScreenFor returns the screen on which to put right what a run found at the URL; there is none for what lies outside WordPress.
func ScreenFor(r Reason, code, url string) (Screen, bool) {
	s, is := screenFor(r, code)
	if p, known := cacheplugin.OfURL(url); known && s == screenCache {
		s = Screen{p.Settings, p.Name + "'s settings"}
	}
	return s, is
}

func screenFor(r Reason, code string) (Screen, bool) {
	for _, each := range screensByCode {
		if strings.Contains(code, each.part) {
			return each.screen, each.screen.Path != ""
		}
	}
	s, is := screensByReason[r]
	return s, is
}

// ScreenForStep returns the screen on which to put right what a check found in one of its steps.
func ScreenForStep(step string) (Screen, bool) {
	s, is := map[string]Screen{
		StepRoot: screenPermalinks, StepApplicationPasswords: screenPlugins, StepCredential: screenProfile, StepCapabilities: screenCache,
		StepNamespaces: screenPlugins, StepStatus: screenCache,
	}[step]
	return s, is
}
