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
		if field = strings.TrimRight(field, ";"); field == "" { // between addresses, as in a list of e-mail addresses
			continue
		}
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
		p["urls"] = "Enter at least one URL, such as https://acme.example/page/, or a path, such as /page/."
	} else if len(all) > mostValues {
		p["urls"] = fmt.Sprintf("A run can have at most %d URLs. Split them across several runs, or clear everything.", mostValues)
	}
	return all
}

// urlsOfSite returns the addresses that belong to the site: the plugin drops the others silently, and still answers success. An address
// below several of the homes belongs to the longest alone: the others would not have its pages. A path belongs to every site but those
// where it leads to another one.
func urlsOfSite(s Site, homes, all []string) []string {
	var own []string
	for _, address := range all {
		switch {
		case strings.HasPrefix(address, "/"):
			if page := wordpress.PageURL(s.Home, s.ReportedHome, address); longestHome(homes, page) <= longestHome([]string{s.Home, s.ReportedHome}, page) {
				own = append(own, page)
			}
		case owns(s, homes, address):
			own = append(own, address)
		}
	}
	return own
}

// owns tells whether the address lies below the site's home, as stored or as the site says, and below no longer one.
func owns(s Site, homes []string, address string) bool {
	longest := longestHome([]string{s.Home, s.ReportedHome}, address)
	return longest > 0 && longest >= longestHome(homes, address)
}

// longestHome is the length of the longest home that the address lies below, or 0.
func longestHome(homes []string, address string) int {
	longest := 0
	for _, home := range homes {
		if home != "" && belongs(home, address) {
			longest = max(longest, len(home))
		}
	}
	return longest
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
		if !slices.ContainsFunc(chosen, func(s Site) bool { return owns(s, nil, address) }) {
			none = append(none, address)
		}
	}
	return none
}
