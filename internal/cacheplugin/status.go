package cacheplugin

import "encoding/json"

// Status is what a plugin says of itself.
type Status struct {
	Version     string            `json:"version,omitempty"`
	Cache       string            `json:"cache,omitempty"`      // of BigScoots Cache: Enabled, Disabled, Page Cache Disabled
	SetupMode   string            `json:"setup_mode,omitempty"` // Standard, Performance+, Misconfigured
	Environment string            `json:"environment,omitempty"`
	Data        map[string]string `json:"data,omitempty"` // everything, by name
}

// StatusRoute is how a plugin tells its status. Values are what the answer holds, by name; the plugin's Read makes a status of them once
// they can be shown, and says what it finds on the host, with what to do where something is wrong.
type StatusRoute struct {
	Request Request
	Values  func(raw json.RawMessage) map[string]string
}
