package wordpress

import (
	"strings"
	"unicode"
)

// Visible drops the characters that nobody sees and that come along from chats, documents and web pages: zero-width spaces, marks of
// direction, soft hyphens, fillers. Joiners stay between the characters that they join, as in Persian words and in emoji.
func Visible(text string) string {
	if !strings.ContainsFunc(text, invisible) {
		return text
	}
	runes := []rune(text)
	kept := make([]rune, 0, len(runes))
	for i, r := range runes {
		if !invisible(r) || joins(runes, i, kept) {
			kept = append(kept, r)
		}
	}
	return string(kept)
}

func invisible(r rune) bool {
	return r > unicode.MaxASCII && unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == '\u2800'
}

func joins(runes []rune, i int, before []rune) bool {
	if len(before) == 0 || before[len(before)-1] <= unicode.MaxASCII {
		return false
	}
	switch runes[i] {
	case '\ufe0e', '\ufe0f': // a symbol as text or as a picture
		return unicode.Is(unicode.So, before[len(before)-1])
	case '\u200c', '\u200d':
		return i+1 < len(runes) && runes[i+1] > unicode.MaxASCII && !invisible(runes[i+1]) && !unicode.IsSpace(runes[i+1])
	}
	return false
}
