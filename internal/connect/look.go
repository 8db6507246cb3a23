package connect

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// looks is how many addresses are looked at side by side; the network's own limits hold below it. written is how many are stored at a time.
const (
	looks   = 256
	written = 100
)

// Look looks at connections without a credential, side by side, and stores what is seen of each. It ends with the context; what was not looked at
// stays Looking, and Resume takes it up. What the actor may no longer see by then is not stored.
func (q *Queue) Look(ctx context.Context, actor access.Actor, chosen []Connection) error {
	known, err := q.known(ctx)
	if err != nil {
		return err
	}
	found := make(chan Connection, written)
	var group errgroup.Group
	group.SetLimit(looks)
	go func() {
		for _, c := range chosen {
			group.Go(func() error {
				seen := q.seen(ctx, c, known)
				if ctx.Err() == nil {
					found <- seen
				}
				return nil
			})
		}
		_ = group.Wait() // no look returns an error
		close(found)
	}()
	return q.write(ctx, actor, found)
}

// write stores what comes, many to a transaction, and no later than a moment after it came.
func (q *Queue) write(ctx context.Context, actor access.Actor, found <-chan Connection) (err error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var waiting []Connection
	flush := func() {
		if len(waiting) > 0 && err == nil {
			err = q.store.putSeen(context.WithoutCancel(ctx), actor, waiting)
		}
		waiting = waiting[:0]
	}
	for {
		select {
		case c, more := <-found:
			if !more {
				flush()
				return err
			}
			if waiting = append(waiting, c); len(waiting) >= written {
				flush()
			}
		case <-tick.C:
			flush()
		}
	}
}

// Resume looks at what was added and never looked at, as after a restart, and drops what is over.
func (q *Queue) Resume(ctx context.Context) error {
	if err := q.store.drop(ctx, time.Now()); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	waiting, err := q.store.inState(ctx, Looking)
	if err != nil || len(waiting) == 0 {
		return err
	}
	return q.Look(ctx, access.System(), waiting)
}

// LookAgain looks at one connection while somebody waits, and returns what was seen. One that was skipped is put back.
func (q *Queue) LookAgain(ctx context.Context, actor access.Actor, id int64) (Connection, error) {
	if err := q.log.Authorize(ctx, actor, access.ConnectQueue, access.On("connection", id)); err != nil {
		return Connection{}, err
	}
	c, err := q.Connection(ctx, actor, id)
	if err != nil || c.State == Connected {
		return c, err
	}
	if c.State == Skipped {
		if err := q.Unskip(ctx, actor, id); err != nil {
			return c, err
		}
	}
	if err := q.Look(ctx, actor, []Connection{c}); err != nil {
		return c, err
	}
	return q.Connection(ctx, actor, id)
}

// known are the sites of the list, by what tells them apart.
func (q *Queue) known(ctx context.Context) (map[string]sites.Site, error) {
	known := map[string]sites.Site{}
	for _, state := range []sites.State{"", sites.Retired} {
		all, _, err := q.registry.Sites(ctx, access.System(), sites.Filter{State: state})
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			known[wordpress.SiteKey(s.Home)] = s
		}
	}
	return known, nil
}

// seen looks at one address.
func (q *Queue) seen(ctx context.Context, c Connection, known map[string]sites.Site) Connection {
	p := q.network.Look(ctx, cmp.Or(replaced(c), c.Address))
	c.LookedAt, c.Obstacle, c.Finding, c.Fix, c.State = time.Now(), string(p.Obstacle), "", "", Ready
	if p.Home != "" && !c.Replaces {
		c.Home = p.Home
	}
	c.SiteURL, c.Root, c.Approval, c.Plugins, c.Name = p.SiteURL, p.Root, p.Approval, p.Plugins, cmp.Or(p.Name, c.Name)
	if p.Obstacle != wordpress.ObstacleNone {
		c.State = Attention
		c.Finding, c.Fix = Words(p)
	}
	s, is := known[wordpress.SiteKey(c.Home)]
	if is && !c.Replaces && !seenWith(c, s.Client, s.Tags) {
		is = false
	}
	switch {
	case !is && !c.Replaces:
		return c
	case c.Replaces && is && s.ID == c.SiteID:
		if p.Home != "" && wordpress.SiteKey(p.Home) != wordpress.SiteKey(c.Home) {
			c.State, c.Obstacle = Attention, string(wordpress.ObstacleElsewhere)
			c.Finding, c.Fix = "This URL belongs to another site, "+p.Home+".", "Change the site's URL first, on its page, and then connect it again."
		}
		return c
	case c.Replaces:
		c.State, c.Obstacle, c.Finding, c.Fix = Attention, ObstacleKnown, "The site is no longer in the list.", "Remove this line."
		return c
	}
	c.SiteID, c.State, c.Obstacle = s.ID, Attention, ObstacleKnown
	c.Finding, c.Fix = "This site is already in the list.", "Open it to replace its credential, or remove this line."
	if !s.RetiredAt.IsZero() {
		c.Finding, c.Fix = "This site is in the list, but retired.", "Restore it instead of connecting it again."
	}
	return c
}

// seenWith tells whether everyone who sees the connection also sees what is of the client and has the tags: to others, a line must not tell of it.
func seenWith(c Connection, client string, tags []string) bool {
	if c.Client == "" && len(c.Tags) == 0 { // only those who see every site
		return true
	}
	return access.ClientKey(c.Client) == access.ClientKey(client) &&
		!slices.ContainsFunc(c.Tags, func(tag string) bool { return !slices.Contains(tags, tag) })
}

func replaced(c Connection) string {
	if c.Replaces {
		return c.Home
	}
	return ""
}

var obstacleWords = map[wordpress.Obstacle][2]string{
	wordpress.ObstacleNotWordPress: {"No WordPress REST API was found at this address.",
		"Check the address. If the site is WordPress, save Settings → Permalinks there, and check that no plugin turns off the REST API."},
	wordpress.ObstacleNoHTTPS: {"The site has no HTTPS, and WordPress offers application passwords only over HTTPS.",
		"Install a certificate for the site, then look it up again."},
	wordpress.ObstacleSwitchedOff: {"Application passwords are turned off on this site.",
		"A security plugin or the host turns them off. Wordfence, Solid Security and others have a setting for this. Turn them on, then look up the site again."},
	wordpress.ObstacleBasicAuth: {"The host protects the site with its own password.",
		"WordPress does not allow approvals behind such a password, and a request can carry only one. Turn it off, at least for /wp-json/."},
	wordpress.ObstacleElsewhere: {"The site's approval page is on another host, so Drover does not send you there.",
		"Create an application password in the site's wp-admin, and enter it here."},
}

// Words say what stands in the way of an approval, and what to do.
func Words(p wordpress.Prospect) (finding, fix string) {
	switch p.Obstacle {
	case wordpress.ObstacleAddress:
		return p.Verdict.Note, "Correct the address."
	case wordpress.ObstacleNoAnswer:
		finding, fix = wordpress.CheckWords(p.Verdict.Reason)
		if p.Verdict.Note != "" {
			finding += " " + p.Verdict.Note
		}
		return finding, fix
	}
	words := obstacleWords[p.Obstacle]
	return words[0], words[1]
}
