package access

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// ClientKey is what all spellings of a client's name have in common, as RFC 8266 compares nicknames: case, Unicode's compatible forms, and
// spaces around and repeated within a name do not tell two clients apart, nor do characters that nobody sees.
func ClientKey(name string) string {
	if plainKey(name) {
		return name
	}
	shown := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII && unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			return -1
		}
		return r
	}, name)
	fold := cases.Fold()
	folded := norm.NFKC.String(fold.String(norm.NFKC.String(fold.String(norm.NFKD.String(shown)))))
	return strings.Join(strings.Fields(folded), " ")
}

// plainKey tells whether the name is its own key, as most are but for their capitals.
func plainKey(name string) bool {
	plain := func(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '.' }
	return !strings.ContainsFunc(name, func(r rune) bool { return !plain(r) })
}

// ClientKeys are the keys of the names that name somebody.
func ClientKeys(names []string) []string {
	keys := make([]string, 0, len(names))
	for _, name := range names {
		if key := ClientKey(name); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// HasClient tells whether the client is among the names, however it is spelled.
func HasClient(names []string, client string) bool {
	key := ClientKey(client)
	return key != "" && slices.ContainsFunc(names, func(name string) bool { return ClientKey(name) == key })
}
