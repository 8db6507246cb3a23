package wordpress

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"
)

// printable drops control characters, invalid bytes and the marks that turn the direction of the text around them, and keeps at most
// that many runes.
func printable(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	runes := []rune(text)
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// plain is a message of WordPress as text: it may hold HTML, and its translation anything.
func plain(message string) string {
	var text strings.Builder
	tokens := xhtml.NewTokenizer(strings.NewReader(message))
	for {
		switch tokens.Next() {
		case xhtml.ErrorToken:
			return printable(strings.Join(strings.Fields(html.UnescapeString(text.String())), " "), 500)
		case xhtml.TextToken:
			text.WriteString(string(tokens.Raw()))
		default:
			text.WriteByte(' ')
		}
	}
}
