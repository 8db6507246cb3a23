package wordpress_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	. "github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A dashboard that never comes to an end, or says the same for ever, is asked so often and no more.
func TestAnEndlessDashboardIsBounded(t *testing.T) {
	t.Parallel()
	const mostSites, mostTags, mostRequests, mostBytes = 1000, 10, 50, 4 << 20 // a twentieth of the usual
	var asked atomic.Int64
	item := func(i int) string { return fmt.Sprintf(`{"id":%d,"url":"https://s%d.example","client_id":null}`, i, i) }
	answers := map[string]func(page int) string{
		"endless": func(page int) string {
			items := make([]string, 100)
			for i := range items {
				items[i] = item(page*100 + i)
			}
			return `{"items":[` + strings.Join(items, ",") + `],"total":1000000000}`
		},
		"the same": func(int) string { return `{"items":[` + item(1) + `,` + item(2) + `],"total":1000000}` },
		"none":     func(int) string { return `{"items":[],"total":5}` },
		"no total": func(page int) string { return `{"items":[` + item(page) + `]}` },
		"heavy": func(page int) string {
			return `{"items":[` + strings.Replace(item(page), "{", `{"more":"`+strings.Repeat("x", 1_000_000)+`",`, 1) + `],"total":1000000}`
		},
	}
	wants := map[string][2]int{"endless": {mostSites, mostRequests}, "the same": {2, 12}, "none": {0, 3}, "no total": {1, 6}, "heavy": {5, 7}}
	for name, answer := range answers {
		asked.Store(0)
		site := wptest.Site{Answer: func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/mainwp/") {
				return false
			}
			asked.Add(1)
			page := 0
			_, _ = fmt.Sscan(r.URL.Query().Get("input[page]"), &page)
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, answer(page))
			return true
		}}
		fake, n := network(t, wptest.Options{Sites: []wptest.Site{site}})
		listed, v := connect(n, fake.URL(0), "", "").MainWPWithin(t.Context(), mostSites, mostTags, mostRequests, mostBytes)
		if want := wants[name]; v.Outcome != OK || len(listed.Sites) != want[0] || asked.Load() > int64(want[1]) {
			t.Errorf("%s: %d sites after %d requests, %+v", name, len(listed.Sites), asked.Load(), v)
		}
	}
}
