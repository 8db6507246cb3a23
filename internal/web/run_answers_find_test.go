package web

import (
	"slices"
	"testing"

	"github.com/droverhq/drover/internal/endpoint"
)

func TestConditionsAsTheyAreTyped(t *testing.T) {
	t.Parallel()
	columns := []endpoint.Column{{Name: "plugin"}, {Name: "Version"}, {Name: "status"}}
	anywhere := func(value string) endpoint.Filter {
		return endpoint.Filter{Column: endpoint.AnyColumn, Op: "contains", Value: value}
	}
	for text, want := range map[string][]endpoint.Filter{
		"akismet version<5.3":              {anywhere("akismet"), {Column: 1, Op: "<", Value: "5.3"}},
		"Akismet version older than 5.3":   {anywhere("Akismet"), {Column: 1, Op: "<", Value: "5.3"}},
		"version is newer than 5 status=x": {{Column: 1, Op: ">", Value: "5"}, {Column: 2, Op: "=", Value: "x"}},
		"ver>=5.3 plugin:woo":              {{Column: 1, Op: ">=", Value: "5.3"}, {Column: 0, Op: "contains", Value: "woo"}},
		"status!=active":                   {{Column: 2, Op: "!=", Value: "active"}},
		"https://acme.example/a=b":         {anywhere("https://acme.example/a=b")},
		"other<5":                          {anywhere("other<5")},
		"<5":                               {anywhere("<5")},
		" ":                                nil,
	} {
		if got := conditionsOfFind(text, columns); !slices.Equal(got, want) {
			t.Errorf("%q is %v, not %v", text, got, want)
		}
	}
}
