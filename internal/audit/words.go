package audit

import (
	"strings"
	"unicode"
)

// mostWords bounds a search.
const mostWords = 12

// word is one word to search for, or the beginning of one.
type word struct {
	text   string
	begins bool // it was typed with a * after it
}

// wordsOf splits what a person typed at everything but letters and digits, as the index of words does.
func wordsOf(typed string) []word {
	var all []word
	for _, field := range strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool { return r != '*' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		text, _, begins := strings.Cut(field, "*")
		if text != "" && len(all) < mostWords {
			all = append(all, word{text, begins})
		}
	}
	return all
}

// matchSQLite is the words as FTS5 takes them. They hold letters and digits only.
func matchSQLite(words []word) string {
	parts := make([]string, len(words))
	for i, w := range words {
		if parts[i] = `"` + w.text + `"`; w.begins {
			parts[i] += "*"
		}
	}
	return strings.Join(parts, " ")
}

// matchPostgres is the words as to_tsquery takes them.
func matchPostgres(words []word) string {
	parts := make([]string, len(words))
	for i, w := range words {
		if parts[i] = w.text; w.begins {
			parts[i] += ":*"
		}
	}
	return strings.Join(parts, " & ")
}
