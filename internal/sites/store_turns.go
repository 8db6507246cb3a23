package sites

import (
	"slices"

	"github.com/droverhq/drover/internal/access"
)

// takeTurn makes all who change sites take turns until they have committed. Whatever depends on what is stored is read after it; and since
// everybody takes it before they touch a row, of two nobody waits for the other in a circle.
func (w write) takeTurn(action access.Action, subject access.Subject) error {
	return w.log.VerifyActor(w.tx, w.actor, action, subject)
}

// reading is the store as the change sees it.
func (w write) reading() store { return store{db: w.tx, log: w.log} }

// site takes a turn and returns the site as the change finds it, or ErrNoSite where it is not within the actor's reach any more.
func (w write) site(action access.Action, id int64) (Site, error) {
	found, err := w.sites(action, access.On("site", id), []int64{id})
	if err != nil {
		return Site{}, err
	}
	return found[0], nil
}

// sites is site for several, each named once.
func (w write) sites(action access.Action, subject access.Subject, ids []int64) ([]Site, error) {
	if err := w.takeTurn(action, subject); err != nil {
		return nil, err
	}
	found, err := w.reading().byIDs(w.tx.Statement.Context, ids)
	if err != nil {
		return nil, err
	}
	if len(found) < len(ids) || slices.ContainsFunc(found, func(s Site) bool { return !within(w.actor, s) }) {
		return nil, ErrNoSite
	}
	return found, nil
}
