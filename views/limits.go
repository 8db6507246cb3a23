package views

import "time"

// LimitForm asks with which administrators' credentials limited users are created on several sites.
type LimitForm struct {
	Count, Administrators int // sites, and those of them whose stored credential belongs to an administrator
	Rows                  []LimitSite
	Selection             [][2]string // what chose the sites, as hidden fields
	Way                   string
	Fields                []Field
	Table                 Field
	Unused                []ImportLine // lines of the table that cannot be used
	Problem               string
}

// LimitSite is a site on which a limited user is to be created.
type LimitSite struct {
	ID                          int64
	Name, Host, Username, Roles string
	Administrator               bool
}

// way is the one that is chosen: the likeliest before anybody chose.
func (f LimitForm) way() string {
	switch {
	case f.Way != "":
		return f.Way
	case f.Administrators == f.Count:
		return "stored"
	}
	return ""
}

// LimitedUser is what became of a user that Drover creates on a site.
type LimitedUser struct {
	SiteID                       int64
	Name, Home, Host, Client     string
	State                        string // empty: none was created; limit_waiting, limiting, limit_checking, interrupted, limited, not_limited, left_behind
	Username, Role, Finding, Fix string
	AskedBy                      string
	At                           time.Time
	Begun                        bool     // the user may exist on the site
	May                          []string // the saved operations that the new credential can run
	Asked                        int      // saved operations that it was asked about
}

// usersURL is where users are deleted.
func (u LimitedUser) usersURL() string { return u.Home + "/wp-admin/users.php" }

// OperationCount is on how many sites a saved operation can be run with the new credentials.
type OperationCount struct {
	Name, Request        string
	Can, Cannot, Unknown int
}

// LimitedUsersPage is the list of limited users.
type LimitedUsersPage struct {
	Rows       []LimitedUser
	Pages      Pages
	Counts     map[string]int // by state
	Operations []OperationCount
	Again      []int64 // sites to try once more
}

func (p LimitedUsersPage) underWay() int {
	return p.Counts["limit_waiting"] + p.Counts["limiting"] + p.Counts["limit_checking"]
}

func (p LimitedUsersPage) bar() Bar {
	return Bar{OK: p.Counts["limited"], Partial: p.Counts["left_behind"] + p.Counts["interrupted"], Failed: p.Counts["not_limited"], Rest: p.underWay()}
}

// galleryLimits draws the creation of limited users.
func galleryLimits() []GalleryPage {
	frame := galleryFrame("Limited users", "sites", "admin")
	frame.Who.Can["site.limit"] = true
	form := LimitForm{Count: 3, Administrators: 2, Selection: [][2]string{{"site", "1"}}, Rows: []LimitSite{
		{1, "Acme", "acme.example", "mara", "administrator", true}, {2, longName, "shop.example", "drover", "editor", false}},
		Fields: []Field{{Name: "username", Label: "Administrator's username"}, {Name: "application_password", Label: "Application password", Type: "password"}},
		Table:  Field{Name: "table", Label: "Or paste it here", Rows: 6, Mono: true}}
	wrong := form
	wrong.Way, wrong.Table.Problem = "table", "2 of the lines cannot be used. Nothing was started. Correct or remove them, and enter the table again."
	wrong.Unused = []ImportLine{{Number: 2, URL: "https://other.example", Reason: "This site is not among the selected sites."},
		{Number: 3, URL: longName, Reason: "Enter a username."}}
	row := func(id int64, name, state, finding, fix string) LimitedUser {
		return LimitedUser{SiteID: id, Name: name, Home: "https://acme.example", Host: "acme.example", Client: "Acme", State: state, Username: "drover7k2m9xqz",
			Role: "editor", Finding: finding, Fix: fix, AskedBy: "Mara", At: time.Now().Add(-time.Minute), Begun: state == "interrupted"}
	}
	done := row(4, emojiName, "limited", "", "")
	done.May, done.Asked = []string{"Clear the cache of BigScoots Cache", longName}, 3
	rows := []LimitedUser{row(1, "Acme", "left_behind", "No role below administrator can clear the cache.",
		"The user drover7k2m9xqz may still exist on the site."),
		row(2, longName, "interrupted", "", ""), row(3, arabicName, "not_limited", "WordPress did not accept the username or the application password.", ""), done,
		row(5, "Nordwind", "limiting", "", "")}
	return []GalleryPage{
		{"limited users", "form", LimitFormPage(frame, form)}, {"limited users", "problem", LimitFormPage(frame, wrong)},
		{"limited users", "empty", LimitedUsers(frame, LimitedUsersPage{Pages: Pages{Page: 1, Per: 50, Path: "/limited-users"}})},
		{"limited users", "some of each", LimitedUsers(frame, LimitedUsersPage{Rows: rows, Again: []int64{1, 2, 3}, Operations: []OperationCount{
			{"Clear the cache of BigScoots Cache", "PATCH /bigscoots-cache/v2/clear-cache", 1, 0, 0}, {longName, "GET /wp/v2/plugins", 0, 1, 0}},
			Counts: map[string]int{"left_behind": 1, "interrupted": 1, "not_limited": 1, "limited": 1, "limiting": 1},
			Pages:  Pages{Page: 1, Per: 50, Total: len(rows), Path: "/limited-users"}})},
	}
}
