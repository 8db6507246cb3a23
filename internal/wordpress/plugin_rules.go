package wordpress

import (
	"encoding/json"
	"strings"
)

// Raw is a JSON value as it was sent.
type Raw = json.RawMessage

// CachePlugin says how the answers of one cache plugin's routes are to be read where that differs from other endpoints.
type CachePlugin struct {
	Namespace   string             // of its routes
	Codes       map[string]Verdict // by its error codes, whatever the status
	Suffixes    map[string]Verdict // by the end of a code
	SaysSuccess bool               // a write that was carried out says "success": true; without it, it was not
	// Done judges a success more closely, such as one that names what was left out; nil: there is no more to it.
	Done func(Exchange, map[string]Raw) (Verdict, bool)
}

// cachePlugins are the plugins whose answers are known.
var cachePlugins = []CachePlugin{bigscoots}

// pluginOf returns the plugin whose route was asked; the zero value where it is none of those known.
func pluginOf(x Exchange) CachePlugin {
	for _, p := range cachePlugins {
		if strings.Contains(x.URL, "/"+p.Namespace+"/") {
			return p
		}
	}
	return CachePlugin{}
}

// ofCode judges by a code of any known plugin: other routes of a site may hand it on.
func ofPluginCode(code string) (Verdict, bool) {
	for _, p := range cachePlugins {
		if v, known := p.Codes[code]; known {
			return v, true
		}
		for suffix, v := range p.Suffixes {
			if strings.HasSuffix(code, suffix) {
				return v, true
			}
		}
	}
	return Verdict{}, false
}
