package views

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"
)

// SiteRow is one line of the list of sites.
type SiteRow struct {
	ID            int64
	Name, Host    string
	Client        string
	Tags          []string
	State         string
	Finding       string
	SeenAt        time.Time // when State was last told, by a check or a run
	Cache         string
	Mode          string
	Environment   string
	Plugin        string
	CacheAt       time.Time // when the cache's state was last told
	LastOutcome   string    // empty when nothing was run there yet
	LastReason    string
	LastRun       int64
	Administrator bool
	CredentialAt  time.Time
	CredentialOld bool // older than the team's rule allows

	StateSince, CertificateEnds time.Time
	WordPress                   string
}

// unusualEnvironment is the environment of what is not a production site: most are, and a line has little room.
func (r SiteRow) unusualEnvironment() string {
	if r.Environment == "Production" {
		return ""
	}
	return r.Environment
}

// shownTags are as many as a line of the list holds, and at least one.
func (r SiteRow) shownTags() []string {
	const fits = 16 // letters
	letters := 0
	for i, tag := range r.Tags {
		if letters += len([]rune(tag)); letters > fits && i > 0 {
			return r.Tags[:i]
		}
	}
	return r.Tags
}

// Sites is the list of sites.
type Sites struct {
	Rows        []SiteRow
	Pages       Pages
	Query       string
	State       string
	Client      string
	Tag         string
	Credential  string // the days that a credential is older than
	Certificate string // the days within which a certificate ends
	Cache       string
	Plugin      string // its version
	WordPress   string // its version
	Sort        string
	Descending  bool
	States      []Chip
	Clients     []Chip
	Tags        []Chip
	Caches      []Chip
	Plugins     []Chip
	WordPresses []Chip
	Upkeep      []Chip
	Saved       []SavedView
	Checking    int  // sites that the reader's checks have still before them
	Any         bool // there are sites at all, whatever the filters
}

func (s Sites) filtered() bool {
	return s.Query != "" || slices.ContainsFunc(s.filters(), func(filter [2]string) bool { return filter[1] != "" })
}

// filters are the names and values of the filters, without the words.
func (s Sites) filters() [][2]string {
	return [][2]string{{"state", s.State}, {"client", s.Client}, {"tag", s.Tag}, {"credential", s.Credential}, {"certificate", s.Certificate}, {"cache", s.Cache},
		{"plugin", s.Plugin}, {"wordpress", s.WordPress}}
}

// here is the address of this page of the list.
func (s Sites) here() string { return s.Pages.href(s.Pages.Page) }

// sortHref is the address of the list sorted by the column, the other way round when it is already.
func (s Sites) sortHref(column string) string {
	query := url.Values{}
	for key, values := range s.Pages.Query {
		query[key] = values
	}
	query.Del("dir")
	if s.Sort == column && !s.Descending {
		query.Set("dir", "desc")
	}
	return with("/sites", query, "sort", column)
}

// dir keeps the direction when the list is searched again.
func (s Sites) dir() string {
	if s.Descending {
		return "desc"
	}
	return ""
}

// cacheInWords is the state of the cache where no heading says what it is.
func (r SiteRow) cacheInWords() string {
	if r.Cache == "" {
		return ""
	}
	return "cache " + strings.ToLower(r.Cache)
}

// siteColumns are the columns that need more than a phone, and the classes that hide them where there is no room.
var siteColumns = map[string]string{"client": "max-md:hidden", "cache": "max-md:hidden", "plugin": "max-lg:hidden", "last run": "max-lg:hidden",
	"credential": "max-xl:hidden", "certificate": "max-xl:hidden", "tags": "max-[85rem]:hidden", "wordpress": "max-[89rem]:hidden", "since": "max-2xl:hidden"}

// shownFrom is the class of a column. The one that is sorted by is hidden on a phone only.
func (s Sites) shownFrom(column string) string {
	if class := siteColumns[column]; class == "" || s.Sort != column {
		return class
	}
	return "max-md:hidden"
}

func (s Sites) ariaSort(column string) string {
	switch {
	case s.Sort != column:
		return "none"
	case s.Descending:
		return "descending"
	}
	return "ascending"
}

// SiteForm adds or edits a site.
type SiteForm struct {
	ID      int64 // 0 for a new one
	Name    string
	Fields  []Field
	Problem string
}

// CheckStep is one step of a check.
type CheckStep struct {
	Title, State, Finding, Fix string
	Screen                     AdminLink
	Reconnect                  bool // another credential may help
}

// SiteRun is a run that the site was in.
type SiteRun struct {
	Run, Target            int64
	Title, Outcome, Reason string
	At                     time.Time
}

// Site is one site's page.
type Site struct {
	ID                  int64
	Name, Home          string
	Client              string
	Tags                []string
	State               string
	Steps               []CheckStep
	CheckedAt, SeenAt   time.Time
	CachePlugins        string // by name, empty where none is known
	Cache, Mode         string
	Plugin, Environment string
	CacheAt             time.Time
	Retired             bool
	Root, Override      string
	Address             string
	RedirectsTo         string
	Username            string
	Roles               string
	Administrator       bool
	CredentialAt        time.Time
	CredentialBy        string
	CredentialOld       bool // older than the team's rule allows
	CredentialDays      int  // that rule
	Rotation            Rotation
	Health              Health
	WorkedAt            time.Time
	Runs                []SiteRun
	Entries             []AuditRow
	Credential          []Field // the form that replaces it
	ReauthenticateFirst bool    // a proof of who asks comes before the form
	ShowCredential      bool    // the form is open
	FromRun             int64   // the run that the reader came from to fix the site, 0 for none
}

// known tells whether any rung was climbed, by a check or by a run.
func (s Site) known() bool {
	for _, step := range s.Steps {
		if step.State != "not_tried" {
			return true
		}
	}
	return false
}

// Import is the import's form and, after it, its report.
type Import struct {
	Fields  []Field
	Problem string
	Report  []ImportLine
	Counts  map[string]int
	Done    bool
	Hidden  int // lines that are not in Report
	// Kept is how many bad lines of the last import can be downloaded, until KeptUntil.
	Kept      int
	KeptUntil time.Time
}

// ImportLine is what became of one line.
type ImportLine struct {
	Number              int
	URL, Result, Reason string
	SiteID              int64
}

// confirmCredential leads to the form that replaces the credential, by way of a proof of who asks.
func (s Site) confirmCredential() string {
	next := "/sites/" + id(s.ID) + "?credential=1"
	if s.FromRun != 0 {
		next += "&run=" + id(s.FromRun)
	}
	return "/confirm?next=" + url.QueryEscape(next)
}

// inWords names the states of chips as the list's rows do.
func inWords(states []Chip) []Chip {
	named := slices.Clone(states)
	slices.SortStableFunc(named, func(a, b Chip) int { return cmp.Compare(urgency(a.Label), urgency(b.Label)) })
	for i := range named {
		named[i].Label = badgeOf(named[i].Label).word
	}
	return named
}

// urgency is the place of a state in a list, the most troublesome first.
func urgency(state string) int {
	return slices.Index([]string{"broken", "warning", "unchecked", "ready", "retired"}, state)
}
