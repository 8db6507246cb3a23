package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// The limits of a source file.
const (
	mostLines      = 400
	mostCharacters = 160
)

var (
	sources = regexp.MustCompile(`\.(go|templ|js|mjs|css|php)$`)
	// generated code is as its generator writes it.
	generated = regexp.MustCompile(`_templ\.go$|^static/dist/|(^|/)(node_modules|testdata)/|(^|/)\.[^/]+/`)
)

// TestLinesAndFilesAreShort reads every source file.
func TestLinesAndFilesAreShort(t *testing.T) {
	t.Parallel()
	count := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		place := filepath.ToSlash(strings.TrimPrefix(path, filepath.Join("..", "..")+string(filepath.Separator)))
		if !sources.MatchString(place) || generated.MatchString(place) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		count++
		for _, problem := range tooLong(string(text)) {
			t.Errorf("%s%s", place, problem)
		}
		return nil
	})
	if err != nil || count < 300 {
		t.Fatalf("%d files, %v", count, err)
	}
}

func TestLongLinesAndFilesAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"as long as a line may be":    {strings.Repeat("ü", mostCharacters) + "\n", 0},
		"a character more":            {"\n" + strings.Repeat("x", mostCharacters+1) + "\n", 1},
		"the last line without break": {strings.Repeat("x", mostCharacters+1), 1},
		"as long as a file may be":    {strings.Repeat("x\n", mostLines), 0},
		"a line more":                 {strings.Repeat("x\n", mostLines+1), 1},
	} {
		if got := tooLong(c.text); len(got) != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func tooLong(text string) []string {
	var problems []string
	n := 0
	for line := range strings.Lines(text) {
		n++
		if width := utf8.RuneCountInString(strings.TrimRight(line, "\r\n")); width > mostCharacters {
			problems = append(problems, fmt.Sprintf(":%d: %d characters, at most %d", n, width, mostCharacters))
		}
	}
	if n > mostLines {
		problems = append(problems, fmt.Sprintf(": %d lines, at most %d: split it by what it does", n, mostLines))
	}
	return problems
}
