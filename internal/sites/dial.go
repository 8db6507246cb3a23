package sites

import (
	"context"
	"errors"
	"fmt"

	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// Dial returns a client that speaks to the site with its credential. Nothing is sent yet. It returns ErrNoCredential for a site
// that has none, and ErrSealed where the stored one does not open.
func (r *Registry) Dial(ctx context.Context, s Site) (*wordpress.Client, error) {
	clients, failed, err := r.DialAll(ctx, []Site{s})
	if err == nil {
		err = failed[s.ID]
	}
	if err != nil {
		return nil, fmt.Errorf("sites: dial %s: %w", s.Home, err)
	}
	return clients[s.ID], nil
}

// DialAll is Dial for many sites. The answers are by site ID: a client, or why there is none. Err is a failure that is none of a site's.
func (r *Registry) DialAll(ctx context.Context, chosen []Site) (clients map[int64]*wordpress.Client, failed map[int64]error, err error) {
	ids := make([]int64, len(chosen))
	for i, s := range chosen {
		ids[i] = s.ID
	}
	sealed, err := r.store.credentials(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	clients, failed = make(map[int64]*wordpress.Client, len(chosen)), map[int64]error{}
	for _, s := range chosen {
		c, found := sealed[s.ID]
		if !found {
			failed[s.ID] = ErrNoCredential
			continue
		}
		password, err := r.vault.Open(c.Sealed, binding(s.ID))
		switch {
		case errors.Is(err, vault.ErrOpen):
			failed[s.ID] = fmt.Errorf("%w: %w", ErrSealed, err)
		case err != nil:
			return nil, nil, fmt.Errorf("sites: dial %s: %w", s.Home, err)
		default:
			clients[s.ID] = r.network.Client(s.address(), c.Username, password.Reveal())
		}
	}
	return clients, failed, nil
}

// URL is where a request would be sent, for showing it before.
func (r *Registry) URL(s Site, request wordpress.Request) (string, error) {
	return r.network.Client(s.address(), "", "").URL(request)
}

// Limits returns how many requests may be under way at once, in all and to one address.
func (r *Registry) Limits() (total, perAddress int) { return r.network.Limits() }
