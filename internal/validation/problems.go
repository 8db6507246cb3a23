// Package validation says what is wrong with what a person typed.
package validation

import (
	"maps"
	"slices"
	"strings"
)

// Problems says what is wrong, by field, each as a sentence that says what to do.
type Problems map[string]string

// Error lists the problems in the order of their fields.
func (p Problems) Error() string {
	parts := make([]string, 0, len(p))
	for _, field := range slices.Sorted(maps.Keys(p)) {
		parts = append(parts, field+": "+p[field])
	}
	return strings.Join(parts, "; ")
}

// Sentences joins the sentences in the order of their fields, for a page that has no fields to show them beside.
func (p Problems) Sentences() string {
	parts := make([]string, 0, len(p))
	for _, field := range slices.Sorted(maps.Keys(p)) {
		parts = append(parts, p[field])
	}
	return strings.Join(parts, " ")
}

// OrNil returns the problems as an error, or nil where there are none.
func (p Problems) OrNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
