package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// PluginStatus is what BigScoots Cache says of itself (GET /status).
type PluginStatus struct {
	Version     string            `json:"version,omitempty"`
	Cache       string            `json:"cache,omitempty"`      // Enabled, Disabled, Page Cache Disabled
	SetupMode   string            `json:"setup_mode,omitempty"` // Standard, Performance+, Misconfigured
	Environment string            `json:"environment,omitempty"`
	Data        map[string]string `json:"data,omitempty"` // everything, by name
}

// statusTimeout is longer than usual: the plugin asks the CDN, up to 10 s each time.
const statusTimeout = 45 * time.Second

func (l *ladder) status(ctx context.Context) (Rung, bool) {
	x := l.client.Do(ctx, Request{Method: http.MethodGet, Path: "/" + pluginNamespace + "/status", Timeout: statusTimeout})
	if v := Classify(x); v.Outcome != OK {
		return warn(l.host+": BigScoots Cache does not tell its status. "+v.Reason.Sentence(), v.Reason.Mend())
	}
	found, _ := findJSON(x.Body)
	s := readStatus(found.value)
	l.report.Plugin = &s
	switch {
	case s.SetupMode == "Misconfigured":
		return warn("BigScoots Cache "+s.Version+" is misconfigured on "+l.host+".", "Set it up anew in the site's BigScoots Cache settings.")
	case s.Cache != "" && s.Cache != "Enabled":
		return warn("BigScoots Cache "+s.Version+" is there; its cache is: "+s.Cache+".", "Run Enable cache when it should be on.")
	}
	return ok("BigScoots Cache " + s.Version + ", cache " + s.Cache + ".")
}

// readStatus reads the values, each {label, value}, from the answer or from its data.
func readStatus(raw json.RawMessage) PluginStatus {
	var outer map[string]json.RawMessage
	if json.Unmarshal(raw, &outer) != nil {
		return PluginStatus{}
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(outer["data"], &inner) == nil {
		outer = inner
	}
	s := PluginStatus{Data: map[string]string{}}
	for name, each := range outer {
		var pair struct {
			Value any `json:"value"`
		}
		if json.Unmarshal(each, &pair) != nil {
			continue
		}
		switch value := pair.Value.(type) {
		case string:
			s.Data[printable(name, 60)] = plain(value)
		case bool, float64:
			s.Data[printable(name, 60)] = string(mustJSON(value))
		}
	}
	s.Version, s.Cache = s.Data["plugin_version"], s.Data["plugin_cache_status"]
	s.SetupMode, s.Environment = s.Data["plugin_setup_mode"], s.Data["website_environment_type"]
	return s
}

func mustJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		return nil // booleans and numbers always have a JSON form
	}
	return text
}
