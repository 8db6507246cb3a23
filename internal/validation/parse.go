package validation

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// grouped is a whole number as people and pages write it: 1234, or with one kind of separator between groups of three digits. One
// that begins with a zero, such as 0.500, is a fraction.
var grouped = regexp.MustCompile(`^[1-9]\d{0,2}(?:(?:,\d{3})+|(?:\.\d{3})+|(?:'\d{3})+|(?: \d{3})+)$|^\d{1,9}$`)

// separators of one kind: the apostrophes, and the blanks, among them the narrow ones that do not break.
var separators = strings.NewReplacer("’", "'", "ʼ", "'", "`", "'", "\t", " ", "\u00a0", " ", "\u2007", " ", "\u2009", " ", "\u202f", " ", "٬", ",", "，", ",",
	"．", ".")

// ParseCount reads a whole number that a person typed, with the separators that pages show or their country uses. Whatever else was typed, nothing
// among it, is -1.
func ParseCount(text string) int {
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

// ParseLimit reads a count that may be left empty, which is 0. Whatever else was typed, 0 among it, is -1.
func ParseLimit(text string) int {
	if strings.TrimSpace(text) == "" {
		return 0
	}
	if n := ParseCount(text); n != 0 {
		return n
	}
	return -1
}

// ParseDuration reads a time such as 90s, 10m or 1h30m that may be left empty, which is 0; a number alone is minutes. Whatever else was typed
// is -1.
func ParseDuration(text string) time.Duration {
	if text = strings.ReplaceAll(strings.TrimSpace(text), " ", ""); text == "" {
		return 0
	}
	if minutes, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(minutes * float64(time.Minute))
	}
	long, err := time.ParseDuration(strings.TrimSuffix(text, "in"))
	if err != nil {
		return -1
	}
	return long
}

// ParseIDs keeps the texts that are positive numbers.
func ParseIDs(texts []string) []int64 {
	var all []int64
	for _, text := range texts {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
			all = append(all, n)
		}
	}
	return all
}
