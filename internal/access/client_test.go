package access_test

import (
	"testing"

	"github.com/droverhq/drover/internal/access"
)

func TestClientKey(t *testing.T) {
	for name, key := range map[string]string{
		"acme": "acme", "Acme": "acme", "ACME": "acme", "  Acme ": "acme", "Acme\u00a0 Ltd": "acme ltd", "acme  ltd": "acme ltd", "acme ltd": "acme ltd",
		"Straße": "strasse", "STRASSE": "strasse", "Müller": "müller", "Mu\u0308ller": "müller", "MÜLLER": "müller", "Ａｃｍｅ": "acme", "Ac\u200bme": "acme",
		"a\u00adcme": "acme", "ﬁne": "fine", "ΣΊΣΥΦΟΣ": "σίσυφοσ", "σίσυφος": "σίσυφοσ", "\u212aelvin": "kelvin", "İstanbul": "i\u0307stanbul", " ": "", "\u200b": "",
		"acme-ltd": "acme-ltd", "Acme & Co.": "acme & co.", "AcmeLtd": "acmeltd",
	} {
		if got := access.ClientKey(name); got != key {
			t.Errorf("%q is %q, want %q", name, got, key)
		}
		if got := access.ClientKey(key); got != key {
			t.Errorf("the key %q has the key %q", key, got)
		}
	}
}

func FuzzClientKey(f *testing.F) {
	for _, name := range []string{"Acme", "Mu\u0308ller", "ΐΰ", "ﬃ", "\u1e9e", "\u0345Α"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if key := access.ClientKey(name); access.ClientKey(key) != key {
			t.Errorf("%q has the key %q, which has the key %q", name, key, access.ClientKey(key))
		}
	})
}

func TestScopeKnowsAClientHoweverItIsSpelled(t *testing.T) {
	limited := access.NewScope(access.Restriction{Clients: []string{"Acme Ltd"}})
	for client, in := range map[string]bool{"Acme Ltd": true, "ACME  ltd": true, "acme\u00a0ltd": true, "Acme": false, "": false, " ": false} {
		if got := limited.Site(client, nil); got != in {
			t.Errorf("%q is in scope: %v", client, got)
		}
	}
	if !limited.Covers(access.Restriction{Clients: []string{"acme ltd"}}) || limited.Covers(access.Restriction{Clients: []string{"acme ltd", "zulu"}}) {
		t.Error("what is covered depends on the spelling")
	}
	if nobody := access.NewScope(access.Restriction{Clients: []string{" "}}); nobody.Site("", nil) || nobody.Site(" ", nil) || nobody.EverySite() {
		t.Error("a scope of no client has sites")
	}
}
