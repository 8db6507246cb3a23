package sites

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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

// Problems says what is wrong with what a person typed, by field, each as a sentence that says what to do.
type Problems map[string]string

// Error lists the problems in the order of their fields.
func (p Problems) Error() string {
	fields := make([]string, 0, len(p))
	for field := range p {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = field + ": " + p[field]
	}
	return strings.Join(parts, "; ")
}

func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

const (
	longestName = 200
	longestTag  = 50
	mostTags    = 30
)

// clean makes the draft canonical and returns what is wrong with it. The address becomes the site's home.
func (d *Draft) clean(p Problems) {
	home, err := wordpress.ParseHome(d.URL)
	if err != nil {
		p["url"] = err.Error()
	}
	d.URL = home
	d.Name, d.Client = strings.TrimSpace(d.Name), strings.TrimSpace(d.Client)
	if d.Name == "" && home != "" {
		d.Name = nameless(home)
	}
	checkText(p, "name", d.Name, longestName)
	checkText(p, "client", d.Client, longestName)
	d.Tags = cleanTags(d.Tags)
	for _, tag := range d.Tags {
		checkText(p, "tags", tag, longestTag)
	}
	if len(d.Tags) > mostTags {
		p["tags"] = "A site can have at most 30 tags. Remove some."
	}
}

// nameless is what a site is called whose name nobody typed, until a check reads its title.
func nameless(home string) string {
	_, name, _ := strings.Cut(home, "://")
	return name
}

// cleanCredential trims what was pasted at its ends only: WordPress shows the password with spaces, and they are sent as shown.
func (d *Draft) cleanCredential(p Problems) {
	d.Username = strings.TrimSpace(d.Username)
	d.Password = vault.NewSecret(strings.TrimSpace(d.Password.Reveal()))
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

func checkText(p Problems, field, text string, longest int) {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		p[field] = "This contains characters that cannot be shown. Enter it again."
	} else if utf8.RuneCountInString(text) > longest {
		p[field] = "This is too long. Shorten it."
	}
}

// SplitTags reads tags as people write them into one field, separated by commas, semicolons or bars.
func SplitTags(s string) []string {
	tags := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '|' })
	for i := range tags {
		tags[i] = strings.TrimSpace(tags[i])
	}
	return tags
}

func cleanTags(tags []string) []string {
	cleaned := make([]string, 0, len(tags))
	for _, tag := range tags {
		if tag = strings.ToLower(strings.TrimSpace(tag)); tag != "" {
			cleaned = append(cleaned, tag)
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
