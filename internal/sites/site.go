package sites

import (
	"errors"
	"time"

	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/wordpress"
)

// Errors of this package.
var (
	ErrNoSite       = errors.New("there is no such site")
	ErrNoCredential = errors.New("the site has no credential")
	ErrSealed       = errors.New("the site's stored credential cannot be opened")
	ErrChanged      = errors.New("the site's URL or credential was changed during the check")
)

// State is what the last check found.
type State string

// The states of a site.
const (
	Unchecked State = "unchecked"
	Ready     State = "ready"
	Warning   State = "warning"
	Broken    State = "broken"
	Retired   State = "retired" // of a site that was retired, whatever its last check found
	anyState  State = "any"     // of a filter: retired sites too
)

// States are those of sites that are not retired.
func States() []State { return []State{Ready, Warning, Broken, Unchecked} }

// Site is one WordPress site that an agency looks after. It holds no secret.
type Site struct {
	ID     int64
	Name   string
	Home   string // https://acme.example, the address that WordPress calls home
	Host   string
	Client string // empty when it belongs to none
	Tags   []string

	State         State
	Finding       string // one sentence of the last check when it was not Ready
	Root          string // the REST root that the last check found, empty before
	Override      string // how verbs that its firewall blocks are sent instead
	Address       string // the IP address of the last check
	RedirectsTo   string
	ReportedHome  string    // what the site calls its home, empty when not known
	LocatedAt     time.Time // when it was last seen that the site that answers is this one
	HasPlugin     string    // "yes", "no", empty when not known
	CachePlugins  string    // the active ones, as cacheplugin.Stored writes them; empty when not known
	PluginVersion string
	CacheState    string
	Environment   string
	SetupMode     string    // of the cache plugin
	CacheAt       time.Time // when version, cache, mode and environment were last told, by a check or a run
	SeenAt        time.Time // when State was
	CheckedAt     time.Time

	StateSince       time.Time // zero where no state is known
	NextCheckAt      time.Time // when Drover checks it by itself; zero where it does not, or where that is not planned yet
	CertificateEnds  time.Time // zero where it was not seen
	WordPressVersion string    // as the home page tells it; empty where it does not

	Credential Credential

	CreatedAt, UpdatedAt, RetiredAt time.Time // zero where it has not happened
}

// Credential is what may be known of a site's credential: never its value.
type Credential struct {
	Username      string
	Roles         string // as WordPress names them, separated by commas
	Administrator bool
	CreatedAt     time.Time
	CreatedBy     string
	WorkedAt      time.Time // when a check last signed in with it
}

// Planned is what a plan needs to know of the site.
func (s Site) Planned() operation.Site {
	return operation.Site{ID: s.ID, Name: s.Name, Home: s.Home, Host: s.Host, Root: s.Root, ReportedHome: s.ReportedHome, CachePlugins: s.CachePlugins}
}

// address is how to speak to the site.
func (s Site) address() wordpress.Address {
	return wordpress.Address{Home: s.Home, Root: s.Root, Override: s.Override}
}
