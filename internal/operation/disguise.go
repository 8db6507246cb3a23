package operation

import (
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
)

// Request is a request as it would leave. Its path and body may hold references such as {{row.id}}, which are known later.
type Request struct {
	Method string
	Path   string // below the REST root, with its query
	Header http.Header
	Body   string
}

// reference stands for a reference in a path, which may become anything. Validated paths hold no control characters.
const reference = '\x00'

// deepest bounds batches within batches. WordPress itself knows none.
const deepest = 3

// Judge says the worst that the request can do once every disguise is taken off: another method or route in the query, a header or a form;
// a route in other letters, escapes or slashes; a batch.
func Judge(r Request) Judgement { return judge(r, 0) }

func judge(r Request, depth int) Judgement {
	route, query, _ := strings.Cut(withoutReferences(r.Path), "?")
	sent, form := readQuery(query), bodyForm(r)
	actions := actionsOf(r, sent, form)
	var j Judgement
	for _, method := range methods(r, sent) {
		for _, each := range append(routes(route, sent, form), headerRoutes(r.Header)...) {
			j = j.and(judgeRoute(method, each, actions)).and(judgeParts(method, each, r, sent, depth))
		}
	}
	if sent.unknown || form.unknown {
		j.Effect = Destroy
	}
	return j
}

// judgeParts judges the parts of a batch; where the route is none, there are none.
func judgeParts(method, route string, r Request, sent variables, depth int) Judgement {
	switch {
	case EffectOf(method) == Read:
		return Judgement{}
	case overlap("/batch/v1", route):
		return judgeBatch(r, sent, depth)
	case slices.Contains(strings.Split(route, "/"), "batch"):
		return judgeOtherBatch(r, sent, depth)
	}
	return Judgement{}
}

// withoutReferences puts a sign in the place of each reference.
func withoutReferences(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "{{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteRune(reference)
		_, rest, closed := strings.Cut(after, "}}")
		if !closed {
			return b.String()
		}
		text = rest
	}
}

// Headers that name another method or another route: WordPress's own, those of IIS's rewriters, which WordPress believes
// (wp_fix_server_vars), and those that frameworks and proxies know.
var (
	methodHeaders = []string{"x-http-method-override", "x-http-method", "x-method-override"}
	routeHeaders  = []string{"x-original-url", "x-rewrite-url", "x-original-uri", "x-forwarded-uri", "x-forwarded-path"}
)

// methods are the ones that the request may be carried out with: the one on the wire, and the one in disguise. WordPress prefers the query.
func methods(r Request, sent variables) []string {
	all := []string{strings.ToUpper(strings.TrimSpace(r.Method))}
	for name, values := range r.Header {
		if slices.Contains(methodHeaders, serverName(name)) {
			for _, value := range values {
				all = append(all, strings.ToUpper(strings.TrimSpace(value)))
			}
		}
	}
	for _, value := range sent.named("_method") {
		all = append(all, strings.ToUpper(strings.TrimSpace(value)))
	}
	return all
}

// serverName is a header's name as CGI hands it on: every sign but letters and digits is the same.
func serverName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
}

// routes are all that the request may reach: its path and what the query or a form names instead.
func routes(route string, sent, form variables) []string {
	all := normalRoutes(route)
	for _, v := range []variables{sent, form} {
		for _, value := range v.named("rest_route") {
			value, _, _ = strings.Cut(value, "?")
			all = append(all, normalRoutes(value)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// headerRoutes are the routes that headers name instead of the path.
func headerRoutes(header http.Header) []string {
	var all []string
	for name, values := range header {
		if !slices.Contains(routeHeaders, serverName(name)) {
			continue
		}
		for _, value := range values {
			route, query, _ := strings.Cut(withoutReferences(value), "?")
			all = append(all, normalRoutes(route)...)
			for _, hidden := range readQuery(query).named("rest_route") {
				all = append(all, normalRoutes(hidden)...)
			}
		}
	}
	return all
}

// normalRoutes are the readings of a path: WordPress compares without regard to letter case, and servers differ in what they unescape,
// whether they resolve dots, and where they find the REST root.
func normalRoutes(route string) []string {
	var all []string
	for range deepest + 1 {
		for _, reading := range []string{route, path.Clean("/" + route)} {
			all = append(all, belowRoot(strings.ToLower(strings.ReplaceAll(reading, `\`, "/")))...)
		}
		plain := unescape(route)
		if plain == route {
			break
		}
		route = plain
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// belowRoot reads a path as it stands, and without what may stand before the route: an address, the REST prefix, the front controller.
func belowRoot(route string) []string {
	address := strings.HasPrefix(route, "//")
	route, _, _ = strings.Cut(route, "#")
	parts := []string{}
	for part := range strings.SplitSeq(route, "/") {
		if part = strings.TrimSpace(part); part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	join := func(from int) string { return "/" + strings.Join(parts[min(from, len(parts)):], "/") }
	all := []string{join(0)}
	for i, part := range parts {
		switch {
		case part == "wp-json" || part == "index.php":
			all = append(all, join(i+1))
		case i == 0 && strings.HasSuffix(part, ":"):
			all = append(all, join(1), join(2))
		case i == 0 && address:
			all = append(all, join(1))
		}
	}
	return all
}

// bodyForm reads a body that is sent as a form: PHP makes variables of it, which may name another route.
func bodyForm(r Request) variables {
	for name, values := range r.Header {
		if serverName(name) != "content-type" {
			continue
		}
		for _, value := range values {
			kind := strings.ToLower(value)
			if strings.Contains(kind, "multipart/") && r.Body != "" {
				return variables{unknown: true}
			}
			if strings.Contains(kind, "form") {
				return readQuery(withoutReferences(r.Body))
			}
		}
	}
	return variables{}
}

// judgeOtherBatch judges a batch of a plugin: of WooCommerce's kind, {"create":…,"update":…,"delete":…}, or of core's.
func judgeOtherBatch(r Request, sent variables, depth int) Judgement {
	worst := Judgement{Effect: Destroy}
	if sent.has("delete") || !jsonBody(r) {
		return worst
	}
	var parts map[string]json.RawMessage
	if strings.TrimSpace(r.Body) != "" && json.Unmarshal([]byte(r.Body), &parts) != nil || referenceInName(parts) || parts["delete"] != nil {
		return worst
	}
	if parts["requests"] != nil || sent.has("requests") {
		return judgeBatch(r, sent, depth)
	}
	return Judgement{}
}

// jsonBody tells whether WordPress reads the body as JSON.
func jsonBody(r Request) bool {
	for name, values := range r.Header {
		if serverName(name) == "content-type" && slices.ContainsFunc(values, func(v string) bool { return !strings.Contains(strings.ToLower(v), "json") }) {
			return r.Body == ""
		}
	}
	return true
}

// judgeBatch is the worst part of a batch. What has another shape destroys.
func judgeBatch(r Request, sent variables, depth int) Judgement {
	worst := Judgement{Effect: Destroy}
	if depth >= deepest || sent.has("requests") || !jsonBody(r) {
		return worst
	}
	var batch map[string]json.RawMessage
	var parts []map[string]json.RawMessage
	if json.Unmarshal([]byte(r.Body), &batch) != nil || json.Unmarshal(batch["requests"], &parts) != nil || referenceInName(batch) {
		return worst
	}
	var j Judgement
	for _, part := range parts {
		request, known := batchPart(part)
		if !known {
			return worst
		}
		j = j.and(judge(request, depth+1))
	}
	return j
}

func referenceInName(object map[string]json.RawMessage) bool {
	for name := range object {
		if strings.Contains(name, "{{") {
			return true
		}
	}
	return false
}

// batchPart reads one request of a batch. Its method is POST where none is named.
func batchPart(part map[string]json.RawMessage) (Request, bool) {
	r := Request{Method: http.MethodPost, Header: http.Header{}}
	if part == nil || referenceInName(part) || json.Unmarshal(part["path"], &r.Path) != nil {
		return r, false
	}
	if method, has := part["method"]; has && (json.Unmarshal(method, &r.Method) != nil || strings.Contains(r.Method, "{{")) {
		return r, false
	}
	if r.Method == "" {
		r.Method = http.MethodDelete // WordPress knows no such request; nothing is known of it
	}
	if body, has := part["body"]; has {
		r.Body = string(body)
	}
	return r, partHeaders(part["headers"], r.Header)
}

// partHeaders reads the headers of a part: a value is a text or a list of texts. PHP writes no headers as a list.
func partHeaders(raw json.RawMessage, into http.Header) bool {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == "[]" {
		return true
	}
	var headers map[string]any
	if json.Unmarshal(raw, &headers) != nil {
		return false
	}
	for name, value := range headers {
		text, is := value.(string)
		if list, many := value.([]any); many && len(list) == 1 {
			text, is = list[0].(string)
		}
		if !is || strings.Contains(name, "{{") || strings.Contains(text, "{{") {
			return false
		}
		into.Add(name, text)
	}
	return true
}
