package sites

import (
	"context"
	"fmt"

	"github.com/droverhq/drover/internal/wordpress"
)

// Dial returns a client that speaks to the site with its credential. Nothing is sent yet. It returns ErrNoCredential for a site
// that has none.
func (r *Registry) Dial(ctx context.Context, s Site) (*wordpress.Client, error) {
	clients, err := r.DialAll(ctx, []Site{s})
	if err != nil {
		return nil, err
	}
	if clients[s.ID] == nil {
		return nil, fmt.Errorf("sites: dial %s: %w", s.Home, ErrNoCredential)
	}
	return clients[s.ID], nil
}

// DialAll is Dial for many sites; the answer is by site ID, without the sites that have no credential.
func (r *Registry) DialAll(ctx context.Context, chosen []Site) (map[int64]*wordpress.Client, error) {
	ids := make([]int64, len(chosen))
	for i, s := range chosen {
		ids[i] = s.ID
	}
	sealed, err := r.store.credentials(ctx, ids)
	if err != nil {
		return nil, err
	}
	clients := make(map[int64]*wordpress.Client, len(chosen))
	for _, s := range chosen {
		c, found := sealed[s.ID]
		if !found {
			continue
		}
		password, err := r.vault.Open(c.Sealed, binding(s.ID, s.Home))
		if err != nil {
			return nil, fmt.Errorf("sites: dial %s: %w", s.Home, err)
		}
		clients[s.ID] = r.network.Client(s.address(), c.Username, password.Reveal())
	}
	return clients, nil
}

// URL is where a request would be sent, for showing it before.
func (r *Registry) URL(s Site, request wordpress.Request) (string, error) {
	return r.network.Client(s.address(), "", "").URL(request)
}

// Limits returns how many requests may be under way at once, in all and to one address.
func (r *Registry) Limits() (total, perAddress int) { return r.network.Limits() }
