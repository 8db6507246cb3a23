package views

import "strings"

// HelpLink is a page of the help in the list of them.
type HelpLink struct {
	Title, Href string
	Current     bool
}

// HelpFound is a section that a search found.
type HelpFound struct{ Page, Title, Href, Text string }

// HelpPage is a page of the help, or what a search found.
type HelpPage struct {
	Frame
	Title string
	HTML  string // made of the pages in the binary, of nothing that people or sites wrote
	Pages []HelpLink
	Query string
	Found []HelpFound
}

// galleryHelp draws the help.
func galleryHelp() []GalleryPage {
	frame := galleryFrame("Help", "help", "viewer")
	pages := []HelpLink{{"Help", "/help/index", false}, {"Install", "/help/install", true}, {"Reasons and fixes", "/help/reasons", false}}
	body := "<h1>Install</h1><p>Drover is one program. Set <code>DROVER_PUBLIC_URL</code>, then:</p><pre><code>drover serve\n</code></pre><h2 " +
		"id=\"tls\">TLS</h2>" +
		"<ul><li>A proxy</li><li>Its own certificate</li></ul><div class=\"overflow-x-auto\"><table><thead><tr><th>setting</th><th></th></tr></thead>" +
		"<tbody><tr><td><code>DROVER_TLS</code></td><td>auto</td></tr></tbody></table></div>"
	found := []HelpFound{{"Reasons and fixes", "timeout", "/help/reasons#timeout", "The site did not respond in time. It may have taken effect."}}
	return []GalleryPage{
		{"help", "a page", Help(HelpPage{Frame: frame, Title: "Install", HTML: body, Pages: pages})},
		{"help", "found", Help(HelpPage{Frame: frame, Pages: pages, Query: "answer in time", Found: found})},
		{"help", "nothing found", Help(HelpPage{Frame: frame, Pages: pages, Query: longName})},
	}
}

// reasonHref is where the help explains a reason.
func reasonHref(reason string) string { return "/help/reasons#" + strings.ReplaceAll(reason, "_", "-") }
