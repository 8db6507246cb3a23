package cacheplugin

import (
	"encoding/json"
	"net/http"
	"strings"
)

// SiteGround is SiteGround's Speed Optimizer (sg-cachepress, core/Rest). A success is {"status": 200, "message": …}; what fails is answered
// with another status, in the body too.
var SiteGround = Plugin{
	Slug: "sg-cachepress", Name: "SiteGround Speed Optimizer", Layer: Edge, Namespace: "siteground-optimizer/v1",
	Clear:    Request{Method: http.MethodPut, Path: "/siteground-optimizer/v1/purge-cache"},
	Settings: "admin.php?page=sgo_caching",
	Access:   "SiteGround Speed Optimizer lets only users who may manage options clear it. Connect such a user.",
	Routes: []Route{
		{mostMethods, "/siteground-optimizer/v1/purge-cache", change, ""},
		{mostMethods, "/siteground-optimizer/v1/purge-**", change, ""},
		{writes, "/siteground-optimizer/v1/enable-*", destroy, ""},
		{writes, "/siteground-optimizer/v1/disable-*", destroy, ""},
		{writes, "/siteground-optimizer/v1/*-option", destroy, ""},
	},
	Done:        statusInside,
	PageHeaders: []string{"X-Proxy-Cache", "Sg-F-Cache"},
}

// statusInside asks for the plugin's own status: without it, something else answered.
func statusInside(a Answer) (Verdict, bool) {
	var status json.Number
	if err := json.Unmarshal(a.Fields["status"], &status); err == nil && strings.HasPrefix(status.String(), "2") {
		return Verdict{}, false
	}
	return failed("refused", "The plugin answered without saying that it was done."), true
}
