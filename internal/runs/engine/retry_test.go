package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/wordpress"
)

// A disguise is another request. A write that does more the second time gets one only where the server itself refused the method, since
// then nothing was done.
func TestWhatMayBeSentInDisguise(t *testing.T) {
	t.Parallel()
	const page = "<html><title>403 Forbidden</title></html>"
	for name, c := range map[string]struct {
		status         int
		body           string
		idempotent, it bool
	}{
		"the server refuses":                       {403, page, true, true},
		"the server refuses, sent once":            {403, page, false, true},
		"a page with 200 refuses":                  {200, page, true, true},
		"a page with 200 refuses, sent once":       {200, page, false, false},
		"JSON with 200 refuses, sent once":         {200, `{"statusCode":403,"message":"No."}`, false, false},
		"the home page":                            {200, "<html><title>Acme</title><body>Welcome</body></html>", true, false},
		"the home page, sent once":                 {200, "<html><title>Acme</title><body>Welcome</body></html>", false, false},
		"no such route":                            {404, `{"code":"rest_no_route","message":"No.","data":{"status":404}}`, true, true},
		"no such route, sent once":                 {404, `{"code":"rest_no_route","message":"No.","data":{"status":404}}`, false, false},
		"a success":                                {200, `{"success":true}`, true, false},
		"an answer that cannot be read":            {200, `{"id":7,"meta":{"a":1},"titl`, true, false},
		"an error of the server":                   {500, page, true, false},
		"an error of the server, sent once":        {500, page, false, false},
		"a redirect to the home page":              {302, "", true, true},
		"a redirect to the home page, sent once":   {302, "", false, false},
		"a firewall answers in JSON":               {406, `{"message":"Not acceptable"}`, true, true},
		"a firewall answers in JSON, sent once":    {406, `{"message":"Not acceptable"}`, false, true},
		"WordPress itself refuses, not the method": {403, `{"code":"rest_forbidden","message":"No.","data":{"status":403}}`, true, false},
	} {
		x := wordpress.Exchange{Method: "PATCH", URL: "https://acme.example/wp-json/acme/v1/do", Sent: true, Status: c.status, Body: []byte(c.body)}
		if c.status == 302 {
			x.Header = map[string][]string{"Location": {"https://acme.example/"}}
		}
		y := sending{
			batch: &batch{plan: operation.Plan{Idempotent: c.idempotent}}, client: new(wordpress.Client), first: time.Now(),
			ways: slices.Clone([]string{wordpress.OverrideNone, wordpress.OverrideHeader, wordpress.OverrideQuery}),
		}
		if got := y.otherWay(x, wordpress.Classify(x), 1, wordpress.OverrideNone); got != c.it {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A page of a list is the same as another where the same things are in it, whatever else changed between.
func TestPagesWithTheSameThings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{`[{"id":1,"nonce":"a"},{"id":2}]`, `[{"id":1,"nonce":"b"},{"id":2}]`, true},
		{`[{"id":1},{"id":2}]`, `[{"id":1},{"id":3}]`, false},
		{`[{"id":1},{"id":2}]`, `[{"id":12}]`, false},
		{`[{"id":"1"}]`, `[{"id":1}]`, false},
		{`[{"name":"a"}]`, `[{"name":"b"}]`, false},
		{`[{"id":1},{"name":"a"}]`, `[{"id":1},{"name":"b"}]`, false},
		{`[]`, `[]`, true}, {`{"a":1}`, `{"a":2}`, false}, {`[1,2]`, `[1,3]`, false},
	} {
		if got := identityOf([]byte(c.one)) == identityOf([]byte(c.other)); got != c.same {
			t.Errorf("%s and %s: %v", c.one, c.other, got)
		}
	}
}
