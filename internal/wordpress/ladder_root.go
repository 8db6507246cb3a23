package wordpress

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// index is what Drover reads of the REST index.
type index struct {
	Name           string          `json:"name"`
	Home           string          `json:"home"`
	Namespaces     []string        `json:"namespaces"`
	Authentication json.RawMessage `json:"authentication"` // an empty array where nothing is offered, else an object
}

func (l *ladder) findRoot(ctx context.Context) (Rung, bool) {
	home := l.client.address.Home
	candidates := []string{home + "/wp-json/", home + "/index.php?rest_route=/", home + "/index.php/wp-json/"}
	if root := secured(l.client.address.Root, home); root != "" {
		if !sameOrigin(root, home) {
			return l.foreignRoot(root)
		}
		candidates = slices.Insert(slices.DeleteFunc(candidates, func(c string) bool { return c == root }), 0, root)
	}
	var first Verdict
	for i, root := range candidates {
		l.client.address.Root = root
		read, verdict, found := l.readIndex(ctx)
		if found {
			return l.rooted(root, read)
		}
		if i == 0 {
			first = verdict
		}
	}
	return l.rootless(first)
}

// secured raises the root to https where a site behind a TLS proxy announces http for the same host.
func secured(root, home string) string {
	if raised, plain := strings.CutPrefix(root, "http://"); plain && sameOrigin("https://"+raised, home) {
		return "https://" + raised
	}
	return root
}

func (l *ladder) foreignRoot(root string) (Rung, bool) {
	return fail(fmt.Sprintf("%s says that its REST API is on another host, at %s. The credential was not sent there.", l.host, printable(root, 200)),
		"Add the site with that address, or correct the WordPress address and the site address under Settings → General: Drover sends the credential to the site's own host only.")
}

// readIndex reads the index below the root: as a visitor, and where visitors are turned away, with the credential.
func (l *ladder) readIndex(ctx context.Context) (index, Verdict, bool) {
	request := Request{Method: http.MethodGet, Path: "/?_fields=name,home,namespaces,authentication"}
	x := l.client.anonymous().Do(ctx, request)
	v := Classify(x)
	if v.Code != "" && (v.Reason == ReasonNotAuthenticated || v.Reason == ReasonForbidden) && l.client.username != "" {
		x = l.client.Do(ctx, request)
		v = Classify(x)
	}
	found, _ := findJSON(x.Body)
	var read index
	if v.Outcome != OK || json.Unmarshal(found.value, &read) != nil || len(read.Namespaces) == 0 {
		return index{}, v, false
	}
	return read, v, true
}

func (l *ladder) rooted(root string, read index) (Rung, bool) {
	l.ways = read.Authentication
	l.report.Root, l.report.Name, l.report.Home, l.report.Namespaces = root, plain(read.Name), printable(read.Home, 500), read.Namespaces
	if read.Home != "" && l.report.RedirectsTo == "" && !sameOrigin(read.Home, l.client.address.Home) {
		return warn(fmt.Sprintf("The REST API is at %s, but the site calls itself %s.", root, l.report.Home),
			"Use the site's own name for it as its address: URLs to purge must begin with it, and the plugin drops others silently.")
	}
	return ok("The REST API is at " + root + ".")
}

// rootless says why no index was found, by what the likeliest place answered.
func (l *ladder) rootless(v Verdict) (Rung, bool) {
	switch {
	case v.Reason == ReasonRedirected && l.report.RedirectsTo != "":
		return fail(fmt.Sprintf("%s has moved to %s, REST API and all.", l.host, l.report.RedirectsTo), "Change the site's address to "+l.report.RedirectsTo+".")
	case v.Outcome == OK, v.Reason == ReasonNotJSON, v.Reason == ReasonNoRoute:
		return fail(l.host+" has no REST API that can be found.", "Check that this is a WordPress site, that Settings → Permalinks is saved, and that no plugin switches the REST API off.")
	}
	return l.failed(v)
}

func (l *ladder) applicationPasswords(context.Context) (Rung, bool) {
	if len(l.ways) == 0 {
		return warn(l.host+" does not tell whether application passwords are available.", "A plugin shortens the REST index. Nothing to do while the credential works.")
	}
	var ways map[string]json.RawMessage
	if json.Unmarshal(l.ways, &ways) != nil {
		ways = nil // an empty array: nothing is offered
	}
	if _, offered := ways["application-passwords"]; !offered {
		return fail("Application passwords are switched off on "+l.host+".",
			"A security plugin or the host switches them off (the filter wp_is_application_passwords_available), or WordPress does not know that it is reached by https. Have that changed.")
	}
	return ok("Application passwords are available.")
}
