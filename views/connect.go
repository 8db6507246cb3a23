package views

import (
	"net/url"
	"strings"
	"time"
)

// ConnectForm is the form that takes addresses into the queue.
type ConnectForm struct {
	Addresses, Client, Tags string
	Clients                 []string
	Problems                map[string]string
}

// Connection is one site that is to be connected.
type Connection struct {
	ID                         int64
	Address, Home, Name        string
	Client                     string
	Tags                       []string
	State                      string // looking, ready, attention, skipped, connected
	Obstacle, Finding, Fix     string
	SiteID                     int64 // of the site in the list, where this member may see it
	SiteState, SiteFinding     string
	Username                   string
	Replaces                   bool
	Approval, Plugins, Root    string
	AddedBy, TakenBy           string // TakenBy is somebody else
	AddedAt, LookedAt, TakenAt time.Time
}

// Title is what the site is called, or its address.
func (c Connection) Title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Host()
}

// Host is the address without its scheme.
func (c Connection) Host() string {
	if _, host, found := strings.Cut(c.Home, "://"); found {
		return host
	}
	return c.Home
}

// cachePlugins are the names of the cache plugins, for reading.
func (c Connection) cachePlugins() string {
	if c.Plugins == "none" {
		return "No supported plugin found"
	}
	return strings.ReplaceAll(c.Plugins, ",", ", ")
}

// taken tells whether somebody else is at it right now.
func (c Connection) taken() bool { return c.TakenBy != "" && time.Since(c.TakenAt) < 10*time.Minute }

// ConnectProgress is how far the queue has come.
type ConnectProgress struct{ Ready, Attention, Looking, Skipped, Connected int }

func (p ConnectProgress) total() int { return p.Ready + p.Attention + p.Looking + p.Connected }

func (p ConnectProgress) bar() Bar {
	return Bar{OK: p.Connected, Partial: p.Attention, Rest: p.Ready + p.Looking}
}

// ConnectQueue is the page of the queue.
type ConnectQueue struct {
	Form     ConnectForm
	Rows     []Connection
	Pages    Pages
	Chips    []Chip
	Progress ConnectProgress
	Next     Connection // would be approved next; ID 0 where nothing is ready
	Notice   Notice
	Caution  string
}

func (q ConnectQueue) here() string { return with("/connect", q.Pages.Query, "page", pageOf(q.Pages)) }

func pageOf(p Pages) string {
	if p.Page > 1 {
		return id(int64(p.Page))
	}
	return ""
}

// ConnectionPage is the page of one connection.
type ConnectionPage struct {
	Connection
	Progress ConnectProgress
	Next     Connection
	Notice   Notice
	Caution  string
	Problem  string
	Fields   []Field // for a credential that somebody made themselves
	Manual   bool    // the form is open
}

// Notice is what a page says about what just happened.
type Notice struct{ Kind, Text string }

var connectNotices = map[string]Notice{
	"approved": {"ok", "Approved. The password is stored encrypted, and Drover is checking the site."},
	"entered":  {"ok", "Stored encrypted. Drover is checking the site."},
	"rejected": {"problem", "You did not approve the connection in WordPress. Nothing was stored, and the site is still in the queue."},
	"expired": {"problem", "The approval took longer than an hour, so Drover did not accept it. Approve again. You can revoke the password that " +
		"WordPress just created, under Users → Profile."},
	"other_site": {"problem", "A different site responded than the one you were sent to, so nothing was stored. " +
		"Check the URL, look up the site again, and approve again."},
	"incomplete": {"problem", "WordPress sent you back without a password. Approve again, or enter an application password below."},
	"unavailable": {"problem", "WordPress offers no application passwords to the user you signed in as, or Basic authentication protects the site. " +
		"Approve as another user, or turn on application passwords there."},
	"used": {"problem", "This approval was already used, so nothing was stored. To connect the site, approve again from here. If WordPress created a new " +
		"password, revoke it under Users → Profile."},
	"session": {"problem", "You were signed out or signed in again during the approval. For safety, Drover did not accept the password. Approve " +
		"again, and revoke the unused password under Users → Profile in WordPress."},
	"unknown":   {"problem", "Drover does not know this approval. It may be more than a week old. Approve again from here."},
	"forbidden": {"problem", "Your role does not allow you to connect sites. Ask an admin."},
	"failed":    {"problem", "Something went wrong in Drover, and the password was not stored. Approve again. See the server log for details."},
	"busy":      {"problem", "Too many requests in a short time. Wait a few seconds, and approve again."},
	"none":      {"ok", "No site in the queue is ready to be approved."},
	"not_ready": {"problem", "This site cannot be approved right now. The reason is below."},
	"not_stored": {"problem", "The password could not be stored: the site is already in the list, has another URL by now, or is outside your access. " +
		"Look up the site again."},
}

// ConnectNotice is what the way back from WordPress ended with.
func ConnectNotice(outcome string) Notice { return connectNotices[outcome] }

var connectStates = map[string]string{"ready": "Ready to approve", "attention": "Needs attention", "looking": "Looking up", "skipped": "Skipped",
	"connected": "Connected"}

// ConnectStateWord is how a state reads.
func ConnectStateWord(state string) string { return connectStates[state] }

// connectBadge is the badge of a state.
func connectBadge(state string) string {
	return map[string]string{"ready": "to_approve", "attention": "attention", "looking": "looking", "skipped": "left_out", "connected": "connected"}[state]
}

// profileURL is where the site's application passwords are made.
func (c Connection) profileURL() string {
	return c.Home + "/wp-admin/profile.php#application-passwords-section"
}

// approvalHost is the host of the approval page, for reading.
func (c Connection) approvalHost() string {
	u, err := url.Parse(c.Approval)
	if err != nil {
		return ""
	}
	return u.Host
}

// ImportPreview is what an import would do, and the choice of its columns.
type ImportPreview struct {
	Columns []ImportColumn
	Fields  []string // that a column can be
	Lines   []ImportLine
	Counts  map[string]int
	Sure    bool
	Noted   int // lines whose password looks like a login password
	Hidden  int
}

// ImportColumn is one column, with its first cells.
type ImportColumn struct {
	Header, Field string
	Samples       []string
}

func (p ImportPreview) stored() int { return p.Counts["added"] + p.Counts["updated"] }

var importFieldNames = map[string]string{
	"url": "Site URL", "username": "WordPress username", "application_password": "Application password", "name": "Name", "client": "Client", "tags": "Tags",
}
