package runs

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/operation"
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
	judged := operation.Judge(operation.Request{Method: a.method, Path: a.path, Header: a.header, Body: a.body})
	said := Effect(params["effect"])
	return plan{
		title: a.method + " " + endpoint.RedactTemplate(a.path).Text, endpoint: a.method + " " + a.path, secrets: a.secrets, effect: operation.Most(judged.Effect, said), operations: judged.Operations, said: said,
		refers: endpoint.Refers(a.path) || endpoint.Refers(a.body), idempotent: idempotent(a.method) || said == Read,
		pages: flag("pages", params["pages"], p), request: a.to, strays: a.strays,
	}
}

// lowered tells whether a person says that it does less than it may.
func (p plan) lowered() bool { return p.said != "" && p.said.LessThan(p.effect) }

// reads tells whether its answer is what it is for.
func (p plan) reads() bool { return p.effect == Read || p.said == Read }

// exceeded tells whether the request with a site's values in it does more than the plan says.
func (p plan) exceeded(r wordpress.Request) bool {
	if !p.refers {
		return false
	}
	judged := operation.Judge(operation.Request{Method: r.Method, Path: r.Path, Header: r.Header, Body: string(r.Body)})
	return judged.Exceeds(operation.Judgement{Effect: p.effect, Operations: p.operations})
}

// exceedsOn says which site's values make another request of the plan.
func exceedsOn(s sites.Site) sites.Problems {
	return sites.Problems{"path": "With the values of " + s.Name + " this is another request, which does more. Write that request itself."}
}

// within tells whether the actor's scope holds the operation that was asked for, and those that a request is in truth.
func (p plan) within(actor audit.Actor, name string) bool {
	covered := func(name string) bool { return actor.Reach.Operation(name, string(p.effect)) }
	return covered(name) && !slices.ContainsFunc(p.operations, func(name string) bool { return !covered(name) })
}

func headersOf(text string, p sites.Problems) http.Header {
	header := http.Header{}
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(line, ":")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if !found {
			p["headers"] = "Write each header as a name, a colon and its value, such as X-Trace: 7."
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
		p["path"] = "Write the path below the REST root, such as /wp/v2/plugins."
	}
	if a.body != "" && !json.Valid([]byte(a.body)) {
		p["body"] = "This is not JSON. Strings and names stand in double quotes, references such as {{site.name}} too, and no comma follows the last one."
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

// secrets are the values of the site's row that stand under a secret's name.
func (a *asked) secrets(s sites.Site) []string {
	var all []string
	for column, value := range a.rows[s.Home] {
		if endpoint.SecretKey(column) {
			all = append(all, value)
		}
	}
	return all
}

func (p plan) secretsOf(s sites.Site) []string {
	if p.secrets == nil {
		return nil
	}
	return p.secrets(s)
}

func (a *asked) strays(chosen []sites.Site) sites.Problems {
	return problemOf("rows", "These rows are for sites that are not chosen (http or https and www matter): ", notChosen(a.rows, chosen))
}
