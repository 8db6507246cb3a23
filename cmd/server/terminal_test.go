package main

import (
	"slices"
	"strings"
	"testing"
)

func TestTablesFitTheTerminal(t *testing.T) {
	for _, c := range []struct {
		widths []int
		most   int
		fixed  int
		want   []int
	}{
		{[]int{6, 40, 10}, 40, 0, []int{6, 20, 10}},
		{[]int{6, 20, 10}, 80, 0, []int{6, 20, 10}},
		{[]int{30, 30}, 22, 0, []int{10, 10}},
		{[]int{30, 30}, 42, 1, []int{30, 10}},
		{[]int{30, 30}, 30, 1, []int{22, 6}},
		{[]int{30, 30, 30}, 5, 3, []int{6, 6, 6}}, // nothing can be told apart any more below that
	} {
		widths := slices.Clone(c.widths)
		if shrink(widths, c.most, c.fixed); !slices.Equal(widths, c.want) {
			t.Errorf("%v in %d: %v, want %v", c.widths, c.most, widths, c.want)
		}
	}
}

func TestTablesShowControlCharactersOfSites(t *testing.T) {
	rows := table{heads: []string{"SITE", "TITLE"}}
	rows.add("https://acme.example", "Shop\x1b[2J\x1b]0;owned\x07\r\nof Acme\u202e")
	rows.add("https://日本.example", "短い")
	var out strings.Builder
	rows.print(&out)
	if text := out.String(); strings.ContainsAny(text, "\x1b\x07\r\u202e") || strings.Count(text, "\n") != 3 || !strings.Contains(text, "of Acme") {
		t.Errorf("%q", text)
	}
}
