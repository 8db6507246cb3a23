package views

import "time"

// SiteRights is what a site's credential may do, and the user that Drover can make with fewer rights.
type SiteRights struct {
	ID                   int64
	Name, Home, Username string
	Roles                string
	Administrator        bool
	Operations           []OperationRight // empty before they were asked for
	Fields               []Field
	Problem              string
	Limited              LimitedUser
}

// OperationRight is whether the credential can carry out a saved operation.
type OperationRight struct{ Name, Request, Right string }

var rightWords = map[string]string{"can": "Yes", "cannot": "No", "unknown": "Unknown"}

// galleryRights draws the rights of a credential.
func galleryRights() []GalleryPage {
	frame := galleryFrame("Rights", "sites", "admin")
	page := SiteRights{ID: 1, Name: "Acme", Home: "https://acme.example", Username: "mara", Roles: "administrator", Administrator: true,
		Fields: []Field{{Name: "username", Label: "Administrator's username"}, {Name: "application_password", Label: "Application password", Type: "password"}}}
	asked := page
	asked.Operations = []OperationRight{{"Clear cache", "PATCH /bigscoots-cache/v2/clear-cache", "can"}, {"Plugins and versions", "GET /wp/v2/plugins", "cannot"},
		{longName, "GET /wp/v2/posts/{{post}}", "unknown"}}
	asked.Limited = LimitedUser{State: "limited", Username: "drover7k2m9xqz", Role: "editor", AskedBy: "Mara", At: time.Now().Add(-time.Hour)}
	failed := page
	failed.Limited = LimitedUser{State: "left_behind", Username: "drover7k2m9xqz", Finding: "No role below administrator can clear the cache.",
		Fix: "The user drover7k2m9xqz may still exist on the site. Delete it there, under Users.", AskedBy: "Mara", At: time.Now()}
	interrupted := page
	interrupted.Limited = LimitedUser{State: "interrupted", Username: "drover7k2m9xqz", Begun: true, AskedBy: "Mara", At: time.Now()}
	return []GalleryPage{{"rights", "interrupted", RightsPage(frame, interrupted)},
		{"rights", "form", RightsPage(frame, page)}, {"rights", "asked", RightsPage(frame, asked)},
		{"rights", "left behind", RightsPage(frame, failed)}}
}
