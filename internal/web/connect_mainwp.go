package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

func (s *Server) mainwpForm(v *requestContext) error {
	return s.showMainWP(v, http.StatusOK, nil)
}

func (s *Server) showMainWP(v *requestContext, status int, p validation.Problems) error {
	clients, err := s.Registry.Clients(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	page := views.ConnectSource{Title: "Connect sites from MainWP", Action: "/connect/mainwp", Button: "List sites", Problem: p["form"],
		Lead: "Your MainWP dashboard is a WordPress site. With one application password for it, Drover adds all its sites to the queue.",
		Steps: []string{"Signs in to the dashboard and reads its sites, clients and tags. Nothing is changed there.",
			"Adds the sites to the queue with their clients and tags, except those already in your site list.",
			"Lets you approve each site in WordPress with one click. MainWP does not share passwords for its sites.",
			"Discards the dashboard's password unless you choose to store it.",
			"Requires WordPress 6.9, a current MainWP Dashboard plugin and an administrator of the dashboard."},
		Fields: append(sourceFields(v, "Dashboard URL", "https://dashboard.example", p), groupingFields(v, clients, p)...),
		Keep:   "Also add the dashboard itself as a site, and store this password for it", Kept: v.PostForm("keep") == "1"}
	for i := range page.Fields {
		if page.Fields[i].Name == "client" {
			page.Fields[i].Hint = "For sites that have none in the dashboard."
		}
	}
	return v.render(status, views.ConnectSourcePage(v.frame("Connect sites from MainWP", "sites"), page))
}

// sourceFields ask for a WordPress site and a credential for it.
func sourceFields(v *requestContext, label, example string, p validation.Problems) []views.Field {
	return append([]views.Field{{Name: "url", Label: label, Value: v.PostForm("url"), Problem: p["url"], Required: true, Placeholder: example, Complete: "off"}},
		credentialFields(v.PostForm("username"), p)...)
}

func sourceOf(v *requestContext) connect.Source {
	return connect.Source{URL: v.PostForm("url"), Username: v.PostForm("username"), Password: vault.NewSecret(v.PostForm("application_password"))}
}

// listMainWP reads a dashboard's sites into the queue, and looks at them behind.
func (s *Server) listMainWP(v *requestContext) error {
	if _, err := v.form(); err != nil {
		return err
	}
	w := connect.Wanted{Client: v.PostForm("client"), Tags: sites.SplitTags(v.PostForm("tags"))}
	listed, err := s.Connect.AddMainWP(v.Request.Context(), v.actor(), sourceOf(v), w)
	if err != nil {
		return err
	}
	s.lookBehind(v, listed.Added)
	message := listed.String()
	if v.PostForm("keep") == "1" {
		more, err := s.keepDashboard(v, listed.Home, w)
		if err != nil {
			return err
		}
		message += " " + more
	}
	v.setFlash("ok", message)
	return v.redirect("/connect")
}

// keepDashboard adds the dashboard itself as a site, and says what came of it.
func (s *Server) keepDashboard(v *requestContext, home string, w connect.Wanted) (string, error) {
	source := sourceOf(v)
	d := sites.Draft{URL: home, Client: w.Client, Tags: w.Tags, Username: source.Username, Password: source.Password}
	site, err := s.Registry.Add(v.Request.Context(), v.actor(), d)
	if errors.Is(err, access.ErrNeedsApproval) {
		_, err = v.change(changes.Change{Action: access.SiteAdd, Draft: d})
	}
	if p, is := errors.AsType[validation.Problems](err); is {
		return "The dashboard itself was not added: " + strings.TrimSpace(p["url"]+" "+p["client"]), nil
	}
	if requested, is := errors.AsType[*changes.Requested](err); is {
		return fmt.Sprintf("A second person must approve the dashboard itself: change %d.", requested.Pending.ID), nil
	}
	if err != nil {
		return "", err
	}
	s.checkBehind(v, []sites.Site{site})
	return "The dashboard itself was added as a site.", nil
}
