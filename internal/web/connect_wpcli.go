package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

func (s *Server) scriptForm(v *requestContext) error {
	return s.showScript(v, http.StatusOK, "", nil)
}

// makeScript shows the script for the list in the form. Nothing is stored, and the script holds no secret.
func (s *Server) makeScript(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	script, err := connect.WPCLI(connect.Script{Sites: form.Get("addresses"), Username: form.Get("username"), Client: form.Get("client"),
		Tags: sites.SplitTags(form.Get("tags"))})
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showScript(v, http.StatusUnprocessableEntity, "", p)
	}
	if err != nil {
		return err
	}
	return s.showScript(v, http.StatusOK, script, nil)
}

func (s *Server) showScript(v *requestContext, status int, script string, p validation.Problems) error {
	clients, err := s.Registry.Clients(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	call := "sh connect.sh"
	if strings.TrimSpace(v.PostForm("addresses")) == "" {
		call += " sites.txt"
	}
	page := views.ConnectScript{Script: script, Pipe: call + " | drover sites import -", File: "(umask 077; " + call + " > sites.csv)",
		List: views.Field{Name: "addresses", Label: "Sites", Value: v.PostForm("addresses"), Rows: 9, Mono: true, Problem: p["addresses"],
			Placeholder: "https://acme.example, /srv/www/acme\n/srv/www/shop\n@blog\nhttps://club.example, www@club.example/srv/www, editor",
			Hint: "One per line: address, location of WordPress, username. The location is a path, a WP-CLI alias or an SSH host. It can be the only value. " +
				"Leave the list empty for a script that reads a file."},
		Fields: append([]views.Field{{Name: "username", Label: "WordPress user", Value: v.PostForm("username"), Problem: p["username"], Complete: "off",
			Hint: "For lines without a username. If empty, the first administrator of each site is used. A user who can only clear the cache is safer."}},
			groupingFields(v, clients, p)...),
	}
	return v.render(status, views.ConnectScriptPage(v.frame("Connect over SSH", "sites"), page))
}

// groupingFields are the client and tags of sites that are to come.
func groupingFields(v *requestContext, clients []string, p validation.Problems) []views.Field {
	return []views.Field{
		{Name: "client", Label: "Client", Value: v.PostForm("client"), List: clients, Problem: p["client"], Complete: "off"},
		{Name: "tags", Label: "Tags", Value: v.PostForm("tags"), Problem: p["tags"], Hint: "Separated by commas.", Complete: "off"},
	}
}
