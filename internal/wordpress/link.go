package wordpress

import (
	"slices"
	"strings"
)

// webLink is one link of a Link header.
type webLink struct {
	target    string
	relations []string // in lower case
}

// parseLinks reads the value of a Link header (RFC 8288, section 3 and appendix B.2): targets may hold commas and semicolons, and
// parameters may be quoted or not.
func parseLinks(text string) []webLink {
	var links []webLink
	for {
		_, rest, found := strings.Cut(text, "<")
		if !found {
			return links
		}
		target, rest, found := strings.Cut(rest, ">")
		if !found {
			return links
		}
		link := webLink{target: strings.TrimSpace(target)}
		link.relations, text = linkParameters(rest)
		links = append(links, link)
	}
}

// linkParameters reads parameters up to the comma that ends their link, and returns the relations that the first rel names.
func linkParameters(text string) (relations []string, rest string) {
	linked := false
	for {
		text = strings.TrimLeft(text, " \t;")
		if text == "" || text[0] == ',' {
			return relations, text
		}
		end := strings.IndexAny(text, "=;,")
		if end < 0 {
			return relations, ""
		}
		name, value := strings.ToLower(strings.TrimSpace(text[:end])), ""
		if text[end] != '=' {
			text = text[end:]
			continue
		}
		value, text = parameterValue(strings.TrimLeft(text[end+1:], " \t"))
		if name == "rel" && !linked {
			relations, linked = strings.Fields(strings.ToLower(value)), true
		}
	}
}

// parameterValue reads a quoted text or a bare word.
func parameterValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ";,")
		if end < 0 {
			end = len(text)
		}
		return strings.Trim(strings.TrimSpace(text[:end]), "'"), text[end:]
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}

func (l webLink) is(relation string) bool { return slices.Contains(l.relations, relation) }
