package endpoint

import (
	"slices"
	"testing"
)

// What PHP and plugins make of an index: the rest must not be lost with one odd part.
func TestParseIndexLeniently(t *testing.T) {
	for name, c := range map[string]struct {
		index   string
		methods []string // of /acme/v1/x
	}{
		"as it should be": {`{"namespaces":["acme/v1"],"routes":{"/acme/v1/x":{"namespace":"acme/v1","endpoints":[{"methods":["GET"],"args":{}}]}}}`,
			[]string{"GET"}},
		"namespaces with gaps": {`{"namespaces":{"0":"acme/v1","2":7},"routes":{"/acme/v1/x":{"namespace":"acme/v1","endpoints":[{"methods":["GET"]}]}}}`,
			[]string{"GET"}},
		"endpoints with gaps": {`{"routes":{"/acme/v1/x":{"namespace":"acme/v1","endpoints":{"1":{"methods":["GET"]},"3":{"methods":["POST"]}}}}}`,
			[]string{"GET", "POST"}},
		"methods as WordPress":   {`{"routes":{"/acme/v1/x":{"namespace":"acme/v1","endpoints":[{"methods":{"GET":true,"POST":true}}]}}}`, []string{"GET", "POST"}},
		"methods with gaps":      {`{"routes":{"/acme/v1/x":{"namespace":"acme/v1","endpoints":[{"methods":{"0":"GET","2":"DELETE"}}]}}}`, []string{"GET", "DELETE"}},
		"methods in a text":      {`{"routes":{"/acme/v1/x":{"namespace":"acme/v1","endpoints":[{"methods":"GET, post"}]}}}`, []string{"GET", "POST"}},
		"a namespace in digits":  {`{"routes":{"/acme/v1/x":{"namespace":2024,"endpoints":[{"methods":["GET"]}]}}}`, []string{"GET"}},
		"another route is a 7":   {`{"routes":{"/acme/v1/x":{"namespace":"acme/v1","endpoints":[{"methods":["GET"]}]},"/acme/v1/y":7}}`, []string{"GET"}},
		"an endpoint is a text":  {`{"routes":{"/acme/v1/x":{"namespace":"acme/v1","endpoints":["x",{"methods":["GET"]}]}}}`, []string{"GET"}},
		"an odd description too": {`{"routes":{"/acme/v1/x":{"endpoints":[{"methods":["GET"],"args":{"n":{"type":"integer","description":7}}}]}}}`, []string{"GET"}},
	} {
		t.Run(name, func(t *testing.T) {
			index, err := ParseIndex([]byte(c.index))
			if err != nil {
				t.Fatal(err)
			}
			var methods []string
			for _, route := range index.Routes {
				for _, verb := range route.Endpoints {
					if route.Template == "/acme/v1/x" {
						methods = append(methods, verb.Method)
					}
				}
			}
			if !slices.Equal(methods, c.methods) {
				t.Errorf("%v, not %v", methods, c.methods)
			}
		})
	}
}
