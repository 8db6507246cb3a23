package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
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
	v := Classify(x)
	if v.Outcome != OK {
		return warn("BigScoots Cache does not tell its status. "+l.found(v), v.Reason.Mend())
	}
	found, _ := findJSON(x.Body)
	s := readStatus(found.value)
	l.report.Plugin = &s
	name := strings.TrimSpace("BigScoots Cache " + s.Version)
	switch {
	case s.SetupMode == "Misconfigured":
		return warn(name+" is misconfigured on "+l.host+".", "Set it up again in the site's BigScoots Cache settings.")
	case s.Cache == "":
		return warn(name+" does not tell on "+l.host+" whether its cache is on.", "Look at the plugin's page in the site's dashboard.")
	case s.Cache != "Enabled":
		return warn(name+" is there; the state of its cache on "+l.host+" is: "+s.Cache+".", "Run Enable cache where it should be on.")
	}
	return ok(name + ", cache enabled.")
}

// readStatus reads the values, each {label, value}, from the answer's data or from the answer itself.
func readStatus(raw json.RawMessage) PluginStatus {
	values, is := readObject(raw)
	if !is || values == nil {
		return PluginStatus{}
	}
	within, is := readObject(values["data"])
	if is {
		values = within
	}
	s := PluginStatus{Data: map[string]string{}}
	for name, each := range values {
		pair, _ := readObject(each)
		text := readText(pair["value"])
		if is && text == "" {
			text = readText(each)
		}
		if text != "" {
			s.Data[printable(name, 60)] = plain(text)
		}
	}
	s.Version, s.Cache = s.Data["plugin_version"], s.Data["plugin_cache_status"]
	s.SetupMode, s.Environment = s.Data["plugin_setup_mode"], s.Data["website_environment_type"]
	return s
}
