package wordpress

import (
	"strings"
	"testing"
)

const phpWarning = "<br />\n<b>Warning</b>:  Undefined array key [0] in <b>/srv/x.php</b> on line <b>87</b><br />\n"

func TestFindJSON(t *testing.T) {
	for name, c := range map[string]struct{ body, want, note string }{
		"clean":                    {`{"a":1}`, `{"a":1}`, ""},
		"a list":                   {` [1,2] `, `[1,2]`, ""},
		"a text":                   {`"done"`, `"done"`, ""},
		"a byte order mark":        {"\xef\xbb\xbf{\"a\":1}", `{"a":1}`, "byte order mark"},
		"two of them":              {"\xef\xbb\xbf\xef\xbb\xbf[]", `[]`, "byte order mark"},
		"a warning before":         {phpWarning + `{"success":true}`, `{"success":true}`, "before the JSON"},
		"an empty list":            {phpWarning + `[]`, `[]`, "before the JSON"},
		"a warning after":          {`{"success":true}` + phpWarning, `{"success":true}`, "after the JSON"},
		"warnings on both sides":   {phpWarning + `{"success":true}<!-- 0.2 s -->`, `{"success":true}`, "before the JSON"},
		"a page within the JSON":   {phpWarning + `{"content":"<html><body>x"}`, `{"content":"<html><body>x"}`, "before the JSON"},
		"a notice in plain text":   {"Notice: Undefined index: b in /srv/x.php on line 3\n" + `{"a":{"b":[1]}}`, `{"a":{"b":[1]}}`, "before the JSON"},
		"an object after a braces": {"{main} thrown " + `{"a":1}`, `{"a":1}`, "before the JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			found, is := findJSON([]byte(c.body))
			if !is || string(found.value) != c.want || !strings.Contains(found.note, c.note) || c.note == "" && found.note != "" {
				t.Errorf("findJSON = %q, %q, %v", found.value, found.note, is)
			}
		})
	}
}

func TestFindJSONRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":              "",
		"spaces":               " \n ",
		"a page":               "<!doctype html><html><body>Hello</body></html>",
		"a page with scripts":  `<html><script type="application/ld+json">{"@context":"https://schema.org"}</script></html>`,
		"a part of a page":     `<div class="x"></div><script>{"a":1}</script>`,
		"a page after":         `{"a":1}<html><body>`,
		"half an answer":       `{"success":true,"mess`,
		"a fatal error":        `<b>Fatal error</b>: Uncaught Error: json_decode('{"success":true}') in x.php`,
		"words":                "OK",
		"a warning alone":      phpWarning,
		"words with braces":    "Nothing {} to [] see",
		"a paragraph":          `<p>{"a":1}</p>`,
		"nothing but brackets": strings.Repeat("[{", 40_000),
	} {
		if found, is := findJSON([]byte(body)); is {
			t.Errorf("%s: findJSON = %q", name, found.value)
		}
	}
}
