package web

import (
	"net/url"
	"strconv"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/views"
)

// place is a page that the palette finds by words.
type place struct {
	icon, title, href string
	right             access.Action
	words             string // by which it is found besides its title
}

// places are the pages beside those that the palette always shows.
var places = []place{
	{"table", "Saved operations", "/operations", access.RunStart, "library bookmarks"},
	{"plus", "New saved operation", "/operations/new", access.OperationSave, "save an operation create request"},
	{"download", "Export saved operations", "/operations/export", access.OperationSave, ""},
	{"list-checks", "Changes waiting for approval", "/changes", access.ChangeRead, "pending review second person"},
	{"plus", "Connect sites", "/connect", access.ConnectQueue, "add authorize wordpress"},
	{"waypoints", "Connect a multisite network", "/connect/network", access.SiteImport, "add wordpress"},
	{"upload", "Import from MainWP", "/connect/mainwp", access.SiteImport, "add connect list sites"},
	{"terminal", "Create application passwords over SSH", "/connect/wp-cli", access.SiteImport, "wp-cli script connect"},
	{"rotate-cw", "Rotate application passwords", "/rotation", access.SiteRotate, "credential renew old"},
	{"user-check", "Limited users", "/limited-users", access.SiteLimit, "administrator credential least privilege"},
	{"archive", "Retired sites", "/sites?state=retired", access.SiteRead, "archive deleted removed"},
	{"circle-x", "Broken sites", "/sites?state=broken", access.SiteRead, "failing"},
	{"triangle-alert", "Sites with a warning", "/sites?state=warning", access.SiteRead, ""},
	{"shield-check", "Sites by certificate expiry", "/sites?sort=certificate", access.SiteRead, "tls ssl https expires"},
	{"clock-alert", "Sites by age of credential", "/sites?sort=credential", access.SiteRead, "old application password"},
	{"triangle-alert", "Runs that need attention", "/runs?has=trouble", access.RunRead, "failed trouble"},
	{"shield-check", "Second factor", "/settings/second-factor", "", "second factor 2fa totp passkey recovery codes security settings"},
	{"key-round", "API tokens", "/settings/tokens", access.TokenMake, "api settings"},
	{"globe", "Site checks", "/settings/sites", access.SiteUpkeep, "schedule upkeep hours settings"},
	{"archive", "Retention", "/settings/retention", access.RetentionChange, "delete old answers keep days settings"},
	{"settings", "Change password", "/settings", "", "name active sessions sign out account settings"},
	{"users", "Invite a member", "/team", access.MemberInvite, "team people invitation"},
	{"user-check", "Require approval", "/team", access.RunPolicy, "policy second person confirm number of sites settings"},
	{"shield-check", "Verify the audit log", "/audit", access.AuditVerify, "hash checkpoint signature"},
	{"printer", "Print the audit log", "/audit/print", access.AuditExport, "drover paper report pdf"},
}

func (s *Server) foundPlaces(v *requestContext, words string) (found []views.Found) {
	for _, p := range places {
		if matchesAll(p.title+" "+p.words, words) && (p.right == "" || v.actor().May(p.right)) {
			found = append(found, views.Found{Kind: "Page", Icon: p.icon, Title: p.title, Href: p.href})
		}
	}
	return found
}

// foundMembers finds colleagues by their names and addresses.
func (s *Server) foundMembers(v *requestContext, words string) (found []views.Found, err error) {
	if !v.actor().May(access.MemberRead) {
		return nil, nil
	}
	present, err := s.Roster.Members(v.Request.Context(), v.actor())
	for _, m := range present {
		if matchesAll(m.Name+" "+m.Email, words) && len(found) < mostFound {
			found = append(found, views.Found{Kind: "Member", Icon: "users", Title: m.Name, Hint: m.Email, Href: "/team/" + strconv.FormatInt(m.ID, 10)})
		}
	}
	return found, err
}

// mostOfHelp is how many sections of the help the palette shows.
const mostOfHelp = 3

// foundHelp finds sections of the help, and leads to all that there are.
func foundHelp(_ *requestContext, words string) (found []views.Found, err error) {
	pages, err := helpPages()
	if err != nil {
		return nil, err
	}
	sections := searchHelp(pages, words)
	for _, s := range sections[:min(len(sections), mostOfHelp)] {
		found = append(found, views.Found{Kind: "Help", Icon: "circle-help", Title: s.Title, Hint: s.Page, Href: s.Href})
	}
	if more := len(sections) - mostOfHelp; more > 0 {
		found = append(found, views.Found{Kind: "Help", Icon: "search", Title: "Search help for “" + words + "”", Href: "/help?" + url.Values{"q": {words}}.Encode()})
	}
	return found, nil
}
