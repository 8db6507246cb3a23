package wordpress_test

import (
	"slices"
	"testing"

	. "github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A check of a site with another cache plugin finds it, and asks whether the user may clear it.
func TestChecksOfOtherCachePlugins(t *testing.T) {
	for _, cache := range []wptest.Cache{wptest.WPSuperCache, wptest.SiteGround, wptest.WPEngine} {
		for fault, want := range map[wptest.Fault]string{wptest.Healthy: "ready", wptest.Forbidden: "broken"} {
			fake, n := network(t, wptest.Options{Sites: []wptest.Site{{Host: "acme.example", Caches: []wptest.Cache{cache}, Fault: fault}}})
			r := connect(n, fake.URL(0), "", OverrideNone).Check(t.Context())
			if r.State() != want || !slices.Contains(r.Namespaces, string(cache)) {
				t.Errorf("%s, %q: %s, %+v", cache, fault, r.State(), r.Steps)
			}
			if len(fake.Calls(0)) != 0 {
				t.Errorf("%s: the check changed something", cache)
			}
		}
	}
}
