package operation

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	override := http.Header{"X-Http-Method-Override": {"DELETE"}}
	under := http.Header{"X_HTTP_Method_Override": {"delete"}}
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	many := strings.Repeat("&a=1", 1001)
	cases := []struct {
		method, path string
		header       http.Header
		body         string
		want         Effect
		operations   string
	}{
		// By method.
		{"GET", "/acme/v1/things", nil, "", Read, ""},
		{"HEAD", "/acme/v1/things", nil, "", Read, ""},
		{"OPTIONS", "/wp/v2/users/1", nil, "", Read, ""},
		{"POST", "/acme/v1/things", nil, "", Change, ""},
		{"PUT", "/wp/v2/posts/1", nil, "", Change, ""},
		{"PATCH", "/wp/v2/tags/3", nil, "", Change, ""},
		{"DELETE", "/wp/v2/posts/1", nil, "", Destroy, ""},
		{"PURGE", "/wp/v2/posts/1", nil, "", Destroy, ""},

		// The built-in operations, by any name.
		{"PATCH", "/bigscoots-cache/v2/disable-cache", nil, "", Destroy, "disable-cache"},
		{"POST", "/BigScoots-Cache/V2//Disable-Cache/", nil, "", Destroy, "disable-cache"},
		{"PATCH", "/bigscoots-cache/v2/clear-cache", nil, `{"purge_type":"all"}`, Change, "clear-cache"},
		{"DELETE", "/bigscoots-cache/v2/clear-opcache", nil, "", Change, "clear-opcache"},
		{"DELETE", "/bigscoots-cache/v2/clear-logs", nil, "", Change, "clear-logs"},
		{"PATCH", "/wp-json/bigscoots-cache/v2/enable-cache", nil, "", Change, "enable-cache"},
		{"GET", "/bigscoots-cache/v2/status", nil, "", Read, "status"},
		{"GET", "/bigscoots-cache/v2/test-cache", nil, "", Read, "test-cache"},
		{"POST", "/bigscoots-cache/v2/settings", nil, "", Destroy, ""},

		// Who may do what, and which code runs.
		{"GET", "/wp/v2/users", nil, "", Read, ""},
		{"POST", "/wp/v2/users", nil, "", Destroy, ""},
		{"POST", "/wp/v2/users/me/application-passwords", nil, `{"name":"x"}`, Destroy, ""},
		{"PUT", "/wp/v2/users/me", nil, `{"roles":["administrator"]}`, Destroy, ""},
		{"POST", "/wp/v2/plugins", nil, `{"slug":"x"}`, Destroy, ""},
		{"PUT", "/wp/v2/plugins/akismet/akismet", nil, `{"status":"inactive"}`, Destroy, ""},
		{"POST", "/wp/v2/settings", nil, `{"title":"x"}`, Destroy, ""},
		{"POST", "/wp/v2/themes/x", nil, "", Destroy, ""},
		{"POST", "/wp/v2/templates/acme//home", nil, "", Destroy, ""},
		{"POST", "/wp/v2/template-parts/acme//header", nil, "", Destroy, ""},
		{"PUT", "/wp/v2/global-styles/7", nil, "", Destroy, ""},
		{"POST", "/wp/v2/menus", nil, "", Change, ""},
		{"POST", "/wp/v2/user-guides", nil, "", Change, ""},
		{"POST", "/wc/v3/customers/1", nil, "", Destroy, ""},
		{"POST", "/wc/v3/settings/general/x", nil, "", Destroy, ""},
		{"PUT", "/wc/v3/system_status/tools/clear_transients", nil, "", Destroy, ""},
		{"PUT", "/wc/v3/orders/12", nil, `{"status":"completed"}`, Change, ""},
		{"POST", "/wc-admin/options", nil, "", Destroy, ""},
		{"POST", "/acme/v1/settings", nil, "", Destroy, ""},
		{"POST", "/rankmath/v1/updateSettings", nil, "", Destroy, ""},
		{"POST", "/jetpack/v4/module/sso/active", nil, "", Destroy, ""},
		{"GET", "/acme/v1/settings", nil, "", Read, ""},

		// Cache plugins that purge on a GET.
		{"GET", "/siteground-optimizer/v1/purge-cache", nil, "", Change, ""},
		{"HEAD", "/siteground-optimizer/v1/purge-cache/", nil, "", Change, ""},
		{"POST", "/wp-super-cache/v1/cache", nil, `{"all":true}`, Change, ""},
		{"POST", "/wp-super-cache/v1/settings", nil, "", Destroy, ""},
		{"POST", "/wpe/cache-plugin/v1/clear_all_caches", nil, "", Change, ""},

		// Another method in disguise.
		{"POST", "/wp/v2/posts/1?_method=DELETE", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1?_method=delete", nil, "", Destroy, ""},
		{"GET", "/wp/v2/posts/1?_method=DELETE", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1?%5Fmethod=DELETE", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1?.method=DELETE", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1?+_method=DELETE", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1?_method[]=DELETE", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1?_method%00x=DELETE", nil, "", Destroy, ""},
		{"GET", "/wp/v2/posts/1?_method=GET&_method=DELETE", nil, "", Destroy, ""},
		{"GET", "/wp/v2/posts/1?_method=DELETE&_method=GET", nil, "", Read, ""},
		{"GET", "/wp/v2/posts/1?_method=DELETE" + many + "&_method=GET", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1?_method=GET", nil, "", Change, ""},
		{"GET", "/wp/v2/posts?x_method=DELETE&a[_method]=DELETE", nil, "", Read, ""},
		{"POST", "/wp/v2/posts/1", override, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1", under, "", Destroy, ""},
		{"GET", "/bigscoots-cache/v2/disable-cache?_method=PATCH", nil, "", Destroy, "disable-cache"},

		// Another route in disguise.
		{"POST", "/?rest_route=/wp/v2/users/1", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts?rest_route=/wp/v2/users/1", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts?rest[route=/wp/v2/users/1", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts?rest.route=/wp/v2/users/1", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts?rest+route=%2Fwp%2Fv2%2Fusers", nil, "", Destroy, ""},
		{"POST", "/index.php?rest_route=/bigscoots-cache/v2/disable-cache", nil, "", Destroy, "disable-cache"},
		{"POST", "/index.php/wp-json/wp/v2/users/1", nil, "", Destroy, ""},
		{"POST", "/wp-json/wp/v2/users/1", nil, "", Destroy, ""},
		{"POST", "https://acme.example/wp-json/wp/v2/users/1", nil, "", Destroy, ""},
		{"POST", "/acme/v1/settings/wp-json/x", nil, "", Destroy, ""},
		{"POST", "/wp/v2/%75sers/1", nil, "", Destroy, ""},
		{"POST", "/wp/v2/%2575sers/1", nil, "", Destroy, ""},
		{"POST", "/wp%2Fv2%2Fusers", nil, "", Destroy, ""},
		{"POST", "//wp///v2//USERS//1/", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/../users/1", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/..%2Fusers", nil, "", Destroy, ""},
		{"POST", "/wp/v2/users%0A", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts", form, `"&rest_route=/wp/v2/users/1&"`, Destroy, ""},
		{"POST", "/wp/v2/posts", http.Header{"Content_Type": {"multipart/form-data; boundary=x"}}, `"x"`, Destroy, ""},
		{"POST", "/wp/v2/posts", form, `"a"`, Change, ""},
		{"POST", "/" + strings.Repeat("a", 1<<20), nil, "", Destroy, ""},

		// Another method or route in a header.
		{"POST", "/wp/v2/posts/1", http.Header{"X-Http-Method": {"DELETE"}}, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1", http.Header{"X_Method_Override": {"delete"}}, "", Destroy, ""},
		{"POST", "/wp/v2/posts", http.Header{"X-Original-Url": {"/wp-json/wp/v2/users/1"}}, "", Destroy, ""},
		{"POST", "/wp/v2/posts", http.Header{"X_Rewrite_URL": {"/index.php?rest_route=/wp/v2/plugins"}}, "", Destroy, ""},
		{"POST", "/wp/v2/posts", http.Header{"X-Trace": {"/wp/v2/users"}}, "", Change, ""},

		// Batches.
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts"}]}`, Change, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts"},{"path":"/wp/v2/posts/1","method":"DELETE"}]}`, Destroy, ""},
		{"POST", "/BATCH/V1/", nil, `{"requests":[{"path":"/wp/v2/users"}]}`, Destroy, ""},
		{"PUT", "/batch/v1", nil, `{"requests":[{"path":"http:/wp/v2/users"}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"//h/wp/v2/users/1#x"}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts?_method=DELETE"}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts","headers":{"X-HTTP-Method-Override":"DELETE"}}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts","headers":{"X-Trace":["7"]}}]}`, Change, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/bigscoots-cache/v2/enable-cache","method":"PATCH"}]}`, Change, "enable-cache"},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/batch/v1","body":{"requests":[{"path":"/wp/v2/users"}]}}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/batch/v1","body":{"requests":[{"path":"/wp/v2/posts"}]}}]}`, Change, ""},
		{"POST", "/batch/v1", nil, `{"requests":{"0":{"path":"/wp/v2/posts"}}}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[7]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"method":"POST"}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, "", Destroy, ""},
		{"POST", "/batch/v1", nil, `[]`, Destroy, ""},
		{"POST", "/batch/v1?requests[0][path]=/wp/v2/posts/1&requests[0][method]=DELETE", nil, `{"requests":[]}`, Destroy, ""},
		{"POST", "/batch/v1", form, `{"requests":[{"path":"/wp/v2/posts"}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts"}],"requests":[{"path":"/wp/v2/users"}]}`, Destroy, ""},
		{"POST", "/?rest_route=/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts/1","method":"DELETE"}]}`, Destroy, ""},
		{"GET", "/batch/v1", nil, "", Read, ""},
		{"POST", "/wc/v3/products/batch", nil, `{"update":[{"id":1}]}`, Change, ""},
		{"POST", "/wc/v3/products/batch", nil, `{"update":[],"delete":[1]}`, Destroy, ""},
		{"POST", "/wc/v3/products/batch?delete[]=1", nil, `{}`, Destroy, ""},
		{"POST", "/acme/v1/batch", nil, `{"requests":[{"path":"/wp/v2/users"}]}`, Destroy, ""},

		// Words that do what the method does not say, in routes of plugins.
		{"GET", "/acme/v1/things/delete", nil, "", Destroy, ""},
		{"GET", "/acme/v1/delete-all/7", nil, "", Destroy, ""},
		{"GET", "/acme/v1/deleteAll", nil, "", Destroy, ""},
		{"HEAD", "/acme/v1/reset_settings", nil, "", Destroy, ""},
		{"GET", "/acme/v1/license/deactivate", nil, "", Destroy, ""},
		{"GET", "/acme/v1/maintenance/disable", nil, "", Destroy, ""},
		{"GET", "/acme/v1/uninstall", nil, "", Destroy, ""},
		{"GET", "/acme/v1/purge", nil, "", Change, ""},
		{"GET", "/acme-cache/v1/purge-all", nil, "", Change, ""},
		{"GET", "/acme/v1/cache/flush", nil, "", Change, ""},
		{"GET", "/acme/v1/clearcache", nil, "", Change, ""},
		{"GET", "/acme/v1/purge-all", nil, "", Destroy, ""},
		{"GET", "/acme/v1/things?action=delete", nil, "", Destroy, ""},
		{"GET", "/acme/v1/things?do=purge", nil, "", Change, ""},
		{"POST", "/acme/v1/purge-all", nil, "", Destroy, ""},
		{"POST", "/acme/v1/empty-everything", nil, "", Destroy, ""},
		{"POST", "/acme/v1/cache/purge-all", nil, "", Change, ""},
		{"POST", "/acme/v1/things/7/delete", nil, "", Destroy, ""},
		{"POST", "/acme/v1/remove-orders", nil, "", Destroy, ""},
		{"POST", "/acme/v1/wipe", nil, "", Destroy, ""},
		{"PUT", "/acme/v1/firewall/disable", nil, "", Destroy, ""},
		{"POST", "/acme/v1/disablefirewall", nil, "", Destroy, ""},
		{"POST", "/acme/v1/truncate_table", nil, "", Destroy, ""},
		{"POST", "/acme/v1/trash/empty", nil, "", Destroy, ""},
		{"POST", "/acme/v1/things", nil, `{"action":"delete","ids":[1]}`, Destroy, ""},
		{"POST", "/acme/v1/cache", nil, `{"action":"purge-all"}`, Change, ""},
		{"POST", "/acme/v1/things", nil, `{"title":"how to delete"}`, Change, ""},
		{"POST", "/acme/v1/things", form, `"&action=delete&"`, Destroy, ""},
		{"GET", "/acme/v1/deleted", nil, "", Read, ""},
		{"GET", "/acme/v1/disabled-things", nil, "", Read, ""},
		{"GET", "/acme/v1/resettlements", nil, "", Read, ""},
		{"GET", "/acme/v1/updates", nil, "", Read, ""},
		{"GET", "/acme/v1/settings", nil, "", Read, ""},
		{"GET", "/acme/v1/things?search=delete", nil, "", Read, ""},
		{"OPTIONS", "/acme/v1/things/delete", nil, "", Read, ""},
		{"GET", "/wp/v2/posts?slug=delete", nil, "", Read, ""},
		{"GET", "/wp/v2/tags/reset", nil, "", Read, ""},
		{"POST", "/acme/v1/clear", nil, "", Change, ""},

		{"POST", "/acme/v1/update-option", nil, "", Destroy, ""},
		{"POST", "/acme/v1/login_as", nil, "", Destroy, ""},
		{"POST", "/acme/v1/db/query", nil, "", Destroy, ""},
		{"POST", "/acme/v1/run-sql", nil, "", Destroy, ""},
		{"POST", "/acme/v1/search-replace", nil, "", Destroy, ""},
		{"PUT", "/acme/v1/things/change-role", nil, "", Destroy, ""},
		{"GET", "/acme/v1/things/drop", nil, "", Destroy, ""},
		{"GET", "/acme/v1/things?action=rm", nil, "", Destroy, ""},
		{"POST", "/acme/v1/things", nil, `{"op":"unlink"}`, Destroy, ""},
		{"GET", "/acme/v1/query", nil, "", Read, ""},
		{"POST", "/acme/v1/dropshipping", nil, "", Change, ""},
		{"POST", "/acme/v1/controller", nil, "", Change, ""},

		// Abilities: what a site says of them is only its word, and what they are called says more.
		{"POST", "/wp-abilities/v1/abilities/acme/delete-orders/run", nil, "", Destroy, ""},
		{"GET", "/wp-abilities/v1/abilities/acme/reset-all/run", nil, "", Destroy, ""},
		{"GET", "/wp-abilities/v1/abilities/acme/delete-orders", nil, "", Read, ""},
		{"POST", "/wp-abilities/v1/abilities/acme/purge-cache/run", nil, "", Change, ""},
		{"POST", "/wp-abilities/v1/abilities/acme/{{row.x}}/run", nil, "", Destroy, ""},
		{"POST", "/wp-abilities/v1/abilities/{{row.x}}/run", nil, "", Destroy, ""},
		{"GET", "/wp-abilities/v1/abilities/core/get-user-info/run", nil, "", Read, ""},
		{"POST", "/wp-abilities/v1/abilities/acme/clear/run", nil, `{"input":{}}`, Change, ""},
		{"DELETE", "/wp-abilities/v1/abilities/acme/clear/run", nil, "", Destroy, ""},

		// References: the worst that the request can become.
		{"POST", "/wp/v2/posts/{{row.id}}", nil, "", Change, ""},
		{"POST", "/acme/v1/things/{{row.id}}", nil, "", Change, ""},
		{"POST", "/wp/v2/{{row.kind}}/1", nil, "", Destroy, ""},
		{"POST", "/wp/v2/{{row.kind}}", nil, "", Destroy, ""},
		{"POST", "/wp/v2/us{{row.kind}}", nil, "", Destroy, ""},
		{"POST", "/{{row.path}}", nil, "", Destroy, "clear-cache clear-logs clear-opcache disable-cache enable-cache"},
		{"PATCH", "/bigscoots-cache/v2/{{row.what}}-cache", nil, "", Destroy, "clear-cache disable-cache enable-cache"},
		{"GET", "/wp/v2/posts/{{row.id}}", nil, "", Read, ""},
		{"GET", "/acme/v1/{{row.kind}}", nil, "", Read, ""},
		{"POST", "/wp/v2/posts?title={{site.name}}", nil, "", Change, ""},
		{"POST", "/wp/v2/posts?{{row.name}}=DELETE", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts/1?_method={{row.method}}", nil, "", Destroy, ""},
		{"POST", "/wp/v2/posts?rest_route={{row.route}}", nil, "", Destroy, "clear-cache clear-logs clear-opcache disable-cache enable-cache"},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/{{row.kind}}"}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts","method":"{{row.m}}"}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts","{{row.k}}":"DELETE"}]}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":"{{row.all}}"}`, Destroy, ""},
		{"POST", "/batch/v1", nil, `{"requests":[{"path":"/wp/v2/posts","body":{"title":"{{site.name}}"}}]}`, Change, ""},
	}
	for _, c := range cases {
		got := Judge(Request{Method: c.method, Path: c.path, Header: c.header, Body: c.body})
		operations := strings.Join(got.Operations, " ")
		if got.Effect != c.want || operations != c.operations {
			t.Errorf("%s %.100s %v %s: %s %s, want %s %s", c.method, c.path, c.header, c.body, got.Effect, operations, c.want, c.operations)
		}
	}
}

// What a route is does not depend on how it is written.
func FuzzJudge(f *testing.F) {
	for _, path := range []string{"/wp/v2/users", "/wp/v2/posts/1?x=y", "/bigscoots-cache/v2/disable-cache", "/{{row.x}}", "/a/%2e%2e/b", "/batch/v1"} {
		f.Add("POST", path, `{"requests":[{"path":"/wp/v2/posts","method":"DELETE"}]}`)
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		plain := Judge(Request{Method: method, Path: path, Body: body})
		if plain.Effect.LessThan(Read) {
			t.Fatalf("%q %q has no effect", method, path)
		}
		same := func(what, method, path string, header http.Header) {
			if got := Judge(Request{Method: method, Path: path, Header: header, Body: body}); got.Effect.LessThan(plain.Effect) {
				t.Errorf("%s: %q %q is %s, and %q %q is %s", what, method, path, got.Effect, method, path, plain.Effect)
			}
		}
		route, query, _ := strings.Cut(path, "?")
		if strings.Contains(path, "{{") || len(path) > 1000 {
			return
		}
		same("prefix", method, "/wp-json/"+path, nil)
		same("slash", method, route+"/?"+query, nil)
		same("header", "GET", path, http.Header{"X-Http-Method-Override": {method}})
		if slices.Contains(methodsKnown, method) && !strings.Contains(path, "_method") && !strings.Contains(query, "%") {
			same("query", "GET", fmt.Sprintf("%s?%s&_method=%s", route, query, method), nil)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	for b.Loop() {
		Judge(Request{Method: "POST", Path: "/wp/v2/posts/17?status=draft", Body: "{}"})
	}
}
