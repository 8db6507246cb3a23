package web_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// The rows of the matrix and of the scope tests for connecting sites.
func init() {
	maps.Copy(lowestRole, map[string]access.Role{
		"GET /connect": access.Admin, "POST /connect": access.Admin, "POST /connect/next": access.Admin, "POST /connect/mark": access.Admin,
		"GET /connect/:id": access.Admin, "POST /connect/:id/look": access.Admin, "POST /connect/:id/approve": access.Admin,
		"POST /connect/:id/credential": access.Admin, "POST /sites/reconnect": access.Admin,
		"POST /sites/import/preview": access.Admin, "GET /connect/wp-cli": access.Admin, "POST /connect/wp-cli": access.Admin,
		"GET /sites/:id/rights": access.Admin, "POST /sites/:id/rights": access.Admin, "POST /sites/:id/limit": access.Admin,
		"GET /connect/network": access.Admin, "POST /connect/network": access.Admin, "POST /connect/network/add": access.Admin,
		"GET /connect/mainwp": access.Admin, "POST /connect/mainwp": access.Admin,
		"GET /sites/limit": access.Admin, "POST /sites/limit": access.Admin, "GET /limited-users": access.Admin,
	})
	maps.Copy(outsideScope, map[string]int{
		"GET /sites/:id/rights": 404, "POST /sites/:id/rights": 404, "POST /sites/:id/limit": 404,
		"GET /connect/:id": 404, "POST /connect/:id/look": 404, "POST /connect/:id/approve": 404, "POST /connect/:id/credential": 404,
	})
	for _, name := range []string{"GET /connect", "POST /connect", "POST /connect/next", "POST /connect/mark", "POST /sites/reconnect",
		"POST /sites/import/preview", "GET /connect/wp-cli", "POST /connect/wp-cli", "GET /connect/mainwp", "POST /connect/mainwp",
		"GET /connect/network", "POST /connect/network", "POST /connect/network/add", "GET /sites/limit", "POST /sites/limit", "GET /limited-users"} {
		narrow[name] = true
	}
	changesNothing["POST /sites/:id/rights"] = true
	changesNothing["POST /connect/wp-cli"], changesNothing["POST /connect/network"] = true, true
	changesNothing["POST /sites/import/preview"] = true // the file that waits is sealed, and dropped
}

// asksConnect puts a site into the queue that can be approved.
func (h gateServer) asksConnect(t *testing.T, route string, m members.Member) change {
	t.Helper()
	switch route {
	case "POST /connect":
		return change{"/connect", encoded("addresses", fmt.Sprintf("new%d-%d.example\nother%d.example", m.ID, time.Now().UnixNano(), time.Now().UnixNano()))}
	case "POST /connect/mainwp":
		h.dashboard.Sites = []wptest.MainWPSite{{URL: fmt.Sprintf("https://listed%d.example", time.Now().UnixNano())}}
		return change{"/connect/mainwp", encoded("url", h.fake.URL(3), "username", wptest.DefaultUser, "application_password", h.fake.Password(3))}
	case "POST /connect/network/add":
		home := fmt.Sprintf("https://blog%d.example", time.Now().UnixNano())
		file, err := connect.NetworkFile(connect.Source{Username: "u", Password: vault.NewSecret("p")}, []connect.NetworkSite{{Home: home}}, "", nil)
		h.must(t, err)
		h.must(t, h.registry.KeepUpload(t.Context(), m.Actor(noAddr), file, connect.NetworkUpload()))
		return change{"/connect/network/add", encoded("home", home)}
	case "POST /sites/:id/limit":
		h.fake.SetFault(1, wptest.Administrator)
		_, err := h.registry.Check(t.Context(), shell, 2)
		h.must(t, err)
		return change{"/sites/2/limit", encoded("username", wptest.DefaultUser, "application_password", h.fake.Password(1))}
	case "POST /sites/limit":
		h.must(t, h.db.Gorm.Exec("DELETE FROM limited_users").Error)
		return change{"/sites/limit", encoded("site", "2", "count", "1", "way", "stored")}
	case "POST /sites/reconnect":
		return change{"/sites/reconnect", encoded("site", "1", "site", "2")}
	}
	site, err := h.registry.Site(t.Context(), shell, 2)
	h.must(t, err)
	added, err := h.parts.Connect.AddSites(t.Context(), shell, []sites.Site{site})
	h.must(t, err)
	h.must(t, h.parts.Connect.Look(t.Context(), shell, added))
	id := fmt.Sprint(added[0].ID)
	form := encoded("connection", id, "do", "skip", "username", "u", "application_password", "a b c d")
	return change{strings.Replace(strings.TrimPrefix(route, "POST "), ":id", id, 1), form}
}
