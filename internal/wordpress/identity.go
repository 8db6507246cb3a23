package wordpress

import (
	"net/url"
	"strings"
)

// ownIndex tells whether an index is that of the site at home: a path that was never a site, or is one no more, is often served by
// another WordPress of the same host, whose index names that one's home (get_rest_url announces it on every page, 404 included).
// An index that names nothing is judged by where it lies.
func ownIndex(home, root string, i index) bool {
	if webAddress(i.Home) == nil && webAddress(i.URL) == nil {
		return within(home, root)
	}
	if webAddress(i.Home) == nil {
		return within(home, i.URL)
	}
	return within(home, i.Home) || separateFrontEnd(home, i)
}

// separateFrontEnd tells whether the stored address is WordPress's own (site_url), and its home is the front of another host. On the same
// host, a WordPress in a folder is the site of the home above it, and its pages and its cache are there.
func separateFrontEnd(home string, i index) bool {
	return bareHost(webAddress(home)) != bareHost(webAddress(i.Home)) && within(home, i.URL) && within(i.URL, home)
}

// within tells whether an address is the home or lies below it, as the homes of languages do. Scheme, port and www do not count: a
// server behind a proxy often knows them wrongly, and no owner has another site there. Any other host does, a language's included:
// de.acme.example may be another blog of the network, and its pages are cached under its own name.
func within(home, address string) bool {
	h, a := webAddress(home), webAddress(address)
	if h == nil || a == nil || bareHost(h) != bareHost(a) {
		return false
	}
	return strings.HasPrefix(strings.ToLower(belowOrigin(a))+"/", strings.ToLower(belowOrigin(h))+"/")
}

// belowOrigin is the path of a home; empty where the address has none or cannot be read.
func belowOrigin(u *url.URL) string {
	path, _, _ := homePath(u)
	return path
}

// webAddress reads an address of the web, or returns nil.
func webAddress(text string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil
	}
	return u
}

func bareHost(u *url.URL) string {
	name := strings.TrimSuffix(u.Hostname(), ".")
	if ascii, err := hostNames.ToASCII(name); err == nil {
		name = ascii
	}
	return strings.TrimPrefix(strings.ToLower(name), "www.")
}

// rebase moves an address of the site's to the site's own origin: behind a proxy, WordPress announces an inner port, or plain HTTP.
func rebase(address, home string) string {
	h, a := webAddress(home), webAddress(address)
	if h == nil || a == nil {
		return ""
	}
	a.Scheme, a.Host = h.Scheme, h.Host
	return a.String()
}
