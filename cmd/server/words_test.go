package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// oldWord is wording that Drover gave up, and what it says instead.
type oldWord struct{ pattern, say string }

// Wording that no screen, message or help text uses any more.
var oldOnScreens = []oldWord{
	{`needs? a hand`, "needs attention"}, {`done well`, "succeeded"}, {`\bto go\.`, "remaining"}, {`under way`, "running"},
	{`\bmend(s|ed|ing)?\b`, "fix"}, {`\banew\b`, "again"}, {`\blearnt\b`, "detected"}, {`four eyes`, "approval"},
	{`\bthe record\b|^record\b|\brecord of what|in the record`, "audit log, activity"},
	{`\b(their|your|own|his|her|the|whose) reach\b|\breach of\b|beyond reach|reach and|^reach$`, "access"},
	{`at present|present password`, "current"}, {`telephone`, "phone"}, {`\b(some|every)body\b`, "someone, everyone"},
	{`\be-mail\b`, "email"}, {`user name`, "username"}, {`runs? out after|ha(s|ve) run out`, "expires"},
	{`\bgo(es)? on\b`, "continue"}, {`by hand`, "individually"}, {`br(ing|ought) \S* ?back`, "restore"},
	{`\bmake (an?|the|new) (invitation|account|link|token|codes?)`, "create"}, {`\bone (JSON object )?a line\b`, "one per line"},
	{`\bsay (with|yes|on which|what|those|--)`, "use, choose"}, {`waited for`, "will finish"}, {`from the next click`, "immediately"},
	{`not yours`, "you do not have permission"}, {`\bprove[ds]? (who|it)|the proof\b`, "confirm your identity"},
	{`take it into use`, "confirm"}, {`left? (it )?alone`, "no change"}, {`\(needed\)`, "(required)"}, {`a false page`, "phishing"},
	{`at once to one server|requests? at once\b`, "concurrent requests per server"}, {`all that the role`, "everything the role"},
	{`asked for by|asks for this`, "requested by"}, {`\bagain (after run|for (all|failed|these|unknown))`, "rerun"},
	{`last to end|how it ended|what it is about`, "latest results, result, target"}, {`to those to come|those to come`, "future"},
	{`treated the request as nobody's`, "saw no signed-in user"}, {`stands? at the fields?`, "is shown at the fields"},
	{`shelf|\bcrowd\b|stranger\b`, "the field's standard term"}, {`, the newest first`, "newest first"},
}

// Wording that comments and documents do not use either.
var oldInProse = []oldWord{
	{`needs? a hand`, "needs attention"}, {`done well`, "succeeded"}, {`\bmend(s|ed|ing)?\b`, "fix"}, {`\banew\b`, "again"}, {`\blearnt\b`, "detected"},
	{`four eyes`, "approval by a second person"}, {`\bthe record\b`, "the audit log"}, {`telephone`, "phone"}, {`\bshel(f|ves)\b`, "list, store"},
	{`\bfurnish`, "fill, provide"}, {`\bthaw`, "resume"},
}

// passage is one text and its place in the code.
type passage struct{ place, text string }

func TestOldWordsDoNotComeBack(t *testing.T) {
	t.Parallel()
	screens, prose := allTexts(t)
	if len(screens) < 500 || len(prose) < 500 {
		t.Fatalf("only %d texts and %d comments were found", len(screens), len(prose))
	}
	complain := func(texts []passage, words []oldWord) {
		var patterns []string
		for _, w := range words {
			patterns = append(patterns, "(?:"+w.pattern+")")
		}
		// One pass for all words: few texts have any.
		some := regexp.MustCompile(`(?i)` + strings.Join(patterns, "|"))
		texts = slices.DeleteFunc(slices.Clone(texts), func(s passage) bool { return !some.MatchString(s.text) })
		for _, w := range words {
			pattern := regexp.MustCompile(`(?i)` + w.pattern)
			for _, s := range texts {
				if hit := pattern.FindString(s.text); hit != "" {
					t.Errorf("%s: %q: say %q, in %.160q", s.place, hit, w.say, s.text)
				}
			}
		}
	}
	complain(screens, oldOnScreens)
	complain(prose, oldInProse)
}

// A pattern that never matches guards nothing.
func TestOldWordsAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"5 need a hand": "needs attention", "Make a token": "create", "The reach is changed. It holds from the next click on.": "access",
		"It is shown with all its mending": "fix",
		"Somebody else decides":            "someone, everyone", "print one JSON object a line": "one per line", "Run again for these": "rerun",
		"2 sites chosen by hand": "individually",
		"3,040 to go.":           "remaining", "Record": "audit log, activity", "The site needs this (needed)": "(required)", "Brought 3 back": "restore",
	} {
		found := false
		for _, w := range oldOnScreens {
			found = found || w.say == want && regexp.MustCompile(`(?i)`+w.pattern).MatchString(text)
		}
		if !found {
			t.Errorf("%q does not lead to %q", text, want)
		}
	}
}

// allTexts collects what people read: texts of screens, messages and help, and comments and documents.
func allTexts(t *testing.T) (screens, prose []passage) {
	t.Helper()
	textsOnce.Do(func() { textsOnScreens, textsInProse = textsOf(t, "../..") })
	return textsOnScreens, textsInProse
}

var (
	textsOnce                    sync.Once // reading all files takes seconds
	textsOnScreens, textsInProse []passage
)

func textsOf(t *testing.T, root string) (screens, prose []passage) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "node_modules" || name == "dist" || name == "testdata" || name == "data" || strings.HasPrefix(name, ".") &&
			name != ".." && name != "../..") {
			return filepath.SkipDir
		}
		text := func() string {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		switch {
		case d.IsDir() || strings.HasSuffix(path, "words_test.go"):
		case strings.HasSuffix(path, "_templ.go"):
			screens = append(screens, templTexts(t, path)...)
		case strings.HasSuffix(path, ".go"):
			literals, comments := goTexts(t, path)
			prose = append(prose, comments...)
			if !strings.HasSuffix(path, "_test.go") {
				screens = append(screens, literals...)
			}
		case strings.HasSuffix(path, ".templ"):
			prose = append(prose, linesAfter(path, text(), `^//(.*)`)...)
		case strings.HasSuffix(path, ".js") && strings.Contains(path, "static/src"):
			screens = append(screens, linesAfter(path, text(), "[\"`]([^\"`]* [^\"`]*)[\"`]")...)
			prose = append(prose, linesAfter(path, text(), `(?:^|\s)//(.*)`)...)
		case strings.HasSuffix(path, ".sql"):
			prose = append(prose, linesAfter(path, text(), `^\s*--(.*)`)...)
		case strings.HasSuffix(path, ".md"):
			prose = append(prose, linesAfter(path, codeSpan.ReplaceAllString(text(), ""), `(.+)`)...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return screens, prose
}

var (
	codeSpan  = regexp.MustCompile("`[^`\n]*`|\\]\\([^)\n]*\\)")
	tag       = regexp.MustCompile(`<[^>]*>`)
	readAloud = regexp.MustCompile(`(?:aria-label|placeholder|title|alt)="([^"]+)"`)
	query     = regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE|WHERE|CREATE|LIKE|GROUP BY)\b`)
)

func linesAfter(path, text, pattern string) []passage {
	var all []passage
	wanted := regexp.MustCompile(pattern)
	for i, line := range strings.Split(text, "\n") {
		for _, found := range wanted.FindAllStringSubmatch(line, -1) {
			all = append(all, passage{fmt.Sprintf("%s:%d", strings.TrimPrefix(path, "../../"), i+1), found[1]})
		}
	}
	return all
}

// goTexts returns the literals of a file that people may read, and its comments. A word in lower case is a name, not a text.
func goTexts(t *testing.T, path string) (literals, comments []passage) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	at := func(pos token.Pos) string {
		return fmt.Sprintf("%s:%d", strings.TrimPrefix(path, "../../"), set.Position(pos).Line)
	}
	names := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			names[n.Name] = true
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			n.Tag = nil
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if err == nil && n.Kind == token.STRING && text != "" && !query.MatchString(text) && (strings.Contains(text, " ") || text[0] >= 'A' && text[0] <= 'Z') {
				literals = append(literals, passage{at(n.Pos()), text})
			}
		}
		return true
	})
	for _, group := range file.Comments {
		for _, c := range group.List {
			text := strings.TrimPrefix(c.Text, "// ")
			if name, rest, _ := strings.Cut(text, " "); names[name] { // a comment begins with the name that it explains
				text = rest
			}
			comments = append(comments, passage{at(c.Pos()), text})
		}
	}
	return literals, comments
}

// templTexts returns the texts of a component from the code that is generated of it, and where they stand in the component.
func templTexts(t *testing.T, path string) []passage {
	t.Helper()
	literals, _ := goTexts(t, path)
	source := strings.TrimSuffix(path, "_templ.go") + ".templ"
	b, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	var all []passage
	for _, l := range literals {
		texts := tag.Split(l.text, -1)
		for _, attribute := range readAloud.FindAllStringSubmatch(l.text, -1) {
			texts = append(texts, attribute[1])
		}
		for _, text := range texts {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			place := strings.TrimPrefix(source, "../../")
			for i, line := range lines {
				if strings.Contains(line, text) {
					place = fmt.Sprintf("%s:%d", place, i+1)
					break
				}
			}
			all = append(all, passage{place, text})
		}
	}
	return all
}
