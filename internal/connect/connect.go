// Package connect brings sites into Drover by a user's approval in WordPress: a queue of addresses that the team shares, what is seen of each without
// a credential, and the way to WordPress and back. It stores no credential: what comes back is handed on at once.
package connect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// ErrNone is returned for a connection that is not in the queue, or outside the actor's scope.
var ErrNone = errors.New("there is no such connection")

// State is how far a connection has come.
type State string

// The states.
const (
	Looking   State = "looking"
	Ready     State = "ready"     // a user can approve it in WordPress
	Attention State = "attention" // something stands in the way
	Skipped   State = "skipped"
	Connected State = "connected"
)

// States lists the states in the order in which people care.
func States() []State { return []State{Ready, Attention, Looking, Skipped, Connected} }

// The obstacles that only the queue sees, beside those of wordpress.Look.
const (
	ObstacleKnown = "known" // the site is in the list already
	ObstacleTwice = "twice" // another connection leads to the same site
)

// Connection is one site that is to be connected. It holds no secret.
type Connection struct {
	ID       int64
	Address  string // as it was typed
	Home     string
	SiteURL  string // of WordPress itself; empty before a look
	Root     string
	Name     string
	Approval string // the page on which a user approves; empty where there is none
	Plugins  string
	Client   string
	Tags     []string
	SiteID   int64 // of the site in the list; 0 where there is none
	Replaces bool  // the credential of that site
	State    State

	Obstacle     string
	Finding, Fix string // of what stands in the way

	AddedBy, TakenBy                    string
	TakenID                             int64
	AddedAt, LookedAt, TakenAt, EndedAt time.Time
}

// Queue is the connections of the team.
type Queue struct {
	store    store
	log      *audit.Log
	registry *sites.Registry
	network  *wordpress.Network

	beforeTaking func() // where tests hold what has read a state, and not taken it yet
}

// New returns the queue over the database.
func New(db *database.DB, log *audit.Log, registry *sites.Registry, network *wordpress.Network) *Queue {
	return &Queue{store: store{db.Gorm, log}, log: log, registry: registry, network: network}
}

// Wanted is what somebody adds to the queue: addresses, and what is to be known of their sites.
type Wanted struct {
	Addresses []string
	Client    string
	Tags      []string
}

// mostAddresses bounds one addition.
const mostAddresses = 20_000

// ReadAddresses takes the addresses out of pasted text: one to a line, or the first cell of a table that is one.
func ReadAddresses(text string) (addresses []string) {
	for line := range strings.Lines(text) {
		cells := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",;\t|\"\r\n", r) })
		chosen := ""
		for _, cell := range cells {
			cell = strings.TrimSpace(cell)
			if chosen == "" && cell != "" {
				chosen = cell
			}
			if home, err := wordpress.ParseHome(cell); err == nil && strings.Contains(home, ".") {
				chosen = cell
				break
			}
		}
		if chosen != "" {
			addresses = append(addresses, chosen)
		}
	}
	return addresses
}

// Add puts addresses into the queue, and returns the connections that are new. Those that are waiting already are left as they are.
func (q *Queue) Add(ctx context.Context, actor access.Actor, w Wanted) ([]Connection, error) {
	if err := q.log.Authorize(ctx, actor, access.ConnectQueue, ""); err != nil {
		return nil, err
	}
	if len(w.Addresses) == 0 {
		return nil, validation.Problems{"addresses": "Enter at least one site address, such as https://acme.example."}
	}
	if len(w.Addresses) > mostAddresses {
		return nil, validation.Problems{"addresses": "This is more than 20,000 addresses. Add them in parts."}
	}
	client, tags, p := sites.Grouping(w.Client, w.Tags)
	if len(p) == 0 && !actor.Scope.Site(client, tags) {
		p["client"] = "Your access covers only some clients and tags. Choose one of them so that you can see the sites."
	}
	if err := p.OrNil(); err != nil {
		return nil, err
	}
	rows, seen := []row{}, map[string]bool{}
	for _, address := range w.Addresses {
		r := row{Address: shorten(wordpress.Visible(address)), Home: waitingHome(address), Client: client, Tags: strings.Join(tags, ","), State: Looking,
			AddedBy: actor.Name}
		if !seen[r.Home] {
			seen[r.Home] = true
			rows = append(rows, r)
		}
	}
	added, err := q.store.add(ctx, actor, rows, nil)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return added, nil
}

// AddSites puts sites of the list into the queue whose credential is to be replaced, and returns their connections.
func (q *Queue) AddSites(ctx context.Context, actor access.Actor, chosen []sites.Site) ([]Connection, error) {
	if err := q.log.Authorize(ctx, actor, access.ConnectQueue, ""); err != nil {
		return nil, err
	}
	rows := make([]row, len(chosen))
	for i, s := range chosen {
		if !actor.Scope.Site(s.Client, s.Tags) {
			return nil, sites.ErrNoSite
		}
		rows[i] = row{Address: s.Home, Home: s.Home, Name: s.Name, Client: s.Client, Tags: strings.Join(s.Tags, ","), SiteID: s.ID, Replaces: true,
			State: Looking, AddedBy: actor.Name}
	}
	added, err := q.store.replace(ctx, actor, rows)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return added, nil
}

// longestAddress bounds what is kept of an address, in characters.
const longestAddress = 500

// shorten bounds a text and takes out what PostgreSQL does not store.
func shorten(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")), " ")
	if runes := []rune(text); len(runes) > longestAddress {
		return string(runes[:longestAddress]) + "…"
	}
	return text
}

// waitingHome is what tells an address from others until it was looked at.
func waitingHome(address string) string {
	bare, _, _ := strings.Cut(address, "?")
	bare, _, _ = strings.Cut(bare, "#")
	if home, err := wordpress.ParseHome(bare); err == nil {
		return home
	}
	return shorten(strings.ToLower(wordpress.Visible(address)))
}

// Connection returns one connection, or ErrNone. One outside the actor's scope does not exist for them, and the attempt is recorded.
func (q *Queue) Connection(ctx context.Context, actor access.Actor, id int64) (Connection, error) {
	c, err := q.store.one(ctx, id)
	if err != nil {
		return c, err
	}
	if !within(actor, c) {
		return Connection{}, errors.Join(ErrNone, q.log.Refuse(ctx, actor, access.ConnectQueue, access.On("connection", id), "reach"))
	}
	return c, nil
}

func within(actor access.Actor, c Connection) bool { return actor.Scope.Site(c.Client, c.Tags) }

// Overview is the queue as an actor sees it.
type Overview struct {
	Counts map[State]int
	Page   []Connection
	Total  int // of the state that was asked for
}

// Overview returns a page of the connections in a state, all for the empty one, and how many there are in each. A page begins after offset; 0 as
// limit is all.
func (q *Queue) Overview(ctx context.Context, actor access.Actor, state State, offset, limit int) (Overview, error) {
	all, err := q.store.all(ctx)
	o := Overview{Counts: map[State]int{}}
	for _, c := range all {
		if !within(actor, c) {
			continue
		}
		o.Counts[c.State]++
		if state != "" && c.State != state {
			continue
		}
		if o.Total++; o.Total > offset && (limit == 0 || len(o.Page) < limit) {
			o.Page = append(o.Page, c)
		}
	}
	return o, err
}

// Skip leaves connections out until somebody puts them back; Unskip does.
func (q *Queue) Skip(ctx context.Context, actor access.Actor, ids ...int64) error {
	return q.mark(ctx, actor, ids, "skipped", func(w write, c Connection) error { return w.setState(c.ID, Skipped) })
}

// Unskip puts skipped connections back, to be looked at again.
func (q *Queue) Unskip(ctx context.Context, actor access.Actor, ids ...int64) error {
	return q.mark(ctx, actor, ids, "put_back", func(w write, c Connection) error { return w.setState(c.ID, Looking) })
}

// Remove takes connections out of the queue.
func (q *Queue) Remove(ctx context.Context, actor access.Actor, ids ...int64) error {
	return q.mark(ctx, actor, ids, "removed", func(w write, c Connection) error { return w.remove(c.ID) })
}

// mark does the same to several connections in one transaction, with one entry.
func (q *Queue) mark(ctx context.Context, actor access.Actor, ids []int64, what string, f func(write, Connection) error) error {
	if err := q.log.Authorize(ctx, actor, access.ConnectQueue, ""); err != nil {
		return err
	}
	chosen := make([]Connection, len(ids))
	for i, id := range ids {
		var err error
		if chosen[i], err = q.Connection(ctx, actor, id); err != nil {
			return err
		}
	}
	if len(chosen) == 0 {
		return nil
	}
	homes := make([]string, len(chosen))
	err := q.store.change(ctx, actor, func(w write) error {
		for i, c := range chosen {
			homes[i] = c.Home
			if err := f(w, c); err != nil {
				return err
			}
		}
		return w.record(access.ConnectQueue, "", map[string]any{what: len(chosen), "homes": some(homes)})
	})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}
