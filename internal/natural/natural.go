// Package natural sorts names as people count: "Shop 2" before "Shop 10", in any case.
package natural

import (
	"cmp"
	"slices"
	"strings"
)

// sortedDigits is how many digits a number has in a key: more than any number in a name has.
const sortedDigits = 20

const digits = "0123456789"

// Key returns a text whose bytes sort as people count. It is stored beside the names that lists are sorted by: SQL that does as much takes many
// times as long as the rest of the list.
func Key(name string) string {
	name = strings.ToLower(name)
	var key strings.Builder
	for {
		at := strings.IndexAny(name, digits)
		if at < 0 {
			return key.String() + name
		}
		key.WriteString(name[:at])
		rest := strings.TrimLeft(name[at:], digits)
		number := strings.TrimLeft(name[at:len(name)-len(rest)], "0")
		key.WriteString(strings.Repeat("0", max(0, sortedDigits-len(number))))
		key.WriteString(number)
		name = rest
	}
}

// Sort sorts in place by the keys of the names; what has the same one stays as it is.
func Sort[T any](all []T, name func(T) string) {
	keys := make(map[string]string, len(all))
	for _, one := range all {
		keys[name(one)] = Key(name(one))
	}
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(keys[name(a)], keys[name(b)]) })
}
