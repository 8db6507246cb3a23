package validation

import (
	"regexp"
	"strconv"
	"strings"
)

// grouped is a whole number as people and pages write it: 1234, or with one kind of separator between groups of three digits. One
// that begins with a zero, such as 0.500, is a fraction.
var grouped = regexp.MustCompile(`^[1-9]\d{0,2}(?:(?:,\d{3})+|(?:\.\d{3})+|(?:'\d{3})+|(?: \d{3})+)$|^\d{1,9}$`)

// separators of one kind: the apostrophes, and the blanks, among them the narrow ones that do not break.
var separators = strings.NewReplacer("’", "'", "ʼ", "'", "`", "'", "\t", " ", "\u00a0", " ", "\u2007", " ", "\u2009", " ", "\u202f", " ", "٬", ",", "，", ",",
	"．", ".")

// Count reads a whole number that a person typed, with the separators that pages show or their country uses. Whatever else was typed, nothing
// among it, is -1.
func Count(text string) int {
	text = strings.TrimSpace(separators.Replace(text))
	if !grouped.MatchString(text) {
		return -1
	}
	n, err := strconv.Atoi(strings.NewReplacer(",", "", ".", "", "'", "", " ", "").Replace(text))
	if err != nil {
		return -1
	}
	return n
}
