package web

import (
	"net/url"
	"strconv"

	"github.com/droverhq/drover/internal/expression"
)

// chooseFromAnswers puts the sites into a form of a run that an address chooses by their answers to another run: answers names that run, and
// answers.q is the query of its table of answers. So the address of a draft says which sites are meant, however many they are.
func (s *Server) chooseFromAnswers(v *requestContext, chosen url.Values) error {
	id, err := strconv.ParseInt(chosen.Get("answers"), 10, 64)
	if err != nil {
		return nil
	}
	q, err := url.ParseQuery(chosen.Get("answers.q"))
	if err != nil {
		return errNoPage
	}
	run, err := s.Runner.Run(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	return s.withPlace(v, func(place *expression.Place) error {
		t, err := s.tabulate(v, place, run, q)
		if err != nil {
			return err
		}
		t.narrow(q)
		chosen.Del("site")
		chosen.Set("origin", "answers:"+strconv.FormatInt(run.ID, 10))
		seen := map[int64]bool{}
		for _, r := range t.rows {
			if !seen[r.Site] {
				seen[r.Site] = true
				chosen.Add("site", strconv.FormatInt(r.Site, 10))
			}
		}
		return nil
	})
}
