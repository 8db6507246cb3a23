package wordpress

import (
	"cmp"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParsePage makes the address of a page canonical, or of a path, which begins with a slash: the host as ParseHome writes it, without
// the fragment, which never leaves a browser, and in ASCII. A query stays, since caches tell pages apart by it.
func ParsePage(text string) (string, error) {
	text, _, _ = strings.Cut(Visible(strings.TrimSpace(text)), "#")
	address, query, _ := strings.Cut(text, "?")
	if strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\\' || r == utf8.RuneError
	}) {
		return "", addressError("A URL cannot contain spaces, backslashes or line breaks.")
	}
	if leftOver.MatchString(address) {
		return "", addressError("%.100q contains a quote or bracket that is not part of the URL. Remove it.", text)
	}
	if query = escapeLetters(query); query != "" {
		query = "?" + query
	}
	if strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") {
		path, err := pagePath(address)
		return path + query, err
	}
	if !anyScheme.MatchString(address) {
		return "", addressError("%q is not an HTTP(S) URL. Enter it as https://acme.example/page/, or as a path, such as /page/.", text)
	}
	u, err := parseAddress(address)
	if err != nil {
		return "", err
	}
	host, err := canonicalHost(u)
	if err != nil {
		return "", err
	}
	path, err := pagePath(cmp.Or(u.RawPath, u.EscapedPath())) // the first is as it was typed
	return u.Scheme + "://" + host + path + query, err
}

// pagePath resolves . and .. as browsers do before they ask, and writes each part as WordPress writes it into its permalinks: letters
// beyond ASCII as %xx in lower case. What was escaped already stays as it is.
func pagePath(escaped string) (string, error) {
	if escaped == "" {
		return "", nil
	}
	var kept []string
	parts := strings.Split(escaped, "/")[1:]
	for i, part := range parts {
		plain, err := url.PathUnescape(part)
		if err != nil || strings.ContainsFunc(plain, unicode.IsControl) {
			return "", addressError("The path %q is not valid: write %% as %%25.", escaped)
		}
		switch {
		case plain == ".." && len(kept) > 0:
			kept = kept[:len(kept)-1]
		case plain != "." && plain != "..":
			kept = append(kept, escapeLetters(part))
			continue
		}
		if i == len(parts)-1 {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/"), nil
}

// escapeLetters escapes what a request line cannot carry, and nothing else.
func escapeLetters(text string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>^`{|}", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
