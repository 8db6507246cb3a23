package web

import (
	"net/http"
	"strconv"

	"github.com/droverhq/drover/views"
)

// gallery lists every page and state, drawn from fixtures: for people who develop Drover.
func (s *Server) gallery(v *requestContext) error {
	return v.render(http.StatusOK, views.GalleryIndex(views.Gallery()))
}

func (s *Server) galleryPage(v *requestContext) error {
	n, err := strconv.Atoi(v.Param("name"))
	all := views.Gallery()
	if err != nil || n < 0 || n >= len(all) {
		return errNoPage
	}
	return v.render(http.StatusOK, all[n].Component)
}
