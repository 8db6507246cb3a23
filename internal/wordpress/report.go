package wordpress

import (
	"net/netip"
	"slices"
)

// RungState is how a rung of the ladder was found.
type RungState string

// The states of a rung.
const (
	RungOK       RungState = "ok"
	RungWarning  RungState = "warning"
	RungFailed   RungState = "failed"
	RungNotTried RungState = "not_tried"
)

// The rungs, in the order in which they are climbed.
const (
	RungReach                = "reach"
	RungRoot                 = "rest_root"
	RungApplicationPasswords = "application_passwords"
	RungCredential           = "credential"
	RungCapabilities         = "capabilities"
	RungNamespaces           = "namespaces"
	RungStatus               = "bigscoots_status"
)

var rungs = []string{RungReach, RungRoot, RungApplicationPasswords, RungCredential, RungCapabilities, RungNamespaces, RungStatus}

// Rung is one step of the ladder: what was found, and how to fix it.
type Rung struct {
	Name    string    `json:"name"`
	State   RungState `json:"state"`
	Finding string    `json:"finding"`
	Mend    string    `json:"mend,omitempty"`
}

// Report is what climbing the ladder found.
type Report struct {
	Rungs         []Rung        `json:"rungs"` // all of them, in order
	Root          string        `json:"root,omitempty"`
	Home          string        `json:"home,omitempty"`       // as the site itself says
	OtherSite     string        `json:"other_site,omitempty"` // the home of the site that answers in its place
	Name          string        `json:"name,omitempty"`
	Address       netip.Addr    `json:"address"`
	Login         string        `json:"login,omitempty"`
	Roles         []string      `json:"roles,omitempty"`
	Administrator bool          `json:"administrator,omitempty"`
	CanManage     bool          `json:"can_manage,omitempty"`
	Namespaces    []string      `json:"namespaces,omitempty"`
	Plugin        *PluginStatus `json:"plugin,omitempty"`
	RedirectsTo   string        `json:"redirects_to,omitempty"` // the home that the site sends its visitors to
	Warning       string        `json:"warning,omitempty"`      // the first finding that warns
}

// State is ready, warning or broken.
func (r Report) State() string {
	if _, failing := r.Failing(); failing {
		return "broken"
	}
	if _, warns := r.first(RungWarning); warns {
		return "warning"
	}
	return "ready"
}

// Failing returns the first rung that failed.
func (r Report) Failing() (Rung, bool) { return r.first(RungFailed) }

func (r Report) first(state RungState) (Rung, bool) {
	i := slices.IndexFunc(r.Rungs, func(rung Rung) bool { return rung.State == state })
	if i < 0 {
		return Rung{}, false
	}
	return r.Rungs[i], true
}
