package connect

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// Source is a WordPress site that knows of others, and a credential for it. The credential is used to read the list, and is not stored.
type Source struct {
	URL, Username string
	Password      vault.Secret
}

// listingTimeout bounds the reading of a list.
const listingTimeout = 3 * time.Minute

// signIn finds the source without the credential, and returns a client that has it. The credential goes to the host that was typed and to no other, and
// never over plain HTTP.
func (q *Queue) signIn(ctx context.Context, s Source) (*wordpress.Client, wordpress.Prospect, error) {
	username, password, p := sites.CleanCredential(s.Username, s.Password)
	typed, err := wordpress.ParseHome(s.URL)
	if err != nil {
		p["url"] = err.Error()
	}
	if err := p.OrNil(); err != nil {
		return nil, wordpress.Prospect{}, err
	}
	found := q.network.Look(ctx, s.URL)
	switch {
	case found.Obstacle != wordpress.ObstacleNone && found.Obstacle != wordpress.ObstacleElsewhere:
		finding, fix := Words(found)
		p["url"] = strings.TrimSpace(finding + " " + fix)
	case wordpress.SiteKey(wordpress.Origin(found.Home)) != wordpress.SiteKey(wordpress.Origin(typed)):
		p["url"] = "This URL belongs to " + found.Home + ". Enter that address, if the credential is for it."
	}
	if err := p.OrNil(); err != nil {
		return nil, found, err
	}
	return q.network.Client(wordpress.Address{Home: found.Home, Root: found.Root}, username, password.Reveal()), found, nil
}

// refused are the problems of a form whose source did not give its list.
func refused(v wordpress.Verdict) validation.Problems {
	finding, fix := wordpress.CheckWords(v.Reason)
	switch {
	case v.Reason == wordpress.ReasonNoRoute, v.Reason == wordpress.ReasonForbidden && v.Note != "":
		return validation.Problems{"url": v.Note}
	case v.Reason == wordpress.ReasonBadCredential, v.Reason == wordpress.ReasonNotAuthenticated:
		return validation.Problems{"application_password": "WordPress did not accept the username or the application password. " +
			"A login password does not work here."}
	case v.Note != "":
		finding = v.Note
	}
	return validation.Problems{"url": strings.TrimSpace(finding + " " + fix)}
}

// Listing is what came of a list of sites that was read into the queue.
type Listing struct {
	Home    string // of the source
	Listed  int
	Added   []Connection
	Known   int      // in the list of sites already
	Waiting int      // in the queue already, or on the list twice
	Outside int      // outside the actor's scope
	Bad     int      // whose addresses are none
	Missing []string // what could not be read
}

// AddMainWP reads the sites of a MainWP dashboard into the queue, with their clients and tags; those that w gives count where the dashboard has no
// client, and beside its tags. Sites that the actor has already are left out. What is wrong with the source comes back as validation.Problems of url,
// username and application_password.
func (q *Queue) AddMainWP(ctx context.Context, actor access.Actor, s Source, w Wanted) (Listing, error) {
	if err := q.log.Authorize(ctx, actor, access.SiteImport, ""); err != nil {
		return Listing{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, listingTimeout)
	defer cancel()
	client, found, err := q.signIn(ctx, s)
	if err != nil {
		return Listing{}, err
	}
	dashboard, v := client.MainWP(ctx)
	if v.Outcome != wordpress.OK {
		return Listing{}, refused(v)
	}
	l := Listing{Home: found.Home, Listed: len(dashboard.Sites), Missing: dashboard.Missing}
	known, err := q.known(ctx)
	if err != nil {
		return Listing{}, err
	}
	rows := q.listedRows(actor, dashboard.Sites, w, known, &l)
	l.Added, err = q.store.add(ctx, actor, rows, map[string]any{"from": "mainwp", "source": found.Home, "listed": l.Listed})
	if err != nil {
		return Listing{}, fmt.Errorf("connect: mainwp: %w", err)
	}
	l.Waiting += len(rows) - len(l.Added)
	return l, nil
}

// listedRows are the rows of what a dashboard lists, and counts what is left out.
func (q *Queue) listedRows(actor access.Actor, listed []wordpress.MainWPSite, w Wanted, known map[string]sites.Site, l *Listing) (rows []row) {
	seen := map[string]bool{}
	for _, one := range listed {
		home, err := wordpress.ParseHome(one.URL)
		client, tags := listedGrouping(one, w)
		s, is := known[wordpress.SiteKey(home)]
		switch {
		case err != nil:
			l.Bad++
		case !actor.Scope.Site(client, tags):
			l.Outside++
		case is && actor.Scope.Site(s.Client, s.Tags):
			l.Known++
		case seen[wordpress.SiteKey(home)]:
			l.Waiting++
		default:
			seen[wordpress.SiteKey(home)] = true
			rows = append(rows, row{Address: shorten(wordpress.Visible(one.URL)), Home: home, Name: shorten(wordpress.Visible(one.Name)), Client: client,
				Tags: strings.Join(tags, ","), State: Looking, AddedBy: actor.Name})
		}
	}
	return rows
}

// listedGrouping are the client and tags of a listed site. What cannot be a client or a tag here is left out: a tag with a comma is two.
func listedGrouping(one wordpress.MainWPSite, w Wanted) (client string, tags []string) {
	client, _, p := sites.Grouping(cmp.Or(one.Client, w.Client), nil)
	if p["client"] != "" {
		client = ""
	}
	for _, tag := range slices.Concat(one.Tags, w.Tags) {
		for _, part := range sites.SplitTags(tag) {
			if _, cleaned, p := sites.Grouping("", append(slices.Clone(tags), part)); len(p) == 0 {
				tags = cleaned
			}
		}
	}
	return client, tags
}

// String says in sentences what came of it.
func (l Listing) String() string {
	text := fmt.Sprintf("%s listed, %d added to the queue.", english.Plural(l.Listed, "site", ""), len(l.Added))
	for _, part := range []struct {
		n    int
		text string
	}{{l.Known, "already in the site list"}, {l.Waiting, "already in the queue, or listed twice"}, {l.Outside, "outside your access"},
		{l.Bad, "without a usable address"}} {
		if part.n > 0 {
			text += fmt.Sprintf(" %s %s.", english.Plural(part.n, "site", ""), part.text)
		}
	}
	return strings.Join(append([]string{text}, l.Missing...), " ")
}
