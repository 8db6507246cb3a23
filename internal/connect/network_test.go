package connect_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// One credential lists a network's sites; those that are chosen are a file that an import takes.
func TestANetworkListsItsSites(t *testing.T) {
	t.Parallel()
	blogs := []wptest.Blog{{URL: "https://network.example/", Name: "Main", Admin: true},
		{URL: "http://network.example/shop/", Name: "Shop & <b>more</b>", Admin: true},
		{URL: "https://blog.network.example/", Name: "Blog"}, {URL: "https://elsewhere.example/", Name: "Mapped", Admin: true},
		{URL: "https://network.example:2083/", Name: "A port"},
		{URL: "https://10.0.0.1/", Name: "Inside"}, {URL: "javascript:alert(1)"}, {URL: "https://network.example/shop", Name: "Twice"}}
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: []wptest.Site{{Host: "network.example", Blogs: blogs}, {}}})
	source := b.source(0)
	home, all, err := b.queue.Network(t.Context(), ada, source, []string{"https://more.network.example"})
	b.must(err)
	if home != b.fake.URL(0) || len(all) != 8 {
		t.Fatalf("%s: %+v", home, all)
	}
	suggested := 0
	for _, one := range all {
		if one.Suggested() {
			suggested++
		}
		other := func(part string) bool { return strings.Contains(one.Home, part) }
		elsewhere := slices.ContainsFunc([]string{"elsewhere", "2083", "10.0"}, other)
		if strings.Contains(one.Name, "<") || one.Elsewhere != elsewhere && one.Problem == "" {
			t.Errorf("%+v", one)
		}
	}
	if suggested != 4 || all[1].Home != "https://network.example/shop" {
		t.Errorf("%d are suggested of %+v", suggested, all)
	}
	file, err := connect.NetworkFile(source, all, "O'Brien, \"Söhne\"", []string{"care", "net"})
	b.must(err)
	chosen, err := connect.ChosenOf(file, []string{"https://network.example/shop", "https://not-listed.example"})
	b.must(err)
	lines, err := b.registry.Import(t.Context(), ada, strings.NewReader(string(chosen)))
	if err != nil || len(lines) != 1 || lines[0].Result != sites.LineAdded || lines[0].URL != "https://network.example/shop" {
		t.Errorf("%+v, %v", lines, err)
	}
	if _, err := connect.ChosenOf([]byte("url,username\nx,y\n"), []string{"x"}); !errors.Is(err, sites.ErrNoUpload) {
		t.Errorf("another file: %v", err)
	}
	if _, again, err := b.queue.Network(t.Context(), ada, source, nil); err != nil || again[1].Site == 0 {
		t.Errorf("a known site: %+v, %v", again, err)
	}
}

func TestWhatANetworkRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: []wptest.Site{{}, {Fault: wptest.WrongPassword}, {Fault: wptest.HostBasicAuth}}})
	wrong := b.source(0)
	wrong.Password = vault.NewSecret("abcd abcd abcd abcd abcd abcd")
	for name, c := range map[string]struct {
		source      connect.Source
		field, says string
	}{
		"wrong password":  {wrong, "application_password", "did not accept"},
		"revoked":         {b.source(1), "application_password", "did not accept"},
		"Basic auth":      {b.source(2), "url", "its own password"},
		"an inner server": {connect.Source{URL: "https://192.168.1.1/", Username: "u", Password: vault.NewSecret("p")}, "url", "private"},
	} {
		_, _, err := b.queue.Network(t.Context(), ada, c.source, nil)
		if p, is := errors.AsType[validation.Problems](err); !is || !strings.Contains(p[c.field], c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, all, err := b.queue.Network(t.Context(), ada, b.source(0), nil); err != nil || len(all) != 1 || all[0].Home != b.fake.URL(0) {
		t.Errorf("no network: %+v, %v", all, err)
	}
	if _, _, err := b.queue.Network(t.Context(), viewer, b.source(0), nil); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("a viewer: %v", err)
	}
}
