package runs

import (
	"context"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/wordpress"
)

// Answers calls each with the good answer of every site within the actor's reach, in the order of the targets; an answer of several pages comes as one.
func (r *Runner) Answers(ctx context.Context, actor access.Actor, run int64, each func(endpoint.Answer) error) error {
	return r.store.goodBodies(ctx, actor.Scope, run, func(site int64, home string, bodies [][]byte) error {
		a := endpoint.Answer{Site: site, Home: home}
		for _, body := range bodies {
			if found, is := wordpress.FindJSON(body); is {
				a.Pages = append(a.Pages, found)
			}
		}
		if len(a.Pages) == 0 {
			return nil
		}
		return each(a)
	})
}
