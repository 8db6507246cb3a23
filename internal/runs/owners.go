package runs

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/sites"
)

// splitURLs reads addresses and paths, one a line or separated by spaces.
func splitURLs(text string, p sites.Problems) []string {
	var all []string
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n", r) }) {
		if problem := checkURL(field); problem != "" {
			p["urls"] = problem
			return nil
		}
		if !slices.Contains(all, field) {
			all = append(all, field)
		}
	}
	if len(all) == 0 {
		p["urls"] = "Enter at least one URL, such as https://acme.example/page/, or a path, such as /page/."
	} else if len(all) > mostValues {
		p["urls"] = fmt.Sprintf("A run can have at most %d URLs. Split them across several runs, or clear everything.", mostValues)
	}
	return all
}

func checkURL(field string) string {
	u, err := url.Parse(field)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is not a URL. Enter it as https://acme.example/page/, or as a path, such as /page/.", field)
	case strings.HasPrefix(field, "/") && !strings.HasPrefix(field, "//"):
		return ""
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return fmt.Sprintf("%q is not an HTTP(S) URL. Enter it as https://acme.example/page/, or as a path, such as /page/.", field)
	case u.User != nil:
		return "Remove the username and password from the URLs."
	}
	return ""
}

// urlsOf returns the addresses that belong to the site with that home: the plugin drops the others silently, and still answers
// success. A path belongs to every site.
func urlsOf(home string, all []string) []string {
	var own []string
	for _, address := range all {
		if strings.HasPrefix(address, "/") {
			own = append(own, home+address)
		} else if belongs(home, address) {
			own = append(own, address)
		}
	}
	return own
}

// belongs tells whether the address lies under the home. Scheme and www matter: the plugin compares hosts letter by letter.
func belongs(home, address string) bool {
	h, errHome := url.Parse(home)
	a, errAddress := url.Parse(address)
	if errHome != nil || errAddress != nil {
		return false
	}
	below := a.Path == h.Path || strings.HasPrefix(a.Path, strings.TrimSuffix(h.Path, "/")+"/") || h.Path == "" && a.Path == ""
	return strings.EqualFold(a.Scheme, h.Scheme) && strings.EqualFold(a.Host, h.Host) && below
}

// homeless returns the addresses that belong to none of the sites.
func homeless(all []string, chosen []sites.Site) []string {
	var none []string
	for _, address := range all {
		if strings.HasPrefix(address, "/") {
			continue
		}
		if !slices.ContainsFunc(chosen, func(s sites.Site) bool { return belongs(s.Home, address) }) {
			none = append(none, address)
		}
	}
	return none
}
