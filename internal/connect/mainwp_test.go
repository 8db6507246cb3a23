package connect_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func (b bench) source(i int) connect.Source {
	return connect.Source{URL: b.fake.URL(i) + "/wp-admin/", Username: wptest.DefaultUser, Password: vault.NewSecret(b.fake.Password(i))}
}

// listOf is a dashboard of n sites of two clients, every third with a tag.
func listOf(n int) *wptest.MainWP {
	m := &wptest.MainWP{Clients: []string{"Acme", "Müller & Söhne"}, Tags: []string{"Care plan", "shop, big"}}
	for i := range n {
		one := wptest.MainWPSite{URL: fmt.Sprintf("https://s%04d.example/", i), Name: fmt.Sprintf("s%04d.example", i), Client: i % 3}
		if i%3 == 0 {
			one.Tags = []int{1, 2}
		}
		m.Sites = append(m.Sites, one)
	}
	return m
}

// One credential brings all sites of a dashboard into the queue, with clients and tags, over all pages, and is stored nowhere.
func TestADashboardFillsTheQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		older := listOf(7)
		older.OlderTags = true
		b := newBench(t, db, wptest.Options{Sites: []wptest.Site{{MainWP: listOf(257)}, {MainWP: older}, {}}})
		l, err := b.queue.AddMainWP(t.Context(), ada, b.source(0), connect.Wanted{Client: "House", Tags: []string{"new"}})
		b.must(err)
		if l.Listed != 257 || len(l.Added) != 257 || len(l.Missing) != 0 || l.Home != b.fake.URL(0) {
			t.Fatalf("%d listed, %d added, %v", l.Listed, len(l.Added), l.Missing)
		}
		for i, want := range []string{"House [big care plan new shop]", "Acme [new]", "Müller & Söhne [new]"} {
			if c := l.Added[i]; fmt.Sprint(c.Client, " ", c.Tags) != want || c.State != connect.Looking {
				t.Errorf("%d: %+v, want %s", i, c, want)
			}
		}
		b.must(b.queue.Remove(t.Context(), ada, l.Added[3].ID))
		l, err = b.queue.AddMainWP(t.Context(), ada, b.source(1), connect.Wanted{})
		b.must(err)
		if l.Listed != 7 || l.Waiting != 6 || len(l.Added) != 1 || !slices.Equal(l.Added[0].Tags, []string{"big", "care plan", "shop"}) {
			t.Errorf("an older dashboard: %+v", l)
		}
		var all []string
		b.must(db.Gorm.Raw("SELECT detail FROM entries UNION ALL SELECT address || home || name FROM connections").Scan(&all).Error)
		if text := strings.Join(all, "\n"); strings.Contains(text, b.fake.Password(0)) || !strings.Contains(text, `"from":"mainwp"`) {
			t.Errorf("the entries: %.2000s", text)
		}
	})
}

func TestWhatADashboardRefuses(t *testing.T) {
	t.Parallel()
	broken := listOf(257)
	broken.Broken, broken.BrokenPage = map[string]bool{"list-clients-v1": true, "list-tags-v1": true}, 2
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: []wptest.Site{{}, {MainWP: listOf(3), Fault: wptest.Forbidden}, {MainWP: broken},
		{MainWP: listOf(3), Fault: wptest.AppPasswordsOff}, {Fault: wptest.Closed}, {MainWP: listOf(3)}}})
	wrong := b.source(5)
	wrong.Password = vault.NewSecret("abcd abcd abcd abcd abcd abcd")
	for name, c := range map[string]struct {
		source      connect.Source
		field, says string
	}{
		"no dashboard":    {b.source(0), "url", "No MainWP dashboard"},
		"a lesser user":   {b.source(1), "url", "cannot list"},
		"wrong password":  {wrong, "application_password", "did not accept"},
		"switched off":    {b.source(3), "url", "turned off"},
		"nobody there":    {b.source(4), "url", "."},
		"an inner server": {connect.Source{URL: "https://10.0.0.7/", Username: "u", Password: vault.NewSecret("p")}, "url", "private"},
		"metadata":        {connect.Source{URL: "http://169.254.169.254/latest", Username: "u", Password: vault.NewSecret("p")}, "url", "."},
		"no address":      {connect.Source{URL: "ftp://x", Username: "u", Password: vault.NewSecret("p")}, "url", "."},
		"no username":     {connect.Source{URL: b.fake.URL(5), Password: vault.NewSecret("p")}, "username", "Enter"},
	} {
		_, err := b.queue.AddMainWP(t.Context(), ada, c.source, connect.Wanted{})
		if p, is := errors.AsType[validation.Problems](err); !is || !strings.Contains(p[c.field], c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.queue.AddMainWP(t.Context(), viewer, b.source(5), connect.Wanted{}); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("a viewer: %v", err)
	}
	l, err := b.queue.AddMainWP(t.Context(), ada, b.source(2), connect.Wanted{})
	if err != nil || l.Listed != 100 || len(l.Added) != 100 || len(l.Missing) != 3 {
		t.Errorf("parts that fail: %d listed, %v, %v", l.Listed, l.Missing, err)
	}
}

// What a dashboard calls its sites, clients and tags is foreign text, and whom it names is checked against the scope.
func TestHostileDashboards(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	m := &wptest.MainWP{Clients: []string{"<b>Acme</b>", long, "Zulu"}, Tags: []string{"=cmd|'/c calc'!A1", long, "a\u202eb"}, Sites: []wptest.MainWPSite{
		{URL: "https://one.example/", Name: "<script>alert(1)</script>", Client: 1, Tags: []int{1, 2, 3}}, {URL: "javascript:alert(1)"},
		{URL: "https://user:secret@two.example/"}, {URL: "http://169.254.169.254/latest/meta-data", Client: 2}, {URL: "https://one.example"},
		{URL: "https://www.one.example"}, {URL: ""}, {URL: "https://" + long + ".example"}, {URL: "https://zulu.example", Client: 3}}}
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: []wptest.Site{{MainWP: m}}})
	l, err := b.queue.AddMainWP(t.Context(), ada, b.source(0), connect.Wanted{})
	b.must(err)
	for _, c := range l.Added {
		if strings.Contains(c.Name, "<") || strings.Contains(c.Address+c.Home, "secret") || len(c.Client) > 200 ||
			strings.Contains(strings.Join(c.Tags, ""), "\u202e") {
			t.Errorf("%+v", c)
		}
	}
	if l.Added[0].Client != "Acme" || l.Waiting != 2 || l.Bad == 0 {
		t.Errorf("%+v", l)
	}
	b.must(b.queue.Look(t.Context(), ada, l.Added))
	for _, c := range l.Added {
		if seen, err := b.queue.Connection(t.Context(), ada, c.ID); err != nil || seen.State != connect.Attention {
			t.Errorf("%+v, %v", seen, err)
		}
	}
	scoped := ada
	scoped.Scope = access.NewScope(access.Restriction{Clients: []string{"Zulu"}})
	b.must(b.queue.Remove(t.Context(), ada, idsOf(l.Added)...))
	l, err = b.queue.AddMainWP(t.Context(), scoped, b.source(0), connect.Wanted{})
	if err != nil || len(l.Added) != 1 || l.Added[0].Client != "Zulu" || l.Outside == 0 {
		t.Errorf("within a scope: %+v, %v", l, err)
	}
	_, err = b.registry.Add(t.Context(), ada, sites.Draft{URL: "https://www.one.example", Username: "u", Password: vault.NewSecret("p")})
	b.must(err)
	if l, err = b.queue.AddMainWP(t.Context(), ada, b.source(0), connect.Wanted{}); err != nil || l.Known != 3 {
		t.Errorf("a known site: %+v, %v", l, err)
	}
}

func idsOf(all []connect.Connection) (ids []int64) {
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}
