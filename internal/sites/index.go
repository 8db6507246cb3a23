package sites

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
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

// mostPause is how long a person who looks at a page waits for a server that asked for fewer requests.
const mostPause = 2 * time.Second

// indexKept is how long an index is good; it changes when a plugin is activated or updated.
const indexKept = 24 * time.Hour

// Offered returns what the site's REST API offers, from what was fetched lately, or again when fresh is asked for.
func (r *Registry) Offered(ctx context.Context, actor access.Actor, s Site, reload bool) (Offered, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteIndex, access.On("site", s.ID)); err != nil {
		return Offered{}, err
	}
	if err := r.reached(ctx, actor, s); err != nil {
		return Offered{}, err
	}
	// The index is for requests of one's own: whoever may send none has no use for it, and it is read with the site's credential.
	if !mayRequest(actor) {
		return Offered{}, r.log.Forbid(ctx, actor, access.SiteIndex, access.On("site", s.ID), "operation")
	}
	kept, err := r.store.index(ctx, s.ID)
	if err == nil && !reload && time.Since(moment(kept.FetchedAt)) < indexKept {
		return kept.offered(s)
	}
	if err != nil && !errors.Is(err, errNoIndex) {
		return Offered{}, err
	}
	client, err := r.Dial(ctx, s)
	switch {
	case errors.Is(err, ErrNoCredential):
		return Offered{Site: s, Problem: "No credential is stored for this site."}, nil
	case errors.Is(err, ErrSealed):
		return Offered{Site: s, Problem: "The stored credential cannot be decrypted. Replace it on the site's page, or restore the encryption key that it was " +
			"stored with."}, nil
	case err != nil:
		return Offered{}, err
	}
	located, err := r.Locate(ctx, access.System(), s, client.Through(wordpress.Gate{MaxPause: mostPause}))
	if err != nil {
		return Offered{}, err
	}
	if v := located.Verdict; v.Outcome != "" {
		return Offered{Site: s, Problem: v.Reason.Sentence() + " " + v.Note}, nil
	}
	x := located.Client.Do(ctx, wordpress.FullIndex())
	if v := wordpress.Classify(x); v.Outcome != wordpress.OK {
		return Offered{Site: s, Problem: v.Reason.Sentence() + " " + v.Note}, nil
	}
	row := indexRow{SiteID: s.ID, FetchedAt: time.Now().UnixMicro(), Body: packed(x.Body)}
	if found := abilities(ctx, located.Client); len(found) > 0 {
		row.Abilities = packed(found)
	}
	if err := r.store.putIndex(ctx, row); err != nil {
		return Offered{}, err
	}
	return row.offered(located.Site)
}

// mostPages bounds the pages of a list of abilities, of 100 each.
const mostPages = 20

// abilities reads the list of abilities over all its pages; nil where there is none.
func abilities(ctx context.Context, client *wordpress.Client) []byte {
	var all []json.RawMessage
	for page, pages := 1, 1; page <= min(pages, mostPages); page++ {
		x := client.Do(ctx, wordpress.Request{Method: http.MethodGet, Path: fmt.Sprintf("/wp-abilities/v1/abilities?per_page=100&page=%d", page)})
		found, _ := wordpress.FindJSON(x.Body)
		var some []json.RawMessage
		if wordpress.Classify(x).Outcome != wordpress.OK || json.Unmarshal(found, &some) != nil {
			break // what was read before stays good
		}
		all = append(all, some...)
		pages, _ = strconv.Atoi(x.Header.Get("X-Wp-Totalpages"))
	}
	if all == nil {
		return nil
	}
	body, _ := json.Marshal(all) // raw values that were read as JSON
	return body
}

// AbilityEffect is the most that any site says of one of the abilities, empty where none says anything. It is what sites said when their
// index was read last, whoever may see them: it only raises what Drover finds by itself.
func (r *Registry) AbilityEffect(ctx context.Context, names []string) (effect string, err error) {
	if len(names) == 0 {
		return "", nil
	}
	err = r.store.eachAbilities(ctx, func(row indexRow) (bool, error) {
		body, err := unpacked(row.Abilities)
		if err != nil {
			return false, fmt.Errorf("sites: abilities: %w", err)
		}
		found, _ := wordpress.FindJSON(body)
		all, _ := endpoint.ParseAbilities(found) // something else at that address is none
		for _, a := range all {
			if slices.Contains(names, strings.ToLower(a.Name)) && (effect == "" || a.Effect == "destroy" || effect == "read") {
				effect = a.Effect
			}
		}
		return effect != "destroy", nil
	})
	return effect, err
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
		o.Problem = "The site's answer is not a REST API index."
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
