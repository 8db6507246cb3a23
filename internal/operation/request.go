package operation

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// customRequest is a request of a person's own, which may refer to the site that it goes to.
type customRequest struct {
	method, path, body string
	route              wordpress.Route // the path as it was typed
	header             http.Header
	columns            []string
	rows               map[string]map[string]string // by home; nil: the request needs none
}

func planRequest(params map[string]string, p validation.Problems) Plan {
	route, err := wordpress.ParseRoute(params["path"])
	if err != nil {
		p["path"] = err.Error()
	}
	a := customRequest{method: params["method"], path: route.Path, route: route, body: params["body"], header: headersOf(params["headers"], p)}
	a.readRows(params["rows"], p)
	a.check(p)
	judged, declared := Judge(Request{Method: a.method, Path: a.path, Header: a.header, Body: a.body}), Effect(params["effect"])
	return Plan{
		Title: a.method + " " + endpoint.RedactTemplate(a.path).Text, Endpoint: a.method + " " + a.path,
		Effect: Most(judged.Effect, declared), Operations: judged.Operations, Abilities: judged.Abilities, Declared: declared, Refers: endpoint.Refers(a.path) ||
			endpoint.Refers(a.body),
		Idempotent: idempotent(a.method) && (EffectOf(a.method) != Read || judged.Effect == Read) || declared == Read, AllPages: flag("pages", params["pages"], p),
		Request: a.to, Secrets: a.secrets, Unmatched: a.unmatched,
	}
}

func headersOf(text string, p validation.Problems) http.Header {
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

func (a *customRequest) readRows(text string, p validation.Problems) {
	if strings.TrimSpace(text) == "" {
		return
	}
	rows, err := endpoint.ReadRows(text)
	if err != nil {
		p["rows"] = err.Error()
		return
	}
	a.columns, a.rows = rows.Columns, map[string]map[string]string{}
	for _, address := range slices.Sorted(maps.Keys(rows.BySite)) {
		home, err := wordpress.ParseHome(address)
		if err != nil {
			p["rows"] = address + ": " + err.Error()
			return
		}
		a.rows[home] = rows.BySite[address]
	}
}

// check finds what is wrong with the request whatever the site.
func (a *customRequest) check(p validation.Problems) {
	if a.path == "" && p["path"] == "" {
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

// to is the request as it goes to the site. A site without a row has none, where rows were given, and one that is not meant has none.
func (a *customRequest) to(s Site) (wordpress.Request, bool) {
	values := a.values(s)
	_, has := a.rows[s.Home]
	r := wordpress.Request{Method: a.method, Path: endpoint.ExpandPath(a.path, values), Header: a.header, Timeout: slowRead}
	if body, err := endpoint.ExpandJSON(a.body, values); err == nil { // it was found to be JSON
		r.Body = []byte(body)
	}
	return r, (has || a.rows == nil) && a.meant(s)
}

// meant tells whether the site is that of the address that the path was typed with; without one every site is meant.
func (a *customRequest) meant(s Site) bool {
	return a.route.Fits(s.Home) || s.ReportedHome != "" && a.route.Fits(strings.TrimSuffix(s.ReportedHome, "/"))
}

func (a *customRequest) values(s Site) endpoint.Values {
	values := s.Values()
	for column, value := range a.rows[s.Home] {
		values["row."+column] = value
	}
	return values
}

// secrets are the values of the site's row that stand under a secret's name.
func (a *customRequest) secrets(s Site) []string {
	var all []string
	for column, value := range a.rows[s.Home] {
		if endpoint.SecretKey(column) {
			all = append(all, value)
		}
	}
	return all
}

// Bounds of a request with the values of a site in it: a short text can name a long value many times.
const (
	mostPath = 8 << 10
	mostBody = 4 << 20
)

// checkSizes finds a site whose values make the request too large.
func (a *customRequest) checkSizes(chosen []Site) validation.Problems {
	path, body := endpoint.CountReferences(a.path), endpoint.CountReferences(a.body)
	for _, s := range chosen {
		values := a.values(s)
		if path.Size(values) > mostPath {
			return validation.Problems{"path": fmt.Sprintf("With the values of %s, the path is longer than %d KB. Use shorter values.", s.Home, mostPath>>10)}
		}
		if body.Size(values) > mostBody {
			return validation.Problems{"body": fmt.Sprintf("With the values of %s, the body is larger than %d MB. Use shorter values, or fewer references.", s.Home,
				mostBody>>20)}
		}
	}
	return nil
}

// unmatched tells of rows and addresses for sites that are not chosen, and of sites whose values make the request too large.
func (a *customRequest) unmatched(chosen []Site) validation.Problems {
	if problem := a.checkRoots(chosen); problem != "" {
		return validation.Problems{"path": problem}
	}
	if p := a.checkSizes(chosen); p != nil {
		return p
	}
	return problemOf("rows", "These rows are for sites that are not selected (http or https and www matter): ", notChosen(a.rows, chosen))
}

// checkRoots finds a path that begins with the address of a site that is not chosen, or with a REST prefix other than wp-json.
func (a *customRequest) checkRoots(chosen []Site) string {
	if len(chosen) > 0 && !slices.ContainsFunc(chosen, a.meant) {
		return a.route.From + " is not one of the selected sites (http or https and www matter). Enter the path below the REST root, such as /wp/v2/plugins."
	}
	for _, s := range chosen {
		below, has := strings.CutPrefix(strings.TrimSuffix(s.Root, "/"), s.Home+"/")
		if has && below != "" && !strings.ContainsRune(below, '?') && strings.HasPrefix(a.path, "/"+below+"/") {
			return "Leave out /" + below + ": it is the REST prefix of " + s.Home + ", and Drover adds it."
		}
	}
	return ""
}

// slowRead is longer than usual: a cache plugin may wait for its CDN while it tells its status.
const slowRead = 45 * time.Second
