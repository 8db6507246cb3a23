package wordpress_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	. "github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

var clearAll = Request{Method: http.MethodPatch, Path: "/bigscoots-cache/v2/clear-cache", Body: []byte(`{"purge_type":"all"}`), Timeout: 3 * time.Second}

// network starts the sites and returns a network that knows them.
func network(t testing.TB, o wptest.Options, change ...func(*Config)) (*wptest.Fake, *Network) {
	t.Helper()
	fake, err := wptest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fake.Close() })
	c := Config{AllowNets: loopback, RootCAs: fake.CA(), Hosts: fake.Hosts()}
	for _, each := range change {
		each(&c)
	}
	n := NewNetwork(c)
	t.Cleanup(n.Close)
	return fake, n
}

func connect(n *Network, home, root, override string) *Client {
	return n.Client(Address{Home: home, Root: root, Override: override}, wptest.DefaultUser, wptest.DefaultPassword)
}

// expected is what Drover must find on a simulated site: of one write without a check before, and by a check.
type expected struct {
	outcome  Outcome
	reason   Reason
	note     string
	accepted int // calls that the site carried out
	state    string
	step     string // the first that failed, or else warned
}

var everyFault = map[wptest.Fault]expected{
	wptest.Healthy:            {OK, "", "", 1, "ready", ""},
	wptest.WrongPassword:      {Failed, ReasonNotAuthenticated, "", 0, "broken", StepCredential},
	wptest.UnknownUserCode:    {Failed, ReasonBadCredential, "", 0, "broken", StepCredential},
	wptest.HeaderStripped:     {Failed, ReasonNotAuthenticated, "", 0, "broken", StepCredential},
	wptest.AppPasswordsOff:    {Failed, ReasonNotAuthenticated, "", 0, "broken", StepApplicationPasswords},
	wptest.HostBasicAuth:      {Failed, ReasonNotAuthenticated, "asks for its own password", 0, "broken", StepRoot},
	wptest.Forbidden:          {Failed, ReasonForbidden, "", 0, "broken", StepCapabilities},
	wptest.Administrator:      {OK, "", "", 1, "warning", StepCapabilities},
	wptest.NoPlugin:           {Skipped, ReasonNoRoute, "", 0, "warning", StepNamespaces},
	wptest.Staging:            {Skipped, ReasonNotApplicable, "staging", 0, "ready", ""},
	wptest.CacheDisabled:      {Skipped, ReasonNotApplicable, "turned off", 0, "warning", StepStatus},
	wptest.Misconfigured:      {Skipped, ReasonNotApplicable, "set up", 0, "warning", StepStatus},
	wptest.OpcacheMissing:     {OK, "", "", 1, "ready", ""},
	wptest.SuccessFalse:       {Failed, ReasonRefused, "", 0, "ready", ""},
	wptest.PartialPosts:       {OK, "", "", 1, "ready", ""},
	wptest.HTML200:            {Failed, ReasonNotJSON, "Coming soon", 0, "broken", StepRoot},
	wptest.LoginWall:          {Failed, ReasonProtected, "login page", 0, "broken", StepRoot},
	wptest.PHPWarning:         {OK, "", "before the JSON", 1, "warning", StepCapabilities},
	wptest.BOM:                {OK, "", "byte order mark", 1, "warning", StepCapabilities},
	wptest.Challenge:          {Failed, ReasonBlocked, "Cloudflare", 0, "broken", StepRoot},
	wptest.Sucuri:             {Failed, ReasonBlocked, "Sucuri", 0, "broken", StepRoot},
	wptest.ModSecurity406:     {Failed, ReasonBlocked, "ModSecurity", 0, "broken", StepRoot},
	wptest.VerbsBlocked:       {Failed, ReasonBlocked, "405", 0, "warning", StepCapabilities},
	wptest.VerbsCut:           {Unknown, ReasonCutOff, "", 0, "warning", StepCapabilities},
	wptest.OverrideStripped:   {Failed, ReasonBlocked, "405", 0, "warning", StepCapabilities},
	wptest.PurgeIgnored:       {OK, "", "", 1, "ready", ""},
	wptest.NotCached:          {OK, "", "", 1, "ready", ""},
	wptest.RateLimited:        {Failed, ReasonRateLimited, "", 0, "ready", ""},
	wptest.RateLimitedForever: {Failed, ReasonRateLimited, "", 0, "broken", StepRoot},
	wptest.Maintenance:        {Failed, ReasonMaintenance, "", 0, "broken", StepRoot},
	wptest.MaintenanceHTML:    {Failed, ReasonMaintenance, "Maintenance", 0, "broken", StepRoot},
	wptest.SiteError:          {Failed, ReasonSiteError, "", 0, "warning", StepCapabilities},
	wptest.FatalHTML:          {Failed, ReasonSiteError, "WordPress › Error", 0, "broken", StepRoot},
	wptest.RedirectWWW:        {Failed, ReasonRedirected, "www.", 0, "broken", StepRoot},
	wptest.TooLarge:           {Unknown, ReasonUnclear, "", 0, "warning", StepCapabilities},
	wptest.GzipBomb:           {Unknown, ReasonUnclear, "", 0, "warning", StepCapabilities},
	wptest.Slow:               {Unknown, ReasonTimeout, "", 0, "", ""},
	wptest.Silent:             {Unknown, ReasonTimeout, "", 0, "", ""},
	wptest.CutBefore:          {Unknown, ReasonCutOff, "", 0, "broken", StepRoot},
	wptest.CutAfter:           {Unknown, ReasonCutOff, "", 1, "warning", StepCapabilities},
	wptest.CertExpired:        {Failed, ReasonTLS, "expired", 0, "broken", StepHomePage},
	wptest.CertWrongHost:      {Failed, ReasonTLS, "another host name", 0, "broken", StepHomePage},
	wptest.CertUnknownCA:      {Failed, ReasonTLS, "unknown authority", 0, "broken", StepHomePage},
	wptest.Closed:             {Failed, ReasonUnreachable, "connection refused", 0, "broken", StepHomePage},
	wptest.PlainPermalinks:    {Failed, ReasonNotJSON, "", 0, "ready", ""},
	wptest.IndexPHPRoot:       {Failed, ReasonNotJSON, "", 0, "ready", ""},
	wptest.DatabaseError:      {OK, "", "before the JSON", 1, "warning", StepCapabilities},
	wptest.CrashAfter:         {Unknown, ReasonSiteError, "disagree", 1, "ready", ""},
	wptest.JSONCut:            {Unknown, ReasonUnclear, "middle", 1, "ready", ""},
	wptest.BrowserCheck:       {Failed, ReasonBlocked, "browser check", 0, "ready", ""},
	wptest.PasswordWall:       {Failed, ReasonProtected, "Password Protected", 0, "ready", ""},
	wptest.AccountSuspended:   {Failed, ReasonSuspended, "", 0, "ready", ""},
	wptest.GatewayTimeout:     {Unknown, ReasonTimeout, "504", 0, "ready", ""},
	wptest.VerbsNotFound:      {Failed, ReasonNotJSON, "404", 0, "ready", ""},
	wptest.NoLinkHeader:       {OK, "", "", 1, "ready", ""},
	wptest.OtherSite:          {OK, "", "", 1, "broken", StepRoot}, // a request alone cannot tell: Locate goes before it
	wptest.RenamedPrefix:      {Failed, ReasonNotJSON, "", 0, "ready", ""},
	wptest.InnerPort:          {OK, "", "", 1, "ready", ""},
	wptest.HomeCut:            {OK, "", "", 1, "warning", StepHomePage},
	wptest.IndexClosed:        {OK, "", "", 1, "ready", ""},
	wptest.IndexMinimal:       {OK, "", "", 1, "ready", ""},
	wptest.IndexLarge:         {OK, "", "", 1, "ready", ""},
	wptest.NamespaceGaps:      {OK, "", "", 1, "ready", ""},
	wptest.UsersClosed:        {OK, "", "", 1, "warning", StepCredential},
	wptest.PurgeTooSoon:       {OK, "", "", 1, "ready", ""}, // of another plugin
	wptest.OptionsByServer:    {OK, "", "", 1, "warning", StepCapabilities},
	wptest.PasswordsKept:      {OK, "", "", 1, "ready", ""},
}

func TestEveryFault(t *testing.T) {
	for _, fault := range append(wptest.Faults(), wptest.Healthy) {
		want, known := everyFault[fault]
		if !known {
			if fault != wptest.DNSMissing { // has no place here: its look-up would leave the machine
				t.Errorf("nothing is expected of the fault %q", fault)
			}
			continue
		}
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			fake, n := network(t, wptest.Options{Sites: []wptest.Site{{Host: "acme.example", Fault: fault}}}, func(c *Config) {
				c.Hosts["www.acme.example"] = netip.MustParseAddr("127.0.0.1") // so that no look-up leaves the machine
			})
			v := Classify(connect(n, fake.URL(0), "", OverrideNone).Do(context.Background(), clearAll))
			if v.Outcome != want.outcome || v.Reason != want.reason || !strings.Contains(v.Note, want.note) {
				t.Errorf("verdict %+v, want %+v", v, want)
			}
			if accepted := len(fake.Calls(0)); accepted != want.accepted {
				t.Errorf("%d calls were carried out, want %d", accepted, want.accepted)
			}
			if want.state != "" {
				check(t, connect(n, fake.URL(0), "", OverrideNone), want)
			}
		})
	}
}

func check(t *testing.T, c *Client, want expected) {
	t.Helper()
	r := c.Check(context.Background())
	first, failing := r.Failing()
	for _, step := range r.Steps {
		if !failing && first.Name == "" && step.State == CheckWarning {
			first = step
		}
	}
	if r.State() != want.state || first.Name != want.step {
		t.Errorf("check: %s at %q, want %s at %q: %+v", r.State(), first.Name, want.state, want.step, r.Steps)
	}
}

// What a check finds makes the same write work.
func TestRootsAndOverrides(t *testing.T) {
	for _, c := range []struct {
		fault    wptest.Fault
		override string
		root     string // below the home
	}{
		{wptest.PlainPermalinks, OverrideNone, "/index.php?rest_route=/"},
		{wptest.IndexPHPRoot, OverrideNone, "/index.php/wp-json/"},
		{wptest.NoLinkHeader, OverrideNone, "/wp-json/"},
		{wptest.VerbsBlocked, OverrideHeader, "/wp-json/"},
		{wptest.VerbsBlocked, OverrideQuery, "/wp-json/"},
		{wptest.VerbsCut, OverrideHeader, "/wp-json/"},
		{wptest.PlainPermalinks, OverrideQuery, "/index.php?rest_route=/"},
	} {
		t.Run(string(c.fault)+" "+c.override, func(t *testing.T) {
			fake, n := network(t, wptest.Options{Sites: []wptest.Site{{Host: "acme.example", Fault: c.fault}}})
			found := connect(n, fake.URL(0), "", c.override).Check(context.Background())
			if found.Root != fake.URL(0)+c.root {
				t.Errorf("the root is %s", found.Root)
			}
			x := connect(n, fake.URL(0), found.Root, c.override).Do(context.Background(), clearAll)
			calls := fake.Calls(0)
			if v := Classify(x); v.Outcome != OK || len(calls) != 1 || calls[0].Method != http.MethodPatch || calls[0].Body != string(clearAll.Body) {
				t.Errorf("%+v, %+v", v, calls)
			}
		})
	}
}

func TestPoliteness(t *testing.T) {
	described := make([]wptest.Site, 24)
	for i := range described {
		described[i].Latency = [2]time.Duration{5 * time.Millisecond, 10 * time.Millisecond}
	}
	fake, n := network(t, wptest.Options{Sites: described, SitesPerAddress: 8})
	sendAll(t, fake, n)
	for host, address := range fake.Hosts() {
		if most := fake.MaxInFlight(address); most > 2 {
			t.Errorf("%d requests at once at %s, where %s lives", most, address, host)
		}
	}
}
