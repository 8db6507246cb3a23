package connect

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// NetworkSite is a site of a WordPress network that a credential may be good for.
type NetworkSite struct {
	Home, Name string
	Admin      bool   // the user manages it
	Elsewhere  bool   // on another domain or port than the network: the credential would go there too
	Site       int64  // of the site in the list, where the actor may see it; 0 where there is none
	Problem    string // why it cannot be connected
}

// Suggested tells whether the site is chosen where nobody chooses.
func (s NetworkSite) Suggested() bool { return !s.Elsewhere && s.Site == 0 && s.Problem == "" }

// mostNetworkSites bounds a network.
const mostNetworkSites = 20_000

// Network lists the sites of a WordPress network that the source's user belongs to, and those that more names by their addresses. Nothing is stored.
func (q *Queue) Network(ctx context.Context, actor access.Actor, s Source, more []string) (home string, all []NetworkSite, err error) {
	if err := q.log.Authorize(ctx, actor, access.SiteImport, ""); err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, listingTimeout)
	defer cancel()
	client, found, err := q.signIn(ctx, s)
	if err != nil {
		return "", nil, err
	}
	blogs, v := client.Blogs(ctx, found.SiteURL)
	if v.Outcome != wordpress.OK && (len(more) == 0 || v.Reason == wordpress.ReasonBadCredential) {
		return "", nil, refused(v)
	}
	for _, address := range more {
		blogs = append(blogs, wordpress.Blog{URL: address})
	}
	if len(blogs) > mostNetworkSites {
		return "", nil, validation.Problems{"url": "This network has more than 20,000 sites. Enter the addresses of those that you want, in parts."}
	}
	known, err := q.known(ctx)
	if err != nil {
		return "", nil, err
	}
	seen := map[string]bool{}
	for _, b := range blogs {
		one := networkSite(found.Home, b)
		if seen[wordpress.SiteKey(one.Home)] {
			continue
		}
		seen[wordpress.SiteKey(one.Home)] = true
		if s, is := known[wordpress.SiteKey(one.Home)]; is && actor.Scope.Site(s.Client, s.Tags) {
			one.Site = s.ID
		}
		all = append(all, one)
	}
	return found.Home, all, nil
}

func networkSite(network string, b wordpress.Blog) NetworkSite {
	one := NetworkSite{Name: shorten(wordpress.Visible(b.Name)), Admin: b.Admin}
	home, err := wordpress.ParseHome(b.URL)
	if err != nil {
		one.Home, one.Problem = shorten(wordpress.Visible(b.URL)), err.Error()
		return one
	}
	one.Elsewhere = wordpress.RegistrableDomain(home) != wordpress.RegistrableDomain(network) || !samePort(home, network)
	one.Home = "https" + strings.TrimPrefix(strings.TrimPrefix(home, "https"), "http") // a network behind a proxy knows its own scheme wrongly
	return one
}

// samePort tells whether the home is at the network's port, or at the usual one: another may belong to another server.
func samePort(home, network string) bool {
	h, err := url.Parse(home)
	n, errNetwork := url.Parse(network)
	return err == nil && errNetwork == nil && (h.Port() == "" || h.Port() == n.Port())
}

// NetworkUpload are the columns that a kept file has which is a network's list: it waits for a choice, and an import does not take it as a whole.
func NetworkUpload() sites.Columns { return sites.Columns{"network": "chosen"} }

// NetworkFile is the sites of a network as a file for an import, each with the source's credential.
func NetworkFile(s Source, all []NetworkSite, client string, tags []string) ([]byte, error) {
	username, password, p := sites.CleanCredential(s.Username, s.Password)
	if err := p.OrNil(); err != nil {
		return nil, err
	}
	records := [][]string{sites.ImportFields()}
	for _, one := range all {
		if one.Problem == "" {
			records = append(records, []string{one.Home, username, password.Reveal(), one.Name, client, strings.Join(tags, ",")})
		}
	}
	return networkCSV(records)
}

func networkCSV(records [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := spreadsheet.NewWriter(&b)
	for _, r := range records {
		if err := w.Write(r...); err != nil {
			return nil, fmt.Errorf("connect: network: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return nil, fmt.Errorf("connect: network: %w", err)
	}
	return b.Bytes(), nil
}

// ChosenOf keeps the sites of a network's file that were chosen by their homes.
func ChosenOf(file []byte, homes []string) ([]byte, error) {
	records, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil || len(records) == 0 || !slices.Equal(records[0], sites.ImportFields()) {
		return nil, sites.ErrNoUpload
	}
	chosen := make(map[string]bool, len(homes))
	for _, home := range homes {
		chosen[home] = true
	}
	kept := records[:1]
	for _, r := range records[1:] {
		if chosen[spreadsheet.Plain(r[0])] {
			kept = append(kept, r)
		}
	}
	return networkCSV(kept)
}
