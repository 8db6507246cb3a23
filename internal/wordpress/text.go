package wordpress

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"
)

// printable drops what cannot be shown, and keeps at most that many runes.
func printable(text string, most int) string { return cut(shown(text), most) }

// shown replaces control characters, invalid bytes, and the marks that turn the direction of the text around them.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// plain is a message of WordPress as text: it may hold HTML, and its translation anything.
func plain(message string) string {
	if !strings.ContainsAny(message, "<&") {
		return onOneLine(message)
	}
	var text strings.Builder
	tokens := xhtml.NewTokenizer(strings.NewReader(message))
	for {
		switch tokens.Next() {
		case xhtml.ErrorToken:
			return onOneLine(html.UnescapeString(text.String()))
		case xhtml.TextToken:
			text.WriteString(string(tokens.Raw()))
		default:
			text.WriteByte(' ')
		}
	}
}

func onOneLine(text string) string { return cut(strings.Join(strings.Fields(shown(text)), " "), 500) }
