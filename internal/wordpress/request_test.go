package wordpress

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestValidateRefuses(t *testing.T) {
	for name, r := range map[string]Request{
		"no method":               {Path: "/"},
		"a method of no use":      {Method: "TRACE", Path: "/"},
		"lower case":              {Method: "get", Path: "/"},
		"no slash":                {Method: "GET", Path: "wp/v2"},
		"above the root":          {Method: "GET", Path: "/../../wp-admin/"},
		"above, in disguise":      {Method: "GET", Path: "/wp/%2e%2E/x"},
		"above, slash hidden":     {Method: "GET", Path: "/wp%2f..%2fx"},
		"a backslash":             {Method: "GET", Path: `/\evil.example`},
		"a hidden backslash":      {Method: "GET", Path: "/a%5cb"},
		"a fragment":              {Method: "GET", Path: "/a#b"},
		"a hidden question mark":  {Method: "GET", Path: "/a%3fb"},
		"a line break":            {Method: "GET", Path: "/a\r\nX: y"},
		"a hidden line break":     {Method: "GET", Path: "/a%0d%0aX:%20y"},
		"a space":                 {Method: "GET", Path: "/a b"},
		"half an escape":          {Method: "GET", Path: "/a%2"},
		"another route":           {Method: "GET", Path: "/a?rest_route=/b"},
		"a route as PHP reads it": {Method: "GET", Path: "/a?rest.route=/b"},
		"with a space":            {Method: "GET", Path: "/a?rest+route=/b"},
		"as an array":             {Method: "GET", Path: "/a?rest_route[]=/b"},
		"another method":          {Method: "GET", Path: "/a?x=1&_method=DELETE"},
		"a method as PHP reads":   {Method: "GET", Path: "/a?.method=DELETE"},
		"a space before it":       {Method: "GET", Path: "/a?%20_method=DELETE"},
		"escaped":                 {Method: "GET", Path: "/a?%5Fmethod=DELETE"},
		"a bracket left open":     {Method: "GET", Path: "/a?rest[route=/b"},
		"an escaped bracket":      {Method: "GET", Path: "/a?rest%5Broute=/b"},
		"a space in front of it":  {Method: "GET", Path: "/a?+rest%5Broute=/b"},
		"an escaped dot":          {Method: "GET", Path: "/a?rest%2Eroute=/b"},
		"an array left open":      {Method: "GET", Path: "/a?rest_route[x=/b"},
		"a method's array":        {Method: "GET", Path: "/a?_method[]=DELETE"},
		"a method's space":        {Method: "GET", Path: "/a?+method=DELETE&%20.method=x"},
		"a method's dots":         {Method: "GET", Path: "/a?x&+.method[a][b]=DELETE"},
		"an invisible character":  {Method: "GET", Path: "/acme/v1/things\u200b"},
		"cut by a zero":           {Method: "GET", Path: "/a?_method%00x=DELETE"},
		"an authorization":        {Method: "GET", Path: "/", Header: http.Header{"authorization": {"Basic x"}}},
		"a cookie":                {Method: "GET", Path: "/", Header: http.Header{"Cookie": {"a=b"}}},
		"a host":                  {Method: "GET", Path: "/", Header: http.Header{"HOST": {"evil.example"}}},
		"a method by header":      {Method: "GET", Path: "/", Header: http.Header{"X-HTTP-Method-Override": {"DELETE"}}},
		"another URL for IIS":     {Method: "GET", Path: "/", Header: http.Header{"X-Original-URL": {"/wp-json/wp/v2/users"}}},
		"two slashes":             {Method: "GET", Path: "/wp/v2//posts"},
		"two slashes, encoded":    {Method: "GET", Path: "/wp/v2/%2Fposts"},
		"a proxy for scripts":     {Method: "GET", Path: "/", Header: http.Header{"Proxy": {"http://elsewhere.example"}}},
		"another host in headers": {Method: "GET", Path: "/", Header: http.Header{"X_Forwarded-Host": {"elsewhere.example"}}},
		"with underscores":        {Method: "GET", Path: "/", Header: http.Header{"X_HTTP_Method_Override": {"DELETE"}}},
		"a length":                {Method: "POST", Path: "/", Header: http.Header{"Content-Length": {"0"}}},
		"a header of two lines":   {Method: "GET", Path: "/", Header: http.Header{"X-A": {"b\r\nX-C: d"}}},
		"a name of two lines":     {Method: "GET", Path: "/", Header: http.Header{"X-A: b\r\nX-C": {"d"}}},
	} {
		if err := r.Validate(); !errors.Is(err, ErrRequest) {
			t.Errorf("%s: Validate() = %v, want an ErrRequest", name, err)
		}
	}
}

func TestValidateAllows(t *testing.T) {
	for _, r := range []Request{
		{Method: "GET", Path: "/"},
		{Method: "GET", Path: "/wp/v2/posts?per_page=100&_fields=id,slug"},
		{Method: "PATCH", Path: "/bigscoots-cache/v2/clear-cache", Body: []byte(`{}`), Header: http.Header{"X-Trace": {"a b"}}},
		{Method: "GET", Path: "/wp/v2/search?search=caf%C3%A9%20noir"},
		{Method: "GET", Path: "/acme/v1/file/..hidden"},
		{Method: "GET", Path: "/wp/v2/posts?include[]=1&filter[rest_route]=x&rest=1&x=rest_route&my_method=a&a.method=b"},
	} {
		if err := r.Validate(); err != nil {
			t.Errorf("Validate(%s %s) = %v", r.Method, r.Path, err)
		}
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct{ root, path, want string }{
		{"https://a.example/wp-json/", "/wp/v2/posts?a=1", "https://a.example/wp-json/wp/v2/posts?a=1"},
		{"https://a.example/wp-json", "/", "https://a.example/wp-json"},
		{"https://a.example/index.php/wp-json/", "/x/v1", "https://a.example/index.php/wp-json/x/v1"},
		{"https://a.example/index.php?rest_route=/", "/wp/v2/posts?a=1&b=2", "https://a.example/index.php?rest_route=/wp/v2/posts&a=1&b=2"},
		{"https://a.example/index.php?rest_route=/", "/", "https://a.example/index.php?rest_route=/"},
		{"https://a.example/index.php?rest_route=%2F", "/a%20b/c&d", "https://a.example/index.php?rest_route=/a+b/c%26d"},
		{"https://a.example/index.php?lang=de&rest_route=/", "/x", "https://a.example/index.php?rest_route=/x&lang=de"},
		{"https://a.example/wp-json/?lang=de", "/x?y=1", "https://a.example/wp-json/x?lang=de&y=1"},
	} {
		if got := join(c.root, c.path); got != c.want {
			t.Errorf("join(%q, %q) = %q, want %q", c.root, c.path, got, c.want)
		}
	}
}

// FuzzPath proves that no path leads anywhere but below the REST root of the site.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/", "/wp/v2/posts?x=1", "//evil", "/%2e%2e/", "/a?rest.route=/b", "/a%5c..%5c", "/a;b", "/a?x=%26_method%3DDELETE",
		"/@evil.example/"} {
		f.Add(seed)
	}
	pretty := &Client{address: Address{Home: "https://acme.example/blog"}}
	plain := &Client{address: Address{Home: "https://acme.example", Root: "https://acme.example/index.php?rest_route=/"}}
	f.Fuzz(func(t *testing.T, path string) {
		r := Request{Method: http.MethodGet, Path: path}
		for _, c := range []*Client{pretty, plain} {
			address, err := c.URL(r)
			if err != nil {
				if !errors.Is(err, ErrRequest) || address != "" {
					t.Fatalf("%q: %q, %v", path, address, err)
				}
				continue
			}
			request, err := http.NewRequest(http.MethodGet, address, nil)
			if err != nil {
				t.Fatalf("%q: %v", path, err)
			}
			u := request.URL
			if u.Host != "acme.example" || u.User != nil || u.Fragment != "" {
				t.Fatalf("%q leads to %s", path, u)
			}
			checkBelow(t, c, u)
		}
	})
}

func checkBelow(t *testing.T, c *Client, u *url.URL) {
	t.Helper()
	query := u.Query()
	route := query.Get("rest_route")
	if c.address.Root == "" {
		var below bool
		if route, below = strings.CutPrefix(u.Path, "/blog/wp-json"); !below || query.Has("rest_route") {
			t.Fatalf("%s is not below the root", u)
		}
	} else if u.Path != "/index.php" || len(query["rest_route"]) != 1 {
		t.Fatalf("%s is not one route", u)
	}
	if !strings.HasPrefix(route, "/") || strings.Contains(route+"/", "/../") || query.Has("_method") {
		t.Fatalf("%s leaves the root", u)
	}
}
