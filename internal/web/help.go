package web

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/droverhq/drover/docs"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

// helpOrder is how the pages are listed.
var helpOrder = []string{
	"index", "install", "first-steps", "sites", "reasons", "command-line", "settings",
	"api", "backup", "upgrade", "monitoring", "audit-log", "security", "threats",
}

// helpPage is one page of the help, ready to be shown and searched.
type helpPage struct {
	name, title, html string
	sections          []helpSection
}

// helpSection is a heading with what stands below it.
type helpSection struct{ title, anchor, text string }

// helpPages are the pages of the binary, read once.
var helpPages = sync.OnceValues(func() ([]helpPage, error) {
	names, err := fs.Glob(docs.Pages(), "*.md")
	if err != nil {
		return nil, err
	}
	pages := map[string]helpPage{}
	for _, name := range names {
		source, err := fs.ReadFile(docs.Pages(), name)
		if err != nil {
			return nil, err
		}
		page, err := readHelp(strings.TrimSuffix(name, ".md"), source)
		if err != nil {
			return nil, fmt.Errorf("help: %s: %w", name, err)
		}
		pages[page.name] = page
	}
	var ordered []helpPage
	for _, name := range helpOrder {
		page, found := pages[name]
		if !found {
			return nil, fmt.Errorf("help: there is no page %s", name)
		}
		ordered = append(ordered, page)
	}
	return ordered, nil
})

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// readHelp makes a page of Markdown. Links between the pages lead to /help; those into the repository become plain text.
func readHelp(name string, source []byte) (helpPage, error) {
	source = repositoryLink.ReplaceAll(source, []byte("$1"))
	source = pageLink.ReplaceAll(source, []byte("](/help/$1$2)"))
	document := markdown.Parser().Parse(text.NewReader(source))
	page := helpPage{name: name, title: name}
	var section *helpSection
	for node := document.FirstChild(); node != nil; node = node.NextSibling() {
		heading, is := node.(*ast.Heading)
		if !is {
			if section != nil {
				section.text += plainText(node, source) + " "
			}
			continue
		}
		title, anchor := plainText(heading, source), ""
		if value, found := heading.AttributeString("id"); found {
			if id, is := value.([]byte); is {
				anchor = string(id)
			}
		}
		if heading.Level == 1 {
			page.title = title
		}
		page.sections = append(page.sections, helpSection{title: title, anchor: anchor})
		section = &page.sections[len(page.sections)-1]
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, source, document); err != nil {
		return page, err
	}
	page.html = strings.ReplaceAll(strings.ReplaceAll(out.String(), "<table>", `<div class="overflow-x-auto"><table>`), "</table>", "</table></div>")
	return page, nil
}

var (
	repositoryLink = regexp.MustCompile(`\[([^\]]*)\]\(\.\./[^)]*\)`)
	pageLink       = regexp.MustCompile(`\]\(([a-z-]+)\.md(#[a-z0-9_-]+)?\)`)
)

// plainText is what a person reads of the node.
func plainText(node ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Segment.Value(source))
				if n.SoftLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			if entering {
				b.Write(n.Lines().Value(source))
			}
		default:
			if !entering && n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

// most results of a search, and characters shown of each.
const (
	mostHelpFound = 20
	shownOfHelp   = 220
)

// searchHelp finds the sections that have all words, those with one in the heading first.
func searchHelp(pages []helpPage, query string) []views.HelpFound {
	wanted := strings.Fields(strings.ToLower(query))
	if len(wanted) == 0 {
		return nil
	}
	var inTitle, inText []views.HelpFound
	for _, page := range pages {
		for _, s := range page.sections {
			title, all := strings.ToLower(s.title), strings.ToLower(s.title+" "+s.text)
			if !containsAll(all, wanted) {
				continue
			}
			found := views.HelpFound{Page: page.title, Title: s.title, Href: "/help/" + page.name + "#" + s.anchor, Text: around(s.text, wanted[0])}
			if containsAll(title, wanted) {
				inTitle = append(inTitle, found)
			} else {
				inText = append(inText, found)
			}
		}
	}
	all := append(inTitle, inText...)
	return all[:min(len(all), mostHelpFound)]
}

func containsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// around is the part of the text where the word stands.
func around(text, word string) string {
	runes := []rune(text)
	if len(runes) <= shownOfHelp {
		return text
	}
	at := max(0, strings.Index(strings.ToLower(text), word))
	from := max(0, min(len([]rune(strings.ToValidUTF8(text[:min(at, len(text))], "")))-60, len(runes)-shownOfHelp))
	return "…" + strings.TrimSpace(string(runes[from:from+shownOfHelp])) + "…"
}

// help shows a page of the help, or what a search finds in all of them.
func (s *Server) help(v *requestContext) error {
	pages, err := helpPages()
	if err != nil {
		return err
	}
	query, name := strings.TrimSpace(v.Query("q")), cmp.Or(v.Param("page"), "index")
	p := views.HelpPage{Frame: v.frame("Help", "help"), Query: query}
	found := false
	for _, page := range pages {
		current := query == "" && page.name == name
		if current {
			p.Title, p.HTML, found = page.title, page.html, true
			p.Frame.Title = page.title
		}
		p.Pages = append(p.Pages, views.HelpLink{Title: page.title, Href: "/help/" + page.name, Current: current})
	}
	if query != "" {
		p.Found = searchHelp(pages, query)
		return v.render(http.StatusOK, views.Help(p))
	}
	if !found {
		return errNoPage
	}
	return v.render(http.StatusOK, views.Help(p))
}

// ReasonsPage is the page of the reasons in Markdown, written from what each reason says of itself.
func ReasonsPage() string {
	var b strings.Builder
	b.WriteString("# Reasons and fixes\n\nEvery outcome other than `ok` comes with a reason. This is what each one means, and what to do.\n")
	for _, r := range wordpress.Reasons() {
		label := r.Label()
		fmt.Fprintf(&b, "\n## %s\n\n**%s.** %s\n\n%s\n", r, strings.ToUpper(label[:1])+label[1:], html.EscapeString(r.Sentence()), html.EscapeString(r.Fix()))
	}
	return b.String()
}
