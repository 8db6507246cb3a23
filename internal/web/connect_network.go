package web

import (
	"bytes"
	"errors"
	"maps"
	"net/http"

	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

func (s *Server) networkForm(v *requestContext) error {
	return s.showNetworkForm(v, http.StatusOK, nil)
}

func (s *Server) showNetworkForm(v *requestContext, status int, p validation.Problems) error {
	clients, err := s.Registry.Clients(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	fields := append(sourceFields(v, "URL of the network", "https://network.example", p), groupingFields(v, clients, p)...)
	fields = append(fields, views.Field{Name: "addresses", Label: "More of the network's sites", Value: v.PostForm("addresses"), Rows: 3, Mono: true,
		Problem: p["addresses"], Placeholder: "https://blog.network.example\nhttps://network.example/shop",
		Hint: "Optional, one address per line: sites that WordPress does not list for this user."})
	page := views.ConnectSource{Title: "Connect a multisite network", Action: "/connect/network", Button: "List sites", Fields: fields, Problem: p["form"],
		Lead: "One application password of a super admin works on all sites of the network.",
		Steps: []string{"Reads the user's sites from the network's xmlrpc.php. Without a plugin, WordPress lists them nowhere else.",
			"Shows you the list to choose from. Nothing is stored until you do.", "Stores the same credential for each site you select, and checks it.",
			"A super admin's password can do everything on the network. A user with a lower role on each site is safer: see each site's page."}}
	return v.render(status, views.ConnectSourcePage(v.frame("Connect a multisite network", "sites"), page))
}

// listNetwork shows the sites of a network, and keeps the credential, sealed, until the member has chosen.
func (s *Server) listNetwork(v *requestContext) error {
	if _, err := v.form(); err != nil {
		return err
	}
	ctx, source := v.Request.Context(), sourceOf(v)
	_, all, err := s.Connect.Network(ctx, v.actor(), source, connect.ReadAddresses(v.PostForm("addresses")))
	if err != nil {
		return err
	}
	file, err := connect.NetworkFile(source, all, v.PostForm("client"), sites.SplitTags(v.PostForm("tags")))
	if err != nil {
		return err
	}
	if err := s.Registry.KeepUpload(ctx, v.actor(), file, connect.NetworkUpload()); err != nil {
		return err
	}
	page := views.ConnectNetwork{Username: source.Username}
	for _, one := range all {
		page.Sites = append(page.Sites, networkSiteView(one))
	}
	return v.render(http.StatusOK, views.ConnectNetworkPage(v.frame("Choose network sites", "sites"), page))
}

func networkSiteView(one connect.NetworkSite) views.NetworkSite {
	view := views.NetworkSite{Home: one.Home, Name: one.Name, Admin: one.Admin, Chosen: one.Suggested(), Disabled: one.Problem != "", SiteID: one.Site}
	switch {
	case one.Problem != "":
		view.Finding = one.Problem
	case one.Site != 0:
		view.Finding = "Already in the list. Selecting it replaces its credential."
	case one.Elsewhere:
		view.Finding = "On a different domain or port than the network. Select it only if it is yours: the password is sent there."
	}
	return view
}

// addNetwork connects the sites that were chosen, each with the network's credential, and checks them.
func (s *Server) addNetwork(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if len(form["home"]) == 0 {
		return validation.Problems{"home": "No sites selected. Go back and select some."}
	}
	kept, columns, err := s.Registry.Upload(v.Request.Context(), v.actor())
	if err == nil && !maps.Equal(columns, connect.NetworkUpload()) {
		err = sites.ErrNoUpload // another page of the member's has kept another file since
	}
	if err == nil {
		kept, err = connect.ChosenOf(kept, form["home"])
	}
	if errors.Is(err, sites.ErrNoUpload) {
		return validation.Problems{"home": "The list is kept for only an hour, or until you upload a file. List the network's sites again."}
	}
	if err != nil {
		return err
	}
	lines, err := s.Registry.ImportFrom(v.Request.Context(), v.actor(), sites.Source{File: bytes.NewReader(kept)})
	if err != nil {
		return err
	}
	if err := s.Registry.DropUpload(v.Request.Context(), v.actor()); err != nil {
		return err
	}
	return s.reportImport(v, lines)
}
