package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// The page of the reasons is what the reasons say of themselves. DROVER_WRITE=1 writes it.
func TestReasonsPageIsCurrent(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "reasons.md")
	if os.Getenv("DROVER_WRITE") != "" {
		if err := os.WriteFile(file, []byte(web.ReasonsPage()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(file)
	if err != nil || string(written) != web.ReasonsPage() {
		t.Errorf("docs/reasons.md is not current: run DROVER_WRITE=1 go test ./internal/web -run ReasonsPage: %v", err)
	}
}

func TestHelp(t *testing.T) {
	h := newTestServer(t, wptest.Site{})
	p := h.signIn(t, access.Viewer)
	internal := regexp.MustCompile(`href="(/help[^"]*)"`)
	pages := map[string]string{}
	todo := []string{"/help"}
	for len(todo) > 0 {
		address, _, _ := strings.Cut(todo[0], "#")
		todo = todo[1:]
		if pages[address] != "" {
			continue
		}
		status, body := p.get(address)
		if status != http.StatusOK {
			t.Errorf("%s: %d", address, status)
		}
		pages[address] = body
		for _, link := range internal.FindAllStringSubmatch(body, -1) {
			todo = append(todo, link[1])
		}
	}
	if len(pages) < 10 {
		t.Errorf("only %d pages", len(pages))
	}
	for address, body := range pages {
		for _, link := range internal.FindAllStringSubmatch(body, -1) {
			if page, anchor, is := strings.Cut(link[1], "#"); is && !strings.Contains(pages[page], `id="`+anchor+`"`) {
				t.Errorf("%s leads to %s, which is not there", address, link[1])
			}
		}
		if strings.Contains(body, `href="../`) || strings.Contains(body, `.md"`) {
			t.Errorf("%s leads into the repository", address)
		}
	}
	for _, r := range wordpress.Reasons() {
		if anchor := strings.ReplaceAll(string(r), "_", "-"); !strings.Contains(pages["/help/reasons"], `id="`+anchor+`"`) {
			t.Errorf("the reason %s has no place", r)
		}
	}
	for query, want := range map[string]string{"timeout": "/help/reasons#timeout", "restore backup": "/help/backup#", "prometheus": "/help/monitoring#",
		"zyxwvut qwertz": "Nothing was found", "<script>": "Nothing was found"} {
		if _, body := p.get("/help?q=" + strings.ReplaceAll(query, " ", "+")); !strings.Contains(body, want) || strings.Contains(body, "<script>alert") {
			t.Errorf("%s does not lead to %s", query, want)
		}
	}
	for _, wrong := range []string{"/help/none", "/help/..%2fsecurity", "/help/%00"} {
		if status, _ := p.get(wrong); status == http.StatusOK {
			t.Errorf("%s: %d", wrong, status)
		}
	}
}
