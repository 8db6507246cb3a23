package wptest

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// DefaultUser and DefaultPassword are accepted by every site that describes no users of its own.
const (
	DefaultUser     = "drover"
	DefaultPassword = "abcd EFGH 1234 ijkl MNOP 5678"
)

// Site describes one fake site.
type Site struct {
	Host    string // made from its number when empty
	Name    string
	Client  string // for the demo's import; the site itself does not know it
	Tags    []string
	Fault   Fault
	Caches  []Cache          // its cache plugins; nil: BigScoots Cache
	MainWP  *MainWP          // where the site is a MainWP dashboard
	Blogs   []Blog           // of the network whose main site it is
	Latency [2]time.Duration // an answer waits for a random time in between
	Address string           // loopback address, given out when empty
	Network string           // sites of the same one share their users and passwords; empty: a WordPress of its own

	// PurgeRoles are the roles that the plugin lets purge, of users made over REST.
	PurgeRoles []string

	// Answer, where it is set, is asked first: when it returns true, it has answered in the site's place.
	Answer func(w http.ResponseWriter, r *http.Request) bool
}

// Call is a call of the plugin that was authorised and carried out.
type Call struct {
	Method, Route, Body string
	At                  time.Time
}

// site is a running one.
type site struct {
	Site
	number int
	port   int

	guard       sync.Mutex
	broken      Fault
	calls       []Call
	purged      bool                 // once or more; before, every page has been in the cache for an hour
	cached      map[string]time.Time // when a page went into the cache after the last purge, by path
	disabled    bool
	begun       time.Time
	cleared     time.Time // when WP Engine's plugin last cleared
	limited     int       // requests that were answered with 429
	drafts      map[int]string
	lastDraftID int
	users       *users
	made        []madeUser
}

func newSite(number int, s Site) *site {
	if s.Host == "" {
		s.Host = fmt.Sprintf("site-%04d.example", number)
	}
	if s.Name == "" {
		s.Name = "Site " + s.Host
	}
	return &site{Site: s, number: number, broken: s.Fault, begun: time.Now(), cached: map[string]time.Time{}, drafts: map[int]string{}, lastDraftID: 2000,
		users: newUsers(number)}
}

func (s *site) home() string { return fmt.Sprintf("https://%s:%d", s.Host, s.port) }

func (s *site) fault() Fault {
	s.guard.Lock()
	defer s.guard.Unlock()
	return s.broken
}

func (s *site) setFault(f Fault) {
	s.guard.Lock()
	defer s.guard.Unlock()
	s.broken = f
}

func (s *site) accepted() []Call {
	s.guard.Lock()
	defer s.guard.Unlock()
	return append([]Call{}, s.calls...)
}

func (s *site) root(fault Fault) string {
	switch fault {
	case PlainPermalinks:
		return s.home() + "/index.php?rest_route=/"
	case IndexPHPRoot:
		return s.home() + "/index.php/wp-json/"
	case RenamedPrefix:
		return s.home() + "/api/"
	case InnerPort:
		return "http://" + s.Host + ":8080/wp-json/"
	}
	return s.home() + "/wp-json/"
}
