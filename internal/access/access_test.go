package access

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestRolesIncludeTheOnesBefore(t *testing.T) {
	t.Parallel()
	all := Roles()
	for i, r := range all {
		for j, other := range all {
			if got := r.Covers(other); got != (i >= j) {
				t.Errorf("%s covers %s: %v", r, other, got)
			}
		}
		for _, none := range []Role{"", "root", Role(strings.ToUpper(string(r))), r + " "} {
			if none.Valid() || none.Covers(r) || none.Covers(none) || none.Covers("") {
				t.Errorf("%q is a role", none)
			}
		}
	}
}

// Every action is in the table with a role that exists, and named once, as noun.verb.
func TestTheTableOfRights(t *testing.T) {
	t.Parallel()
	all := Actions()
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) || len(all) < 60 {
		t.Errorf("%d actions: %v", len(all), all)
	}
	for _, action := range all {
		if noun, verb, found := strings.Cut(string(action), "."); !LeastRole(action).Valid() || !found || noun == "" || verb == "" || strings.Contains(verb, ".") {
			t.Errorf("%s is for %q", action, LeastRole(action))
		}
	}
	for action := range everySite {
		if leastRole[action] == "" {
			t.Errorf("%s concerns all sites, and nobody may do it", action)
		}
	}
	if LeastRole("site.explode") != "" {
		t.Error("an action that does not exist has a role")
	}
}

func TestWhatAnActorMay(t *testing.T) {
	t.Parallel()
	for _, role := range append(Roles(), "", "root") {
		everywhere := Actor{Role: role}
		oneClient := Actor{Role: role, Scope: NewScope(Restriction{Clients: []string{"Acme"}})}
		oneOperation := Actor{Role: role, Scope: NewScope(Restriction{Operations: []string{"read"}})}
		for _, action := range append(Actions(), "site.explode", "") {
			want := role.Covers(LeastRole(action)) && LeastRole(action) != ""
			if everywhere.May(action) != want || oneOperation.May(action) != want {
				t.Errorf("%s as %q: %v and %v, want %v", action, role, everywhere.May(action), oneOperation.May(action), want)
			}
			if want = want && !everySite[action]; oneClient.May(action) != want {
				t.Errorf("%s as %q of one client: %v", action, role, oneClient.May(action))
			}
		}
	}
	if System().Role != Owner || !System().Scope.EverySite() {
		t.Error("Drover itself is restricted")
	}
}

func TestAnActorWithoutTheirSession(t *testing.T) {
	t.Parallel()
	a := Actor{ID: 1, Token: 3, Auth: &Auth{Version: 4, Session: 5}}
	d := a.Detached()
	if d.Auth.Session != 0 || d.Auth.Version != 4 || d.ID != 1 || d.Token != 3 || a.Auth.Session != 5 {
		t.Errorf("%+v of %+v", d.Auth, a.Auth)
	}
	if none := (Actor{ID: 1}).Detached(); none.Auth != nil {
		t.Errorf("%+v", none)
	}
}

func TestErrorsThatForbid(t *testing.T) {
	t.Parallel()
	for _, err := range []error{ErrRevoked, ErrNeedsApproval} {
		if !errors.Is(err, ErrForbidden) {
			t.Errorf("%v is not ErrForbidden", err)
		}
	}
	if errors.Is(ErrForbidden, ErrRevoked) || errors.Is(ErrRevoked, ErrNeedsApproval) {
		t.Error("the errors cannot be told apart")
	}
}

func TestSitesInAScope(t *testing.T) {
	t.Parallel()
	acmeOrVIP := Restriction{Clients: []string{"Acme"}, Tags: []string{"vip"}}
	for name, c := range map[string]struct {
		scope  Scope
		client string
		tags   []string
		want   bool
	}{
		"everything":                    {nil, "", nil, true},
		"only operations":               {NewScope(Restriction{Operations: []string{"read"}}), "", nil, true},
		"its client":                    {NewScope(acmeOrVIP), "Acme", nil, true},
		"its tag":                       {NewScope(acmeOrVIP), "Zulu", []string{"x", "vip"}, true},
		"neither":                       {NewScope(acmeOrVIP), "Zulu", []string{"x"}, false},
		"of no client":                  {NewScope(acmeOrVIP), "", nil, false},
		"of no client, and that listed": {NewScope(Restriction{Clients: []string{""}}), "", nil, false},
		"its client in another case":    {NewScope(acmeOrVIP), "ACME", nil, true},
		"a tag in another case":         {NewScope(acmeOrVIP), "Zulu", []string{"VIP"}, false}, // tags are stored in lower case
		"a part of the name":            {NewScope(acmeOrVIP), "Acme Ltd", nil, false},
		"both restrictions":             {NewScope(acmeOrVIP, Restriction{Tags: []string{"shop"}}), "Acme", []string{"shop"}, true},
		"one of two restrictions":       {NewScope(acmeOrVIP, Restriction{Tags: []string{"shop"}}), "Acme", nil, false},
		"two that exclude each other":   {NewScope(Restriction{Clients: []string{"Acme"}}, Restriction{Clients: []string{"Zulu"}}), "Acme", nil, false},
	} {
		if got := c.scope.Site(c.client, c.tags); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOperationsInAScope(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope        Scope
		name, effect string
		want         bool
	}{
		"everything": {nil, "disable-cache", "destroy", true},
		"by name":    {NewScope(Restriction{Operations: []string{"clear-cache"}}), "clear-cache", "change", true},
		"by effect":  {NewScope(Restriction{Operations: []string{"read"}}), "status", "read", true},
		"neither":    {NewScope(Restriction{Operations: []string{"read", "clear-cache"}}), "clear-opcache", "change", false},
		"both":       {NewScope(Restriction{Operations: []string{"read"}}, Restriction{Operations: []string{"status"}}), "status", "read", true},
		"one of two": {NewScope(Restriction{Operations: []string{"change"}}, Restriction{Operations: []string{"status"}}), "status", "read", false},
		"only sites": {NewScope(Restriction{Clients: []string{"Acme"}}), "disable-cache", "destroy", true},
	} {
		if got := c.scope.Operation(c.name, c.effect); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What a scope covers allows nothing that the scope does not: nobody gives another person, or a token, more than they have.
func TestACoveredRestrictionAllowsNoMore(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	some := func(of ...string) (chosen []string) {
		for _, one := range of {
			if random.IntN(3) == 0 {
				chosen = append(chosen, one)
			}
		}
		return chosen
	}
	restriction := func() Restriction {
		return Restriction{some("A", "B"), some("x", "y"), some("read", "change", "status")}
	}
	covered := 0
	for range 20_000 {
		scope, other := NewScope(restriction(), restriction()), restriction()
		client, tags := []string{"", "A", "B"}[random.IntN(3)], some("x", "y", "z")
		name, effect := []string{"status", "clear-cache"}[random.IntN(2)], []string{"read", "change", "destroy"}[random.IntN(3)]
		if !scope.Covers(other) {
			continue
		}
		covered++
		given := NewScope(other)
		if given.Site(client, tags) && !scope.Site(client, tags) || given.Operation(name, effect) && !scope.Operation(name, effect) ||
			given.EverySite() && !scope.EverySite() {
			t.Fatalf("%+v covers %+v, which allows %s %q %v more", scope, other, name, client, tags)
		}
		// Whatever is added to a scope only takes away.
		if narrower := append(slices.Clone(scope), restriction()); narrower.Site(client, tags) && !scope.Site(client, tags) {
			t.Fatalf("%+v allows more than %+v", narrower, scope)
		}
		text, err := json.Marshal(other)
		var back Restriction
		if err != nil || json.Unmarshal(text, &back) != nil || !NewScope(other).Covers(back) || !NewScope(back).Covers(other) {
			t.Fatalf("%+v is not the same after %s", other, text)
		}
	}
	if covered < 500 {
		t.Errorf("only %d of 20,000 were covered", covered)
	}
}

func TestNewScopeKeepsWhatRestricts(t *testing.T) {
	t.Parallel()
	given := []Restriction{{}, {Tags: []string{"x"}}, {}}
	if s := NewScope(given...); len(s) != 1 || s[0].Tags[0] != "x" || !given[0].IsZero() || given[1].IsZero() || !given[2].IsZero() {
		t.Errorf("%+v of %+v", s, given)
	}
	if s := NewScope(Restriction{}, Restriction{Clients: []string{}}); len(s) != 0 || !s.Covers(Restriction{}) || !s.EverySite() {
		t.Errorf("%+v", s)
	}
	if on := On("site", -9223372036854775808); on != "site:-9223372036854775808" {
		t.Error(on)
	}
}
