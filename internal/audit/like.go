package audit

import "strings"

// escapeLike makes what a person typed match itself, with ! as LIKE's escape character.
func escapeLike(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}
