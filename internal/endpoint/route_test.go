package endpoint

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// The patterns have the shapes that WordPress and plugins register.
func TestTemplate(t *testing.T) {
	for pattern, want := range map[string]string{
		`/`:                            `/`,
		`/oembed/1.0/proxy`:            `/oembed/1.0/proxy`,
		`/wp/v2/posts/(?P<id>[\d]+)`:   `/wp/v2/posts/{id} id=[\d]+`,
		`/wp/v2/posts/(?P<id>[\d]+)/?`: `/wp/v2/posts/{id} id=[\d]+`,
		`/wp/v2/posts/(?P<parent>[\d]+)/revisions/(?P<id>[\d]+)`: `/wp/v2/posts/{parent}/revisions/{id} parent=[\d]+ id=[\d]+`,
		`/wp/v2/plugins/(?P<plugin>[^.\/]+(?:\/[^.\/]+)?)`:       `/wp/v2/plugins/{plugin} plugin=[^.\/]+(?:\/[^.\/]+)?`,
		`/themes/(?P<sheet>[\/\s%\w\.\(\)\[\]\@_\-]+)/x`:         `/themes/{sheet}/x sheet=[\/\s%\w\.\(\)\[\]\@_\-]+`,
		`/t/(?P<id>([^\/:<>\*\?"\|]+(?:\/[^\/:<>]+)?)[\/\w%-]+)`: `/t/{id} id=([^\/:<>\*\?"\|]+(?:\/[^\/:<>]+)?)[\/\w%-]+`,
		`/a(?:/(?P<id>\d+))?`:                                    `/a/{id} id=\d+`,
		`/a/(?P<x>[])(]+)/b`:                                     `/a/{x}/b x=[])(]+`,
		`/a/(?<x>\d+)`:                                           `/a/{x} x=\d+`,
		`/a/(\d+)/[a-z]{2,3}/\w+`:                                `/a/{part1}/{part2}/{part3} part1=\d+ part2=(?:[a-z]){2,3} part3=(?:\w)+`,
		`/a\-b\/c\.d$`:                                           `/a-b/c.d`,
		`/a/(?:x|y)`:                                             `/a/{part1} part1=x|y`,
		`/broken/(?P<id>[\d]+`:                                   ``,
	} {
		path, variables := template(pattern)
		for _, v := range variables {
			path += " " + v.Name + "=" + v.Pattern
		}
		if want != "" && path != want {
			t.Errorf("%s became %s", pattern, path)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          map[string]string
	}{
		{`/wp/v2/posts/(?P<id>[\d]+)`, "/wp/v2/posts/12", map[string]string{"id": "12"}},
		{`/wp/v2/posts/(?P<id>[\d]+)`, "/wp/v2/posts/{{row.id}}", map[string]string{"id": "{{row.id}}"}},
		{`/wp/v2/posts/(?P<id>[\d]+)`, "/wp/v2/posts/12/revisions", nil},
		{`/wp/v2/plugins/(?P<plugin>[^.\/]+(?:\/[^.\/]+)?)`, "/wp/v2/plugins/akismet/akismet", map[string]string{"plugin": "akismet/akismet"}},
		{`/a/(?P<b>[^/]+)/c`, "/a/x%2Fy%20z/c", map[string]string{"b": "x/y z"}},
		{`/a.b/c`, "/axb/c", nil},
	} {
		var r Route
		r.Template, r.Variables = template(c.pattern)
		got, is := r.Match(c.path)
		if is != (c.want != nil) || !maps.Equal(got, c.want) {
			t.Errorf("%s against %s: %v", c.path, c.pattern, got)
		}
	}
}

func TestMergeTellsDifferences(t *testing.T) {
	index := func(schema string) Index {
		i, err := ParseIndex([]byte(`{"routes":{"/a":{"endpoints":[{"methods":["POST"],"args":{"x":` + schema + `}}]}}}`))
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	text := index(`{"type":"string","description":"one"}`)
	for schema, alike := range map[string]bool{
		`{"type":"string","description":"another"}`: true, `{"type":"integer"}`: false, `{"type":"string","required":true}`: false,
		`{"type":"string","enum":["a"]}`: false,
	} {
		offers := Merge([]Index{text, {}, index(schema)})
		if len(offers) != 1 || offers[0].Alike != alike || !slices.Equal(offers[0].On, []int{0, 2}) || offers[0].Sites != 2 {
			t.Errorf("%s: %+v", schema, offers)
		}
	}
}

// PHP says empty objects as lists, and plugins say types and flags in their own ways.
func TestOddIndexes(t *testing.T) {
	for _, args := range []string{`[]`, `null`, `{}`, `{"x":[]}`, `{"x":{"type":[]}}`,
		`{"x":{"type":"mixed","required":"yes","enum":[],"default":[],"properties":[]}}`, `{"x":7}`, `{"x":{"minimum":"1","items":[]}}`} {
		index, err := ParseIndex([]byte(`{"namespaces":[],"routes":{"/a":{"namespace":"a","methods":["POST"],"endpoints":[{"methods":["POST"],"args":` + args +
			`}]},"/b":{"endpoints":[]}}}`))
		if err != nil || len(index.Routes) != 2 || len(index.Routes[0].Endpoints) != 1 {
			t.Errorf("%s: %+v, %v", args, index, err)
			continue
		}
		form := FormOf(index.Routes[0], index.Routes[0].Endpoints[0])
		if filled, problems := form.Fill(map[string][]string{"x": {"1"}}); len(problems) > 0 || filled.Path != "/a" {
			t.Errorf("%s: %+v, %v", args, filled, problems)
		}
	}
}

// Whatever a site calls its index, its routes are paths with places that match themselves.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"namespaces":["a"],"routes":{"/a/(?P<id>[\\d]+)":{"endpoints":[{"methods":["GET"],"args":[]}]}}}`))
	f.Add([]byte(`{"routes":{"/a(?:/(?P<b>[^.\\/]+(?:\\/[^.\\/]+)?))?/[]](":{"endpoints":[{"methods":["POST"],
		"args":{"x":{"type":["integer","null"],"items":{"items":{}},"required":["a"]}}}]}}}`))
	f.Add([]byte(`{"routes":[],"namespaces":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		index, err := ParseIndex(body)
		if err != nil {
			return
		}
		for _, offer := range Merge([]Index{index, index}) {
			if !offer.Alike || offer.Sites != 2 {
				t.Errorf("%+v differs from itself", offer)
			}
		}
		for _, route := range index.Routes {
			for _, v := range route.Variables {
				if !strings.Contains(route.Template, "{"+v.Name+"}") {
					t.Errorf("%s has no place for %s", route.Template, v.Name)
				}
			}
			for _, verb := range route.Endpoints {
				FormOf(route, verb).Fill(nil)
			}
			route.Match(route.Template)
		}
		_ = Search(Merge([]Index{index}), "a b")
		if text, err := json.Marshal(index); err != nil || !json.Valid(text) {
			t.Error(err)
		}
	})
}

func TestSlashed(t *testing.T) {
	for pattern, want := range map[string]bool{`[\d]+`: false, `[^/]+`: false, `[^\/]+`: false, `[^.\/]+(?:\/[^.\/]+)?`: true, `[\/\w-]+`: true, `.+`: true,
		`[`: false, ``: false} {
		if got := (Variable{Pattern: pattern}).slashed(); got != want {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}
