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
	Access:   "SiteGround Speed Optimizer lets only users who can manage options clear its cache. Connect such a user.",
	Routes: []Route{
		{mostMethods, "/siteground-optimizer/v1/purge-cache", change, ""},
		{mostMethods, "/siteground-optimizer/v1/purge-**", change, ""},
		{writes, "/siteground-optimizer/v1/enable-*", destroy, ""},
		{writes, "/siteground-optimizer/v1/disable-*", destroy, ""},
		{writes, "/siteground-optimizer/v1/*-option", destroy, ""},
	},
	Done:        statusInside,
	Tells:       siteGroundTells,
	Read:        simpleStatus("SiteGround Speed Optimizer"),
	Versioned:   "version",
	PageHeaders: []string{"X-Proxy-Cache", "Sg-F-Cache"},
}

// statusInside asks for the plugin's own status: without it, something else answered.
func statusInside(a Answer) (Verdict, bool) {
	var status json.Number
	if err := json.Unmarshal(a.Fields["status"], &status); err == nil && strings.HasPrefix(status.String(), "2") {
		return Verdict{}, false
	}
	return failed("refused", "The plugin responded without confirming that it was done."), true
}

// siteGroundTells reads which option a request switched: the one of the cache alone says anything of it.
func siteGroundTells(t Observation) map[string]string {
	var sent struct {
		Key string `json:"option_key"`
	}
	if _, failed := statusInside(Answer{Fields: fieldsOf(t.Answer)}); failed || !t.OK || t.reads() || json.Unmarshal(t.Request, &sent) != nil {
		return nil
	}
	if sent.Key != "siteground_optimizer_enable_cache" {
		return nil
	}
	switch {
	case strings.HasSuffix(t.Path, "/enable-option"):
		return map[string]string{"cache": onOff(true)}
	case strings.HasSuffix(t.Path, "/disable-option"):
		return map[string]string{"cache": onOff(false)}
	}
	return nil
}

func fieldsOf(raw json.RawMessage) (fields map[string]json.RawMessage) {
	_ = json.Unmarshal(raw, &fields) // what is no object has no fields
	return fields
}
