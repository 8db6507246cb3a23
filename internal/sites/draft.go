package sites

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/droverhq/drover/internal/validation"

	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// Draft is a site as a person typed it.
type Draft struct {
	URL      string
	Name     string // empty: the host
	Client   string
	Tags     []string
	Username string
	Password vault.Secret // the application password as it was pasted; its spaces are kept
}

const (
	longestName = 200
	longestTag  = 50
	mostTags    = 30
)

// clean makes the draft canonical and returns what is wrong with it. The address becomes the site's home.
func (d *Draft) clean(p validation.Problems) {
	home, err := wordpress.ParseHome(d.URL)
	if err != nil {
		p["url"] = err.Error()
	}
	d.URL = home
	d.Name, d.Client = cleanText(d.Name), cleanText(d.Client)
	if d.Name == "" && home != "" {
		d.Name = nameless(home)
	}
	checkText(p, "name", d.Name, longestName)
	checkText(p, "client", d.Client, longestName)
	d.Tags = CleanTags(d.Tags)
	for _, tag := range d.Tags {
		checkText(p, "tags", tag, longestTag)
	}
	if len(d.Tags) > mostTags {
		p["tags"] = "A site can have at most 30 tags. Remove some."
	}
}

// Grouping makes the client and tags of sites canonical, and tells what is wrong with them.
func Grouping(client string, tags []string) (string, []string, validation.Problems) {
	d, p := Draft{URL: "https://none.example", Client: client, Tags: tags}, validation.Problems{}
	d.clean(p)
	return d.Client, d.Tags, p
}

// CleanCredential makes a user name and an application password as they were pasted canonical, and tells what is wrong with them.
func CleanCredential(username string, password vault.Secret) (string, vault.Secret, validation.Problems) {
	d, p := Draft{Username: username, Password: password}, validation.Problems{}
	d.cleanCredential(p)
	return d.Username, d.Password, p
}

// cleanText is a text on one line and without characters that nobody sees: they come along with what is copied from a page or a chat.
func cleanText(text string) string {
	return norm.NFC.String(strings.Join(strings.Fields(wordpress.Visible(text)), " "))
}

// nameless is what a site is called whose name nobody typed, until a check reads its title.
func nameless(home string) string {
	_, name, _ := strings.Cut(home, "://")
	return name
}

// cleanCredential trims what was pasted at its ends only: WordPress shows the password with spaces, and they are sent as shown.
func (d *Draft) cleanCredential(p validation.Problems) {
	d.Username = cleanText(d.Username)
	d.Password = vault.NewSecret(strings.TrimSpace(wordpress.Visible(d.Password.Reveal())))
	switch {
	case d.Username == "":
		p["username"] = "Enter the WordPress username or email address that the application password belongs to."
	case strings.Contains(d.Username, ":"):
		p["username"] = "A username with a colon cannot be used with an application password. Use the user's email address instead."
	}
	checkText(p, "username", d.Username, longestName)
	switch password := d.Password.Reveal(); {
	case password == "":
		p["application_password"] = "Paste the application password that WordPress showed under Users → Profile → Application Passwords."
	case strings.ContainsFunc(password, unicode.IsControl) || len(password) > 500:
		p["application_password"] = "This is not an application password. Paste the line that WordPress showed, such as abcd EFGH 1234 ijkl MNOP 5678."
	}
}

func checkText(p validation.Problems, field, text string, longest int) {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) {
		p[field] = "This contains characters that cannot be shown. Enter it again."
	} else if utf8.RuneCountInString(text) > longest {
		p[field] = "This is too long. Shorten it."
	}
}

// tagSeparators are commas, semicolons, bars and line breaks, also as Chinese, Japanese and Arabic are written.
const tagSeparators = ",;|\n\r\v，；｜、،؛"

// SplitTags reads tags as people write them into one field, see tagSeparators.
func SplitTags(s string) []string {
	tags := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(tagSeparators, r) })
	for i := range tags {
		tags[i] = strings.TrimSpace(tags[i])
	}
	return tags
}

// CleanTags makes tags canonical, as those of sites are stored: in small letters, sorted, each once. None holds what separates tags wherever several are
// written into one field, see SplitTags: such a one is several.
func CleanTags(tags []string) []string {
	cleaned := make([]string, 0, len(tags))
	for _, written := range tags {
		for _, tag := range SplitTags(cleanText(written)) { // on one line by now
			if tag = strings.ToLower(tag); tag != "" {
				cleaned = append(cleaned, tag)
			}
		}
	}
	slices.Sort(cleaned)
	return slices.Compact(cleaned)
}

func hostOf(home string) string {
	u, err := url.Parse(home)
	if err != nil {
		return home
	}
	return u.Host
}
