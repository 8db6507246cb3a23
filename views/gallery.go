package views

import (
	"net/url"
	"time"

	"github.com/a-h/templ"
)

// Component is a page that can be drawn.
type Component = templ.Component

// GalleryPage is a page in one of its states, drawn from fixtures.
type GalleryPage struct {
	Name, State string
	Component   Component
}

// Gallery is every page in every state.
func Gallery() []GalleryPage {
	var all []GalleryPage
	all = append(all, runsGallery()...)
	all = append(all, galleryJSON()...)
	all = append(all, galleryChanges()...)
	all = append(all, galleryHelp()...)
	all = append(all, galleryRetention()...)
	all = append(all, galleryRotation()...)
	all = append(all, galleryConnect()...)
	all = append(all, galleryRights()...)
	all = append(all, galleryLimits()...)
	all = append(all, sitesGallery()...)
	return append(all, peopleGallery()...)
}

func gallerySites(n int) []SiteRow {
	states := []string{"ready", "ready", "warning", "broken", "unchecked", "ready"}
	outcomes := []string{"ok", "ok", "skipped", "failed", "", "partial", "unknown"}
	rows := make([]SiteRow, n)
	for i := range rows {
		rows[i] = SiteRow{
			ID: int64(i + 1), Name: galleryNames(i), Host: "site-" + id(int64(i)) + ".a-rather-long-host-name-of-an-agency.example",
			Client: []string{"Acme", longName, "Nordwind", ""}[i%4],
			Tags:   [][]string{{"care-plan", "wpo"}, {"staging"}, nil, {"woocommerce", "care-plan", "vip", "blog"}}[i%4], State: states[i%6],
			Finding: "WordPress did not accept the credential.",
			Cache:   []string{"Enabled", "Disabled", ""}[i%3], Plugin: []string{"2.8.1", "2.7.4", ""}[i%3], LastOutcome: outcomes[i%7], LastRun: 88,
			SeenAt: time.Now().Add(-time.Duration(i) * time.Hour), CacheAt: time.Now().AddDate(0, 0, -i),
			Mode: []string{"Standard", "Performance+", ""}[i%3], Environment: []string{"Production", "Staging", ""}[i%3], Administrator: i%5 == 3,
			CredentialAt: time.Now().AddDate(0, 0, -i*3), CredentialOld: i > 30,
			StateSince: time.Now().AddDate(0, 0, -i*2), CertificateEnds: time.Now().AddDate(0, 0, 5+i*9), WordPress: []string{"6.9.2", "7.1", ""}[i%3],
		}
	}
	return rows
}

func sitesGallery() []GalleryPage {
	frame := galleryFrame("Sites", "sites", "admin")
	for _, right := range []string{"site.import", "site.check", "site.tag", "site.retire", "site.edit", "site.credential", "site.rotate"} {
		frame.Who.Can[right] = true
	}
	states := []Chip{{Label: "ready", Count: 4790, Href: "?"}, {Label: "broken", Count: 41, Href: "?", Chosen: true}}
	list := func(n, total int) Sites {
		return Sites{Rows: gallerySites(n), Any: true, States: states, Clients: []Chip{{Label: "Acme", Count: 12, Href: "?"}, {Label: longName, Count: 3, Href: "?"}},
			Tags: []Chip{{Label: "care-plan", Count: 380, Href: "?"}}, Sort: "name", Pages: Pages{Page: 1, Per: 50, Total: total, Path: "/sites", Query: url.Values{}}}
	}
	none := list(0, 0)
	none.Query = "no such site"
	site := Site{
		ID: 7, Name: longName, Home: "https://acme.example", Client: arabicName, Tags: []string{"care-plan"}, State: "broken", CheckedAt: time.Now().Add(-time.Hour),
		SeenAt: time.Now().Add(-time.Minute), CacheAt: time.Now().Add(-time.Minute), CachePlugins: "BigScoots Cache", Cache: "Disabled", Plugin: "2.8.1",
		Mode: "Standard", Environment: "Production", Username: "drover", Roles: "administrator",
		Administrator: true, CredentialAt: time.Now().AddDate(0, -3, 0), CredentialBy: "Mara", Root: "https://acme.example/index.php?rest_route=/",
		Address: "203.0.113.9", Override: "header", Health: galleryHealth(),
		Steps: []CheckStep{
			{Title: "Reach the site", State: "ok", Finding: "acme.example answers."},
			{Title: "Find the REST API", State: "ok", Finding: "The REST API is at https://acme.example/wp-json/."},
			{Title: "Sign in", State: "failed", Finding: "WordPress did not accept the credential for acme.example.", Fix: "Replace the credential.",
				Screen: AdminLink{"https://acme.example/wp-admin/profile.php#application-passwords-section", "the user's application passwords"}},
			{Title: "User permissions", State: "not_tried"},
		},
		Runs:    []SiteRun{{88, 1, "Clear the whole cache", "failed", "wrong password", time.Now().Add(-2 * time.Hour)}},
		Entries: galleryEntries()[:3],
		Credential: []Field{{Name: "username", Label: "WordPress username"},
			{Name: "application_password", Label: "Application password", Type: "password", Problem: "Paste the application password."}},
	}
	added := Site{ID: 8, Name: emojiName, Home: "https://new.example", State: "unchecked", Username: "drover", CredentialAt: time.Now()}
	form := SiteForm{Fields: []Field{{Name: "url", Label: "Site URL", Value: "acme example", Problem: "A URL cannot contain spaces, backslashes or line breaks."},
		{Name: "tags", Label: "Tags", Hint: "Separated by commas."}}}
	report := Import{Done: true, Counts: map[string]int{"added": 2, "bad": 1}, Fields: []Field{{Name: "csv", Label: "Or paste it here", Rows: 6}},
		Report: []ImportLine{{2, "https://acme.example", "added", "", 7},
			{3, "acme example", "bad", "url: A URL cannot contain spaces, backslashes or line breaks.", 0}}}
	viewer := galleryFrame("Sites", "sites", "viewer")
	return []GalleryPage{
		{"sites", "empty", SitesPage(frame, Sites{})}, {"sites", "empty, no permission", SitesPage(viewer, Sites{})}, {"sites", "one", SitesPage(frame, list(1, 1))},
		{"sites", "5,000", SitesPage(frame, list(50, 5000))}, {"sites", "no match", SitesPage(frame, none)},
		{"site", "broken", SitePage(frame, site)}, {"site", "not checked", SitePage(viewer, added)}, {"site form", "problem", SiteFormPage(frame, form)},
		{"import", "form", ImportPage(frame, Import{Fields: report.Fields})}, {"import", "report", ImportPage(frame, report)},
	}
}

func peopleGallery() []GalleryPage {
	frame := galleryFrame("Team", "team", "admin")
	own := galleryFrame("Settings", "settings", "admin")
	lost := galleryFrame("Problem", "", "admin")
	name := Field{Name: "name", Label: "Name", Complete: "name"}
	fields := []Field{{Name: "email", Label: "Email", Type: "email"},
		{Name: "password", Label: "Password", Type: "password", Problem: "This password is too short."}}
	roles := []Option{{"viewer", "viewer"}, {"operator", "operator"}, {"admin", "admin"}}
	teamMembers := []TeamMember{{ID: 1, Name: "Mara Lindqvist", Email: "mara@agency.example", Role: "admin", Self: true, JoinedAt: time.Now()},
		{ID: 2, Name: longName, Email: "someone-with-a-very-long-address@subdomain.agency.example", Role: "viewer", Roles: roles, Removable: true, Resettable: true,
			JoinedAt: time.Now().AddDate(-1, 0, 0)}}
	invite := []Field{{Name: "email", Label: "Email", Type: "email"}, {Name: "role", Label: "Role", Value: "operator", Options: roles}}
	settings := Settings{Name: []Field{{Name: "name", Label: "Name", Value: "Mara"}},
		Password: []Field{{Name: "old", Label: "Current password", Type: "password"}, {Name: "new", Label: "New password", Type: "password"}},
		Sessions: []Session{{ID: 1, Device: "Mozilla/5.0 (X11; Linux x86_64) Firefox/149.0", Addr: "203.0.113.7", LastSeenAt: time.Now(),
			CreatedAt: time.Now().AddDate(0, 0, -3), This: true}}}
	broken := Problem{500, "Something went wrong in Drover", "This is a fault in Drover, logged under the request ID below. Try again.", "X7K2M9PQ4R"}
	second := SecondFactor{CodesLeft: 7, Factors: []Factor{{1, "passkey", longName, time.Now().AddDate(0, -2, 0), time.Now()},
		{2, "totp", "Phone", time.Now(), time.Time{}}}}
	added := second
	added.Codes = []string{"abcd-efgh-2345-67ij", "klmn-opqr-stuv-wxyz"}
	app := AppForm{ID: 3, Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", Code: QR{{true, false, true}, {false, true, true}, {true, true, false}},
		Name:   Field{Name: "name", Label: "Name", Value: "Phone"},
		Number: Field{Name: "code", Label: "Code", Problem: "This code is wrong or has expired."}}
	step := SecondStep{Title: "One more step", Sentence: "Your password is correct. Now use your second factor.", Action: "/second-step", Passkey: true,
		Code: true, Problem: "This code is wrong or was already used."}
	settings.Second = second
	settings.Tokens = 2
	access := AccessForm{SomeSites: true, SomeOperations: true, Clients: []Pick{{"Acme", "Acme", true}, {longName, longName, false},
		{arabicName, arabicName, true}}, Tags: []Pick{{"care-plan", "care-plan", false}},
		Operations: []Pick{{"read", "All read-only operations", true}, {"clear-cache", "Clear the cache", true}, {"disable-cache", "Disable the cache", false}}}
	teamMembers[1].Access, teamMembers[1].HasPage = AccessSummary{Clients: []string{"Acme", longName}, Tags: []string{"care-plan"},
		Operations: []string{"clear cache"}}, true
	keys := []Token{{ID: 1, Name: "Deploy hook of acme.example", Role: "operator", Access: teamMembers[1].Access, ExpiresAt: time.Now().AddDate(0, 2, 0),
		UsedAt: time.Now().Add(-time.Hour), UsedFrom: "203.0.113.7"},
		{ID: 2, Name: longName, Role: "viewer", ExpiresAt: time.Now().AddDate(1, 0, 0)}}
	keyForm := []Field{{Name: "name", Label: "Name", Problem: "Enter a name."}, {Name: "role", Label: "Maximum role", Options: roles},
		{Name: "days", Label: "Expires after", Options: []Option{{"90", "90 days"}}}}
	none := access
	none.Problem = "Choose at least one client or tag, or all sites."
	return []GalleryPage{
		{"second factor", "none, required", SecondFactorPage(own, SecondFactor{Required: true})}, {"second factor", "some", SecondFactorPage(own, second)},
		{"second factor", "codes", SecondFactorPage(own, added)},
		{"second factor", "app", AppPage(own, app)}, {"sign in", "second step", SecondStepPage(step)},
		{"confirm", "password, with a form carried along", SecondStepPage(SecondStep{Title: "Confirm your identity",
			Sentence: "To disable cache on 229 sites, confirm your password. What you entered is kept.", Footnote: "Drover asks at most once every ten minutes.",
			Action:   "/confirm?to=/runs",
			Password: true, Hidden: []Hidden{{"all", "1"}}})}, {"sign in", "second step, app only", SecondStepPage(SecondStep{Title: "One more step",
			Action: "/second-step", Code: true})},
		{"member", "restricted access", Member(MemberPage{Frame: frame, Member: teamMembers[1], Access: access, Tokens: keys, MayEdit: true,
			Entries: galleryEntries()[:3]})},
		{"member", "problem", Member(MemberPage{Frame: frame, Member: teamMembers[1], Access: none, MayEdit: true})},
		{"member", "no right", Member(MemberPage{Frame: frame, Member: teamMembers[0]})},
		{"tokens", "none", TokensPage(own, Tokens{Form: keyForm, Access: AccessForm{Clients: access.Clients, Operations: access.Operations}})},
		{"tokens", "just made", TokensPage(own, Tokens{Tokens: keys, Form: keyForm, Access: access,
			Made: "drover_ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST", Server: "https://drover.agency.example"})},
		{"team", "approval required", TeamPage(frame, Team{Members: teamMembers,
			Policy: &Policy{Effects: []Pick{{"destroy", "Every destructive run", true}, {"change", "Every run that makes changes", false}}, Clients: access.Clients}})},
		{"team", "factor required", TeamPage(frame, Team{Members: teamMembers, MayRequire: true, FactorRequired: true,
			ConfirmAbove: Field{Name: "confirm_above", Label: "Sites", Value: "many", Problem: "Enter a number from 0 to 1,000,000."},
			Invitations:  []Invitation{{1, "new@agency.example", "operator", teamMembers[1].Access, time.Now().AddDate(0, 0, -2), time.Now().AddDate(0, 0, 5)}}})},
		{"sign in", "with a provider", SignIn(PublicForm{Action: "/sign-in", Fields: fields[:1], Provider: Provider{"Agency ID", "/sign-in/provider"}})},
		{"sign in", "problem", SignIn(PublicForm{Action: "/sign-in", Problem: "The email address or password is wrong.", Fields: fields})},
		{"set up", "problem", Setup(PublicForm{Action: "/setup/x", Fields: append([]Field{name}, fields...)})},
		{"join", "form", Join(PublicForm{Action: "/join/x", Role: "operator", Fields: []Field{name,
			{Name: "password", Label: "Password", Type: "password", Hint: "At least 12 characters."}}})}, {"enter", "from another page", Enter("/enter/x")},
		{"reset", "form", Reset(PublicForm{Action: "/reset/x", Fields: []Field{{Name: "password", Label: "New password", Type: "password"}}})},
		{"team", "reset", TeamPage(frame, Team{Members: teamMembers, Reset: "https://drover.agency.example/reset/ABCDEF", ResetOf: "someone@agency.example"})},
		{"link", "used", LinkUsed("It was already used, was replaced by a newer one, or has expired. Ask the person who sent it for a new one.")},
		{"team", "many", TeamPage(frame, Team{Members: teamMembers, Form: invite})}, {"team", "invited",
			TeamPage(frame, Team{Members: teamMembers, Form: invite, Invitation: "https://drover.agency.example/join/ABCDEF", Invited: "new@agency.example"})},
		{"team", "no right", TeamPage(galleryFrame("Team", "team", "viewer"), Team{Members: teamMembers[:1]})}, {"settings", "form", SettingsPage(own, settings)},
		{"error", "500", ProblemPage(lost, broken)}, {"error", "404, not signed in", ProblemBare(Problem{404, "Page not found", "The address may be wrong.", ""})},
	}
}
