package main

import (
	"regexp"
	"strings"
	"testing"
)

// manyOf finds a number before a word in the plural: "1 sites" is what it says in the end.
var manyOf = regexp.MustCompile(`%d (?:more |bad |waiting |simulated |active )*(sites|clients|tags|members|entries|lines|rows|values|characters|requests|` +
	`runs|operations|credentials|changes|days|hours|minutes|seconds|posts|warnings|files|keys|codes|tokens|answers|addresses|servers|times)\b`)

// neverOne are texts whose number is a bound that is more than one, or is not shown where it is one.
var neverOne = []string{
	"adds at most %d sites", "at most %d characters", "longer than %d entries", "more than %d requests or %d MB", "shorter than %d characters",
	"has %d tags, the maximum",
	"You have %d tokens. Revoke some first", "%d of %d credentials", "%d sites of one network", "%d sites use",
	"%s\t%d sites", "%d operations were added", "more than %d rows",
	"%d days ago",
}

// Numbers stand before words in their number.
func TestOneIsSingular(t *testing.T) {
	t.Parallel()
	screens, _ := allTexts(t)
	found := 0
	for _, s := range screens {
		if !manyOf.MatchString(s.text) {
			continue
		}
		found++
		bounded := false
		for _, text := range neverOne {
			bounded = bounded || strings.Contains(s.text, text)
		}
		if !bounded {
			t.Errorf("%s: write english.Plural(n, …) or counted(n, …), in %.160q", s.place, s.text)
		}
	}
	if found < len(neverOne)/2 {
		t.Errorf("only %d texts with a number were found", found)
	}
}
