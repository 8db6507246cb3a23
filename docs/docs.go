// Package docs holds the pages for people who use and run Drover: they read them here or at /help of their own server.
package docs

import (
	"embed"
	"io/fs"
)

//go:embed *.md
var files embed.FS

// Pages returns the pages, in Markdown.
func Pages() fs.FS { return files }
