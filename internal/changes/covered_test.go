package changes

import (
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
)

// What only tightens needs nobody else; whatever a change does not say, or says in a way that is not understood, does.
func TestWhatNeedsASecondPerson(t *testing.T) {
	t.Parallel()
	acme, effects := runs.Policy{Clients: []string{"Acme"}}, runs.Policy{Effects: []operation.Effect{operation.Destroy}}
	altered := func(field string, before, after any) map[string]any {
		return map[string]any{field: map[string]any{"before": before, "after": after}}
	}
	scope := func(clients ...string) access.Restriction { return access.Restriction{Clients: clients} }
	for name, c := range map[string]struct {
		action access.Action
		policy runs.Policy
		client string
		detail map[string]any
		want   bool
	}{
		"no policy":                         {access.MemberAdd, runs.Policy{}, "", nil, false},
		"an action that is not covered":     {access.SiteCheck, effects, "Acme", nil, false},
		"a new member":                      {access.MemberAdd, acme, "", nil, true},
		"an invitation":                     {access.MemberInvite, effects, "", nil, true},
		"a reset":                           {access.MemberReset, acme, "", nil, true},
		"a higher role":                     {access.MemberRole, acme, "", altered("role", access.Viewer, access.Admin), true},
		"a lower role":                      {access.MemberRole, acme, "", altered("role", access.Admin, access.Viewer), false},
		"the same role":                     {access.MemberRole, acme, "", altered("role", access.Admin, access.Admin), false},
		"a role as text":                    {access.MemberRole, acme, "", altered("role", "admin", "viewer"), true},
		"a role that is not said":           {access.MemberRole, acme, "", nil, true},
		"a role from nothing":               {access.MemberRole, acme, "", altered("role", access.Role(""), access.Viewer), true},
		"more clients":                      {access.MemberAccess, acme, "", altered("reach", scope("A"), scope("A", "B")), true},
		"fewer clients":                     {access.MemberAccess, acme, "", altered("reach", scope("A", "B"), scope("A")), false},
		"all sites":                         {access.MemberAccess, acme, "", altered("reach", scope("A"), scope()), true},
		"from all to some":                  {access.MemberAccess, acme, "", altered("reach", scope(), scope("A")), false},
		"another client":                    {access.MemberAccess, acme, "", altered("reach", scope("A"), scope("B")), true},
		"a scope that is not said":          {access.MemberAccess, acme, "", map[string]any{}, true},
		"a looser policy":                   {access.RunPolicy, acme, "", altered("approval", acme, runs.Policy{}), true},
		"another policy":                    {access.RunPolicy, acme, "", altered("approval", acme, effects), true},
		"a stricter policy":                 {access.RunPolicy, acme, "", altered("approval", acme, runs.Policy{Clients: []string{"B", "Acme"}}), false},
		"judged by the policy in force":     {access.RunPolicy, acme, "", altered("approval", runs.Policy{}, runs.Policy{Clients: []string{"B"}}), true},
		"the setting on":                    {access.SettingsChange, acme, "", map[string]any{"value": "yes"}, false},
		"the setting off":                   {access.SettingsChange, acme, "", map[string]any{"value": "no"}, true},
		"another setting":                   {access.SettingsChange, acme, "", altered("confirm_above", 1, 2), true},
		"a site of the client":              {access.SiteRetire, acme, "Acme", nil, true},
		"a site of another":                 {access.SiteRetire, acme, "Zulu", nil, false},
		"a site of none":                    {access.SiteRetire, acme, "", nil, false},
		"a site, by effects":                {access.SiteTag, effects, "", nil, true},
		"a new site, by effects":            {access.SiteAdd, effects, "", nil, false},
		"a credential":                      {access.SiteCredential, acme, "Acme", nil, true},
		"another name alone":                {access.SiteEdit, acme, "Acme", altered("name", "a", "b"), false},
		"another URL":                       {access.SiteEdit, acme, "Acme", altered("home", "a", "b"), true},
		"other tags":                        {access.SiteEdit, acme, "Acme", altered("tags", nil, []string{"x"}), true},
		"out of protection":                 {access.SiteEdit, acme, "Acme", altered("client", "Acme", ""), true},
		"into protection":                   {access.SiteEdit, acme, "Zulu", altered("client", "Zulu", "Acme"), true},
		"between clients without":           {access.SiteEdit, acme, "Zulu", altered("client", "Zulu", "Beta"), false},
		"another URL of an unprotected one": {access.SiteEdit, acme, "Zulu", altered("home", "a", "b"), false},
	} {
		p := proposal{policy: c.policy, client: c.client, detail: c.detail, field: func(name string) (field, bool) {
			f, is := c.detail[name].(map[string]any)
			return field{f["before"], f["after"]}, is
		}}
		if got := needsApproval(c.action, p); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, action := range Covered() {
		if access.LeastRole(action) == "" {
			t.Errorf("%s is covered, and no action", action)
		}
	}
}
