package audit

import "strings"

// longestWords is far more than a name has, in bytes. SQLite fails on a pattern of 50,000 (SQLITE_MAX_LIKE_PATTERN_LENGTH).
const longestWords = 5000

// escapeLike makes what a person typed match itself, with ! as LIKE's escape character.
func escapeLike(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}
