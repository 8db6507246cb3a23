package runs

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// asked is a request of a person's own, which may refer to the site that it goes to.
type asked struct {
	method, path, body string
	header             http.Header
	columns            []string
	rows               map[string]map[string]string // by home; nil: the request needs none
}

func planRequest(params map[string]string, p sites.Problems) plan {
	a := asked{method: params["method"], path: params["path"], body: params["body"], header: headersOf(params["headers"], p)}
	if a.path != "" && !strings.HasPrefix(a.path, "/") {
		a.path = "/" + a.path
	}
	a.readRows(params["rows"], p)
	a.check(p)
	made := plan{
		title: a.method + " " + a.path, endpoint: a.method + " " + a.path, effect: effectOf(a.method), idempotent: idempotent(a.method),
		pages: flag("pages", params["pages"], p), request: a.to, strays: a.strays,
	}
	if chosen := Effect(params["effect"]); chosen != "" {
		made.lowered = weightOf[chosen] < weightOf[made.effect]
		made.effect, made.idempotent = chosen, made.idempotent || chosen == Read
	}
	return made
}

// weightOf orders effects by how much they do.
var weightOf = map[Effect]int{Read: 0, Change: 1, Destroy: 2}

func headersOf(text string, p sites.Problems) http.Header {
	header := http.Header{}
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(line, ":")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if !found {
			p["headers"] = "Enter each header as a name, a colon and a value, such as X-Trace: 7."
			return nil
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return header
}

func (a *asked) readRows(text string, p sites.Problems) {
	if strings.TrimSpace(text) == "" {
		return
	}
	rows, err := endpoint.ReadRows(text)
	if err != nil {
		p["rows"] = err.Error()
		return
	}
	a.columns, a.rows = rows.Columns, map[string]map[string]string{}
	for address, row := range rows.BySite {
		home, err := wordpress.ParseHome(address)
		if err != nil {
			p["rows"] = address + ": " + err.Error()
			return
		}
		a.rows[home] = row
	}
}

// check finds what is wrong with the request whatever the site.
func (a *asked) check(p sites.Problems) {
	if a.path == "" {
		p["path"] = "Enter the path below the REST root, such as /wp/v2/plugins."
	}
	if a.body != "" && !json.Valid([]byte(a.body)) {
		p["body"] = "This is not JSON. Put strings, names and references such as {{site.name}} in double quotes, and leave out the comma after the last one."
	}
	for name, text := range map[string]string{"path": a.path, "body": a.body} {
		if _, err := endpoint.Names(text, a.columns); err != nil && p[name] == "" {
			p[name] = err.Error()
		}
	}
	if p["path"] != "" || p["method"] != "" {
		return
	}
	dummies := endpoint.Values{}
	for _, name := range []string{"site.url", "site.name", "site.host", "site.id"} {
		dummies[name] = "x"
	}
	for _, column := range a.columns {
		dummies["row."+column] = "x"
	}
	plain := wordpress.Request{Method: a.method, Path: endpoint.ExpandPath(a.path, dummies)}
	if err := plain.Validate(); err != nil {
		p["path"] = err.Error()
		return
	}
	if plain.Header = a.header; plain.Validate() != nil {
		p["headers"] = plain.Validate().Error()
	}
}

// to is the request as it goes to the site. A site without a row has none, where rows were given.
func (a *asked) to(s sites.Site) (wordpress.Request, bool) {
	row, has := a.rows[s.Home]
	values := s.Values()
	for column, value := range row {
		values["row."+column] = value
	}
	r := wordpress.Request{Method: a.method, Path: endpoint.ExpandPath(a.path, values), Header: a.header, Timeout: readTimeout}
	if body, err := endpoint.ExpandJSON(a.body, values); err == nil { // it was found to be JSON
		r.Body = []byte(body)
	}
	return r, has || a.rows == nil
}

func (a *asked) strays(chosen []sites.Site) sites.Problems {
	return problemOf("rows", "These rows are for sites that are not selected (http or https and www matter): ", notChosen(a.rows, chosen))
}
