package wordpress

import (
	"net/netip"
	"slices"
	"time"
)

// CheckState is the result of a step.
type CheckState string

// the states of a step.
const (
	CheckOK       CheckState = "ok"
	CheckWarning  CheckState = "warning"
	CheckFailed   CheckState = "failed"
	CheckNotTried CheckState = "not_tried"
)

// The steps, in the order in which they are taken.
const (
	StepHomePage             = "reach"
	StepRoot                 = "rest_root"
	StepApplicationPasswords = "application_passwords"
	StepCredential           = "credential"
	StepCapabilities         = "capabilities"
	StepNamespaces           = "namespaces"
	StepStatus               = "bigscoots_status"
)

var checkSteps = []string{StepHomePage, StepRoot, StepApplicationPasswords, StepCredential, StepCapabilities, StepNamespaces, StepStatus}

// CheckStep is one step of a check: what was found, and how to fix it.
type CheckStep struct {
	Name    string     `json:"name"`
	State   CheckState `json:"state"`
	Finding string     `json:"finding"`
	Fix     string     `json:"mend,omitempty"`
}

// Report is what a check found.
type Report struct {
	Steps         []CheckStep   `json:"rungs"` // all of them, in order
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

	CertificateEnds  time.Time `json:"certificate_ends,omitzero"`   // of the certificate that the home page was served with
	WordPressVersion string    `json:"wordpress_version,omitempty"` // as the home page tells it
}

// State is ready, warning or broken, and unchecked where nobody knows whether the credential works.
func (r Report) State() string {
	if _, failing := r.Failing(); failing {
		return "broken"
	}
	if slices.ContainsFunc(r.Steps, func(step CheckStep) bool { return step.Name == StepCredential && step.State == CheckNotTried }) {
		return "unchecked"
	}
	if _, warns := r.first(CheckWarning); warns {
		return "warning"
	}
	return "ready"
}

// Failing returns the first step that failed.
func (r Report) Failing() (CheckStep, bool) { return r.first(CheckFailed) }

func (r Report) first(state CheckState) (CheckStep, bool) {
	i := slices.IndexFunc(r.Steps, func(step CheckStep) bool { return step.State == state })
	if i < 0 {
		return CheckStep{}, false
	}
	return r.Steps[i], true
}
