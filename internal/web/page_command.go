package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/views"
)

// showCommand says how the page that for names is reached from a terminal.
func (s *Server) showCommand(v *requestContext) error {
	page, err := url.Parse(next(v.Query("for")))
	if err != nil || v.Query("for") == "" {
		page = &url.URL{Path: "/"}
		if from, err := url.Parse(v.GetHeader("Referer")); err == nil && v.Query("for") == "" && from.Path != "" {
			page = from // a browser without scripts
		}
	}
	homes, err := s.homesOf(v, page)
	if err != nil {
		return err
	}
	command := commandOf(page, homes)
	command.Server = strings.TrimSuffix(s.PublicURL, "/")
	if v.GetHeader("HX-Request") != "" {
		return v.render(http.StatusOK, views.CommandBox(command, true))
	}
	return v.render(http.StatusOK, views.CommandPage(v.frame("This page as a command", ""), command))
}

var sitePath = regexp.MustCompile(`^/sites/(\d+)`)

// homesOf are the URLs of the sites that the page names by their numbers, of those that the member may see.
func (s *Server) homesOf(v *requestContext, page *url.URL) ([]string, error) {
	form := page.Query()
	if found := sitePath.FindStringSubmatch(page.Path); found != nil {
		form = url.Values{"site": {found[1]}}
	} else if page.Path != "/run" {
		return nil, nil
	}
	ids := selectionOf(form).IDs
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := s.Registry.Select(v.Request.Context(), v.actor(), sites.Selection{IDs: ids})
	if err != nil {
		return nil, err
	}
	homes := make([]string, len(found))
	for i, site := range found {
		homes[i] = site.Home
	}
	return homes, nil
}

// pageCommands are the pages by their paths, and how each is written as a command. What the path's brackets catch comes in as id.
var pageCommands = []struct {
	path *regexp.Regexp
	of   func(id string, q url.Values, homes []string) views.PageCommand
}{
	{regexp.MustCompile(`^/sites/import$`), func(string, url.Values, []string) views.PageCommand {
		return views.PageCommand{What: "Imports sites from a file. Run it on the Drover server.", Drover: []string{"drover sites import FILE.csv"}}
	}},
	{regexp.MustCompile(`^/sites/(\d+)`), func(_ string, _ url.Values, homes []string) views.PageCommand {
		return sitesCommand("Shows this site and what its last check found.", url.Values{"site": homes})
	}},
	{regexp.MustCompile(`^/sites`), func(_ string, q url.Values, _ []string) views.PageCommand {
		return sitesCommand("Lists these sites.", q)
	}},
	{regexp.MustCompile(`^/runs/(\d+)`), func(id string, q url.Values, _ []string) views.PageCommand {
		return views.PageCommand{What: "Shows this run and the outcome of each site.", Drover: []string{"drover runs show " + id},
			Curl: curl("/api/v1/runs/"+id+"/targets", only(q, "outcome", "reason"))}
	}},
	{regexp.MustCompile(`^/(runs)?$`), func(_ string, q url.Values, _ []string) views.PageCommand {
		return views.PageCommand{What: "Lists the latest runs.", Drover: []string{"drover runs list"}, Curl: curl("/api/v1/runs", only(q, "operation", "state"))}
	}},
	{regexp.MustCompile(`^/(?:run|endpoints|operations)\b`), func(_ string, q url.Values, homes []string) views.PageCommand {
		return runCommand(q, homes)
	}},
	{regexp.MustCompile(`^/audit`), func(_ string, q url.Values, _ []string) views.PageCommand {
		return views.PageCommand{What: "Lists these entries of the audit log.",
			Drover: []string{words("drover audit list", flags(q, "actor", "action", "subject", "since"))},
			Curl:   curl("/api/v1/audit", only(q, "actor", "action", "subject", "outcome", "since", "until"))}
	}},
	{regexp.MustCompile(`^/team`), func(string, url.Values, []string) views.PageCommand {
		return views.PageCommand{What: "Invites a member. Run it on the Drover server.", Drover: []string{"drover members invite EMAIL --role operator"}}
	}},
	{regexp.MustCompile(``), func(string, url.Values, []string) views.PageCommand {
		return views.PageCommand{What: "Shows the token's owner, role and access.", Curl: curl("/api/v1/me", nil)}
	}},
}

func sitesCommand(what string, q url.Values) views.PageCommand {
	named := []string{"client", "tag", "state", "q", "cache", "plugin", "wordpress", "credential", "certificate", "site"}
	return views.PageCommand{What: what, Drover: []string{words("drover sites list", flags(q, named...))}, Curl: curl("/api/v1/sites", only(q, named...))}
}

func commandOf(page *url.URL, homes []string) views.PageCommand {
	for _, c := range pageCommands {
		if found := c.path.FindStringSubmatch(page.Path); found != nil {
			return c.of(found[len(found)-1], page.Query(), homes)
		}
	}
	return views.PageCommand{}
}

// runCommand starts the run that a form describes. A body is not written out: it may hold secrets, and a terminal keeps its history.
func runCommand(q url.Values, homes []string) views.PageCommand {
	if q.Get("operation") == "" {
		q.Set("operation", "OPERATION")
	}
	if q.Get("all") == "1" {
		byFilters(q)
	}
	spec := specOf(q)
	for name, value := range map[string]string{"method": q.Get("p.method"), "path": q.Get("p.path")} {
		if value != "" {
			spec.Params[name] = value
		}
	}
	if q.Get("p.body") != "" {
		spec.Params["body"] = "@body.json"
	}
	if spec.Selection.IDs = nil; !spec.Selection.All {
		spec.Selection.Homes = homes
	}
	c := views.PageCommand{What: "Starts this run. Add --dry-run to see the requests first, or send the same to /api/v1/runs/preview.",
		Drover: []string{words("drover run "+quoted(spec.Operation), runFlags(spec))}}
	if spec.Selection.State != "" || spec.Selection.Query != "" {
		c.Drover = nil // the command line knows no such filter, and without it more sites would be meant
	}
	start := Start{Operation: spec.Operation, Params: spec.Params, Selection: spec.Selection, Verify: spec.Verify}
	if spec.Params["body"] != "" {
		start.Params["body"] = "THE BODY, AS JSON"
	}
	text, _ := json.Marshal(start) // strings and numbers
	c.Curl = curl("/api/v1/runs", nil) + " \\\n  --json " + quoted(string(text))
	return c
}

func runFlags(spec runs.Spec) []string {
	var all []string
	if spec.Selection.All {
		all = append(all, "--all")
	}
	for _, each := range []struct {
		flag   string
		values []string
	}{{"--client ", spec.Selection.Clients}, {"--tag ", spec.Selection.Tags}, {"--site ", spec.Selection.Homes}} {
		for _, value := range each.values {
			all = append(all, each.flag+quoted(value))
		}
	}
	var params []string
	for name, value := range spec.Params {
		params = append(params, "--param "+quoted(name+"="+value))
	}
	slices.Sort(params)
	all = append(all, params...)
	if spec.Verify {
		all = append(all, "--verify")
	}
	return all
}

// words is a command with its flags.
func words(command string, flags []string) string {
	return strings.Join(append([]string{command}, flags...), " ")
}

func flags(q url.Values, names ...string) []string {
	var all []string
	for _, name := range names {
		for _, value := range filled(q[name]) {
			all = append(all, "--"+name+" "+quoted(value))
		}
	}
	return all
}

func only(q url.Values, names ...string) url.Values {
	kept := url.Values{}
	for _, name := range names {
		if values := filled(q[name]); len(values) > 0 {
			kept[name] = values
		}
	}
	return kept
}

// curl reads from the API. The token comes from the environment: a credential is never written into a command.
func curl(path string, q url.Values) string {
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return `curl -sS "$DROVER_SERVER` + path + `" \` + "\n" + `  -H "Authorization: Bearer $DROVER_TOKEN"`
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=@%+-]+$`)

// quoted is a word as a shell reads it.
func quoted(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
