package web

import (
	"cmp"
	"net/url"
	"regexp"
	"unicode"

	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/views"
)

// purposes say what a request would do, by its path, as it goes on from "To …". The first that matches counts.
var purposes = []struct {
	path *regexp.Regexp
	text string
}{
	{regexp.MustCompile(`^/sites(/new)?$`), "add a site"},
	{regexp.MustCompile(`^/sites/import`), "import sites"},
	{regexp.MustCompile(`^/sites/limit$`), "create limited users"},
	{regexp.MustCompile(`^/sites/\d+/credential$`), "replace a site's credential"},
	{regexp.MustCompile(`^/sites/\d+/url$`), "change a site's URL"},
	{regexp.MustCompile(`^/sites/\d+`), "edit a site"},
	{regexp.MustCompile(`^/runs/\d+/approve$`), "approve this run"},
	{regexp.MustCompile(`^/runs/\d+/redirects$`), "use the new site URLs"},
	{regexp.MustCompile(`^/runs/\d+/(export|answers|report)`), "export the results of this run"},
	{regexp.MustCompile(`^/runs/\d+/rerun$`), "rerun this operation"},
	{regexp.MustCompile(`^/changes/\d+/approve$`), "approve this change"},
	{regexp.MustCompile(`^/audit/`), "export the audit log"},
	{regexp.MustCompile(`^/team/second-factor$`), "change who needs a second factor"},
	{regexp.MustCompile(`^/team/confirmation$`), "change when changes are confirmed"},
	{regexp.MustCompile(`^/team/approval$`), "change which runs require approval"},
	{regexp.MustCompile(`^/team/\d+/role$`), "change a member's role"},
	{regexp.MustCompile(`^/team/\d+/access$`), "change a member's access"},
	{regexp.MustCompile(`^/team/\d+/reset$`), "reset a member's password"},
	{regexp.MustCompile(`^/team/\d+/sign-out$`), "sign out a member everywhere"},
	{regexp.MustCompile(`^/team/\d+/remove$`), "remove a member"},
	{regexp.MustCompile(`^/settings/(second-factor|factors)`), "change your second factor"},
	{regexp.MustCompile(`^/settings/tokens$`), "create an API token"},
	{regexp.MustCompile(`^/settings/sessions/`), "sign out another session"},
	{regexp.MustCompile(`^/settings`), "change your account"},
	{regexp.MustCompile(`^/sign-out-everywhere$`), "sign out everywhere"},
}

// purposeOf is what the person is about to do: with a run, on how many sites. Empty where it cannot be said in short.
func (s *Server) purposeOf(v *requestContext, address string, form url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	switch {
	case u.Path == "/runs" && form.Get("operation") != "":
		return s.runPurpose(v, specOf(form))
	case u.Path == "/runs/new":
		if d, err := s.openDraft(v, u.Query().Get("draft")); err == nil {
			return s.runPurpose(v, specOf(d.form))
		}
	case u.Path == "/team/invite" && form.Get("email") != "":
		return "invite " + form.Get("email")
	}
	for _, p := range purposes {
		if p.path.MatchString(u.Path) {
			return p.text
		}
	}
	return ""
}

func (s *Server) runPurpose(v *requestContext, spec runs.Spec) string {
	preview, err := s.Runner.Preview(v.Request.Context(), v.actor(), spec)
	if err != nil {
		return "start this run" // what is wrong with it is said by the page that comes next
	}
	return midSentence(preview.Title) + " on " + countedSites(preview.Total)
}

// midSentence is a title inside a sentence; one that begins with capitals, such as DELETE, stays.
func midSentence(title string) string {
	letters := []rune(title)
	if len(letters) > 1 && unicode.IsLower(letters[1]) {
		letters[0] = unicode.ToLower(letters[0])
	}
	return string(letters)
}

// confirmSentence asks for what the member has to confirm with, and says what for.
func (s *Server) confirmSentence(v *requestContext, page views.SecondStep) string {
	what := "your identity"
	if page.Password {
		what = "your password"
	}
	form := url.Values{}
	for _, h := range page.Hidden {
		form.Add(h.Name, h.Value)
	}
	action, err := url.Parse(page.Action)
	if err != nil {
		return "Confirm " + what + " to continue."
	}
	purpose := s.purposeOf(v, cmp.Or(action.Query().Get("to"), action.Query().Get("next")), form)
	kept := ""
	if len(page.Hidden) > 0 {
		kept = " What you entered is kept."
	}
	return "To " + cmp.Or(purpose, "continue") + ", confirm " + what + "." + kept
}
