package sites

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/wordpress"
)

// Offered is what a site's REST API offers.
type Offered struct {
	Site      Site
	Index     endpoint.Index
	Abilities []endpoint.Ability // none before WordPress 6.9
	FetchedAt time.Time
	Problem   string // why there is nothing, as a sentence
}

// indexKept is how long an index is good; it changes when a plugin is activated or updated.
const indexKept = 24 * time.Hour

// Offered returns what the site's REST API offers, from what was fetched lately, or anew when fresh is asked for.
func (r *Registry) Offered(ctx context.Context, actor access.Actor, s Site, fresh bool) (Offered, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteIndex, access.On("site", s.ID)); err != nil {
		return Offered{}, err
	}
	if err := r.reached(ctx, actor, s); err != nil {
		return Offered{}, err
	}
	// The index is for requests of one's own: whoever may send none has no use for it, and it is read with the site's credential.
	if !mayRequest(actor) {
		return Offered{}, errors.Join(access.ErrForbidden, r.log.Refuse(ctx, actor, access.SiteIndex, access.On("site", s.ID), "operation"))
	}
	kept, err := r.store.index(ctx, s.ID)
	if err == nil && !fresh && time.Since(moment(kept.FetchedAt)) < indexKept {
		return kept.offered(s)
	}
	if err != nil && !errors.Is(err, errNoIndex) {
		return Offered{}, err
	}
	client, err := r.Dial(ctx, s)
	if err != nil {
		return Offered{Site: s, Problem: "No credential is stored for this site."}, nil
	}
	x := client.Do(ctx, wordpress.Request{Method: http.MethodGet, Path: "/"})
	if v := wordpress.Classify(x); v.Outcome != wordpress.OK {
		return Offered{Site: s, Problem: v.Reason.Sentence() + " " + v.Note}, nil
	}
	row := indexRow{SiteID: s.ID, FetchedAt: time.Now().UnixMicro(), Body: packed(x.Body)}
	if a := client.Do(ctx, wordpress.Request{Method: http.MethodGet, Path: "/wp-abilities/v1/abilities?per_page=100"}); wordpress.Classify(a).Outcome == wordpress.OK {
		row.Abilities = packed(a.Body)
	}
	if err := r.store.putIndex(ctx, row); err != nil {
		return Offered{}, err
	}
	return row.offered(s)
}

// mayRequest tells whether requests of one's own, of some effect at least, are in the actor's scope.
func mayRequest(actor access.Actor) bool {
	for _, effect := range []string{"read", "change", "destroy"} {
		if actor.Scope.Operation("request", effect) {
			return true
		}
	}
	return false
}

func (row indexRow) offered(s Site) (Offered, error) {
	o := Offered{Site: s, FetchedAt: moment(row.FetchedAt)}
	body, err := unpacked(row.Body)
	if err != nil {
		return o, fmt.Errorf("sites: index: %w", err)
	}
	found, _ := wordpress.FindJSON(body)
	if o.Index, err = endpoint.ParseIndex(found); err != nil {
		o.Problem = "What the site answered is not the index of a REST API."
	}
	if len(row.Abilities) > 0 {
		if body, err = unpacked(row.Abilities); err != nil {
			return o, fmt.Errorf("sites: abilities: %w", err)
		}
		found, _ = wordpress.FindJSON(body)
		o.Abilities, _ = endpoint.ParseAbilities(found) // something else at that address is none
	}
	return o, nil
}

func packed(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

func unpacked(body []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
