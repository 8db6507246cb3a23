package web

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

// The ways in which administrators' credentials are given for many sites.
const (
	adminsStored = "stored" // the stored credential of each
	adminsOne    = "one"    // one for all
	adminsTable  = "table"  // one for each, in a table
)

// limitForm asks with which administrators' credentials limited users are to be created on the chosen sites.
func (s *Server) limitForm(v *requestContext) error {
	form := v.Request.URL.Query()
	found, err := s.chosenIn(v, form)
	if err != nil {
		return err
	}
	return s.showLimitForm(v, http.StatusOK, found, form, nil, nil)
}

func (s *Server) showLimitForm(v *requestContext, status int, found []sites.Site, form url.Values, p validation.Problems, unused []sites.Line) error {
	page := views.LimitForm{Count: len(found), Way: form.Get("way"), Problem: p["form"], Fields: credentialFields(form.Get("username"), p),
		Table: views.Field{Name: "table", Label: "Or paste it here", Rows: 6, Mono: true, Problem: p["table"],
			Placeholder: "url,username,application_password\nhttps://acme.example,mara,abcd EFGH 1234 ijkl MNOP 5678"}}
	for i := range page.Fields {
		page.Fields[i].Required, page.Fields[i].Focus = false, false
	}
	page.Fields[0].Label = "Administrator's username"
	for _, site := range found {
		if site.Credential.Administrator {
			page.Administrators++
		}
		if len(page.Rows) < perPage {
			page.Rows = append(page.Rows, views.LimitSite{ID: site.ID, Name: site.Name, Host: site.Host, Username: site.Credential.Username,
				Roles: site.Credential.Roles, Administrator: site.Credential.Administrator})
		}
	}
	for _, line := range unused {
		page.Unused = append(page.Unused, views.ImportLine{Number: line.Number, URL: line.URL, Reason: line.Reason})
	}
	for _, name := range append([]string{"all", "site"}, prefixed("all.", listFilters)...) {
		for _, value := range form[name] {
			page.Selection = append(page.Selection, [2]string{name, value})
		}
	}
	return v.render(status, views.LimitFormPage(v.frame("Create limited users", "sites"), page))
}

func prefixed(prefix string, names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = prefix + name
	}
	return all
}

// limitSites orders limited users on the chosen sites. The work goes on when the person leaves the page.
func (s *Server) limitSites(v *requestContext) error {
	v.Request.Body = http.MaxBytesReader(v.Writer, v.Request.Body, longestUpload)
	if err := v.parse(1 << 20); err != nil {
		return err
	}
	if v.Request.MultipartForm != nil {
		defer v.Request.MultipartForm.RemoveAll()
	}
	form := v.Request.PostForm
	found, err := s.chosenIn(v, form)
	if err != nil {
		return err
	}
	if n := strconv.Itoa(len(found)); form.Get("count") != n {
		return s.showLimitForm(v, http.StatusConflict, found, form,
			validation.Problems{"form": "The list has changed in the meantime: " + countedSites(len(found)) + " match now. Check them and try again."}, nil)
	}
	order, unused, p, err := s.limitOrder(v, form, found)
	if err != nil {
		return err
	}
	if len(p) > 0 {
		return s.showLimitForm(v, http.StatusUnprocessableEntity, found, form, p, unused)
	}
	work, n, err := s.Registry.OrderLimitedUsers(v.Request.Context(), v.actor(), order)
	if err != nil {
		return err
	}
	s.checks.Go(func() {
		if err := work(s.running); err != nil {
			s.Logger.Error("creating limited users failed", "err", err)
		}
	})
	v.setFlash("ok", fmt.Sprintf("Creating limited users on %s. You can leave this page.", countedSites(n)))
	return v.redirect("/limited-users")
}

// limitOrder reads the credentials that the form gives, or what is wrong with them. Lines of a table that are of no use come back.
func (s *Server) limitOrder(v *requestContext, form url.Values, found []sites.Site) (sites.LimitOrder, []sites.Line, validation.Problems, error) {
	all, err := s.Library.Usable(v.Request.Context(), v.actor())
	if err != nil {
		return sites.LimitOrder{}, nil, nil, err
	}
	order := sites.LimitOrder{Sites: idsOf(found), Requests: requestsOf(append(clearsOf(found), all...))}
	switch form.Get("way") {
	case adminsStored:
		return order, nil, nil, nil
	case adminsOne:
		username, password, p := sites.CleanCredential(form.Get("username"), vault.NewSecret(form.Get("application_password")))
		order.Admin = sites.AdminLogin{Username: username, Password: password}
		return order, nil, p, nil
	case adminsTable:
	default:
		return order, nil, validation.Problems{"form": "Choose which administrator's credential Drover uses."}, nil
	}
	var table io.Reader = strings.NewReader(form.Get("table"))
	if file, header, err := v.Request.FormFile("file"); err == nil && header.Size > 0 {
		defer file.Close()
		table = file
	} else if strings.TrimSpace(form.Get("table")) == "" {
		return order, nil, validation.Problems{"table": "Choose a file, or paste a table."}, nil
	}
	admins, unused, err := sites.ReadAdmins(table, found)
	if problem := unreadable(err); problem != "" {
		return order, nil, validation.Problems{"table": problem}, nil
	}
	if err != nil {
		return order, nil, nil, err
	}
	order.Admins = admins
	if len(unused) > 0 {
		p := validation.Problems{"table": fmt.Sprintf("%d of the lines cannot be used. Nothing was started. Correct or remove them, and enter the table again.",
			len(unused))}
		return order, unused, p, nil
	}
	return order, nil, nil, nil
}

// limitStates are the steps as the pages tell them apart.
var limitStates = map[sites.LimitStep]string{sites.LimitWaiting: "limit_waiting", sites.LimitDone: "limited", sites.LimitFailed: "not_limited",
	sites.LimitLeftBehind: "left_behind"}

func limitState(u sites.LimitedUser) string {
	if u.Interrupted {
		return "interrupted"
	}
	if u.Checking {
		return "limit_checking"
	}
	if state, is := limitStates[u.Step]; is {
		return state
	}
	return "limiting"
}

// limitedUsers shows what became of the limited users.
func (s *Server) limitedUsers(v *requestContext) error {
	all, err := s.Registry.LimitedUsers(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	operations, err := s.Library.Usable(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	limited := make([]sites.Site, len(all))
	for i, u := range all {
		limited[i] = u.Site
	}
	operations = append(clearsOf(limited), operations...)
	page := views.LimitedUsersPage{Counts: map[string]int{}, Operations: permissionCounts(all, operations)}
	for _, u := range all {
		row := limitedView(u)
		row.May, row.Asked = permitted(u, operations)
		page.Counts[row.State]++
		if row.State == "not_limited" || row.State == "interrupted" || row.State == "left_behind" {
			page.Again = append(page.Again, u.Site.ID)
		}
		page.Rows = append(page.Rows, row)
	}
	page.Pages = views.Pages{Page: v.page(), Per: perPage, Total: len(page.Rows), Path: "/limited-users"}
	from := min((v.page()-1)*perPage, len(page.Rows))
	page.Rows = page.Rows[from:min(from+perPage, len(page.Rows))]
	page.Again = page.Again[:min(len(page.Again), mostAgain)]
	return v.render(http.StatusOK, views.LimitedUsers(v.frame("Limited users", "sites"), page))
}

// mostAgain is how many sites one address names.
const mostAgain = 500

func limitedView(u sites.LimitedUser) views.LimitedUser {
	view := views.LimitedUser{SiteID: u.Site.ID, Name: u.Site.Name, Home: u.Site.Home, Host: u.Site.Host, Client: u.Site.Client, State: limitState(u),
		Username: u.Username, Role: u.Role, Finding: u.Finding, Fix: u.Fix, AskedBy: u.AskedBy, At: u.AskedAt, Begun: u.Begun()}
	if !u.EndedAt.IsZero() {
		view.At = u.EndedAt
	}
	return view
}

// permitted are the saved operations that the new credential may carry out, and how many it was asked about.
func permitted(u sites.LimitedUser, operations []saved.Operation) (may []string, asked int) {
	for _, o := range operations {
		switch permission, known := u.Permissions[sites.PermissionKey(wordpress.Request{Method: o.Method, Path: o.Path})]; {
		case !known:
		case permission == sites.Permitted:
			may = append(may, o.Name)
			asked++
		default:
			asked++
		}
	}
	return may, asked
}

// permissionCounts tells for each saved operation on how many of the sites the new credential may carry it out.
func permissionCounts(all []sites.LimitedUser, operations []saved.Operation) []views.OperationCount {
	var counts []views.OperationCount
	for _, o := range operations {
		count := views.OperationCount{Name: o.Name, Request: o.Method + " " + o.Path}
		for _, u := range all {
			switch permission, known := u.Permissions[sites.PermissionKey(wordpress.Request{Method: o.Method, Path: o.Path})]; {
			case !known || u.Step != sites.LimitDone:
			case permission == sites.Permitted:
				count.Can++
			case permission == sites.NotPermitted:
				count.Cannot++
			default:
				count.Unknown++
			}
		}
		if count.Can+count.Cannot+count.Unknown > 0 {
			counts = append(counts, count)
		}
	}
	return counts
}

// clearsOf are the requests that clear the caches of the sites' plugins, each once, as saved operations.
func clearsOf(found []sites.Site) []saved.Operation {
	var all []saved.Operation
	seen := map[string]bool{}
	for _, site := range found {
		active, _ := cacheplugin.FromStored(site.CachePlugins)
		for _, p := range active {
			if !seen[p.Name] {
				seen[p.Name] = true
				all = append(all, saved.Operation{Definition: saved.Definition{Name: "Clear the cache of " + p.Name, Method: p.Clear.Method, Path: p.Clear.Path}})
			}
		}
	}
	return all
}
