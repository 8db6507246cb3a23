package operation

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// splitURLs reads addresses and paths, one a line or separated by spaces, and makes them canonical: the cache knows no others.
func splitURLs(text string, p validation.Problems) []string {
	var all []string
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		page, err := wordpress.ParsePage(field)
		if err != nil {
			p["urls"] = err.Error()
			return nil
		}
		if !slices.Contains(all, page) {
			all = append(all, page)
		}
	}
	if len(all) == 0 {
		p["urls"] = "Write at least one address, such as https://acme.example/page/, or a path, such as /page/."
	} else if len(all) > mostValues {
		p["urls"] = fmt.Sprintf("At most %d addresses go into one run. Split them over several runs, or clear everything.", mostValues)
	}
	return all
}

// urlsOfSite returns the addresses that belong to the site with that home: the plugin drops the others silently, and still answers
// success. A path belongs to every site.
func urlsOfSite(home string, all []string) []string {
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

// unroutedURLs returns the addresses that belong to none of the sites.
func unroutedURLs(all []string, chosen []Site) []string {
	var none []string
	for _, address := range all {
		if strings.HasPrefix(address, "/") {
			continue
		}
		if !slices.ContainsFunc(chosen, func(s Site) bool { return belongs(s.Home, address) }) {
			none = append(none, address)
		}
	}
	return none
}
