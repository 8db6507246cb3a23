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
	Columns [][2]string // of a table of answers: a name, and where the value stands as a jq path
}

// StatusColumns are the columns of a table of the answers of an operation that reads a plugin's status; nil for other operations.
func StatusColumns(operation string) [][2]string {
	for _, p := range known {
		for _, o := range p.Operations {
			if p.Status != nil && o.Name == operation && o.Request.Path == p.Status.Request.Path {
				return p.Status.Columns
			}
		}
	}
	return nil
}
