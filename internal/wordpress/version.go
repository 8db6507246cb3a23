package wordpress

import "regexp"

// generator is the tag with which WordPress names itself (wp_generator). Many sites leave it out.
var generator = regexp.MustCompile(`(?i)<meta\s+name=["']generator["']\s+content=["']WordPress\s+(\d{1,2}\.\d{1,2}(?:\.\d{1,3})?)`)

// ownScript is a script or style of WordPress's own, whose version is WordPress's. Libraries that it brings have theirs.
var ownScript = regexp.MustCompile(
	`wp-includes\\?/(?:css\\?/dist\\?/block-library|js\\?/wp-emoji-release|js\\?/wp-embed)[^"'<>\s]{0,80}` +
		`\?ver=(\d{1,2}\.\d{1,2}(?:\.\d{1,3})?)["'&]`)

// versionIn returns the version of WordPress that a page tells, empty where it tells none.
func versionIn(page []byte) string {
	for _, pattern := range []*regexp.Regexp{generator, ownScript} {
		if found := pattern.FindSubmatch(page); found != nil {
			return string(found[1])
		}
	}
	return ""
}
