package members

import (
	_ "embed"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
)

const (
	shortestPassword = 12
	longestPassword  = 128
	longestName      = 100
	longestEmail     = 254 // RFC 5321, 4.5.3.1.3, less the brackets
)

//go:embed common.txt
var commonText string

// common holds passwords that are tried first and are long enough to pass otherwise, in lower case and without spaces. Deny adds to them.
var common = func() map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(commonText) {
		set[word] = true
	}
	return set
}()

// clean makes the member canonical and returns what is wrong.
func (m *Member) clean() validation.Problems {
	p := validation.Problems{}
	m.Email = cleanEmail(p, m.Email)
	m.Name = cleanName(p, m.Name)
	if !m.Role.Valid() {
		p["role"] = "Choose a role."
	}
	return p
}

func foldEmail(email string) string {
	return norm.NFC.String(strings.ToLower(strings.TrimSpace(email)))
}

func cleanEmail(p validation.Problems, typed string) string {
	email := foldEmail(typed)
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > longestEmail {
		p["email"] = "This is not an email address. Use the form name@agency.example."
	}
	return email
}

func cleanName(p validation.Problems, typed string) string {
	name := norm.NFC.String(strings.TrimSpace(typed))
	switch {
	case name == "":
		p["name"] = "Enter a name."
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		p["name"] = "This contains characters that cannot be shown. Enter it again."
	case utf8.RuneCountInString(name) > longestName:
		p["name"] = "This is longer than 100 characters. Shorten it."
	}
	return name
}

// checkPassword counts characters as people see them typed, so that a password of composed accents is as long as it looks.
func (r *Roster) checkPassword(p validation.Problems, password vault.Secret, email string) {
	text := string(canonical(password))
	folded := strings.ToLower(text)
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		p["password"] = "This password contains invalid characters. Enter it again."
	case n < shortestPassword:
		p["password"] = "This password is too short. Use at least 12 characters; four unrelated words work well."
	case n > longestPassword:
		p["password"] = "This password is too long. Use at most 128 characters."
	case common[strings.Join(strings.Fields(folded), "")] || r.denied[strings.Join(strings.Fields(folded), "")]:
		p["password"] = "This password is too common. Choose another."
	case expected(folded, email):
		p["password"] = "This password is made of words that are easy to guess here, such as Drover, WordPress or your agency's name. Choose another."
	case namesOwner(folded, email):
		p["password"] = "This password contains your email address or the name in it. Choose another."
	}
}

// shortestPersonalWord is from how many characters on the name in an address tells something about a password; shorter ones are in any text.
const shortestPersonalWord = 4

// namesOwner tells whether the password holds what everybody knows of its owner.
func namesOwner(folded, email string) bool {
	name, _, _ := strings.Cut(foldEmail(email), "@")
	return utf8.RuneCountInString(name) >= shortestPersonalWord && strings.Contains(folded, name) || folded == foldEmail(email)
}

// expectedWords are tried by whoever knows what this house is for. The name of the owner's own domain is added to them.
var expectedWords = []string{"drover", "wordpress", "bigscoots", "password", "passwort", "admin", "administrator", "dashboard", "agency", "welcome", "letmein"}

// leastBeside is how much of a password must be left beside expected words, and digits and signs around it.
const leastBeside = 8

// expected tells whether the password is hardly more than words that anybody would try here.
func expected(folded, email string) bool {
	_, domain, _ := strings.Cut(foldEmail(email), "@")
	company, _, _ := strings.Cut(domain, ".")
	left := strings.Join(strings.Fields(folded), "")
	for _, word := range slices.Backward(slices.SortedFunc(slices.Values(append(slices.Clone(expectedWords), company)), byLength)) {
		if utf8.RuneCountInString(word) >= shortestPersonalWord {
			left = strings.ReplaceAll(left, word, " ")
		}
	}
	if !strings.Contains(left, " ") {
		return false
	}
	left = strings.TrimFunc(strings.ReplaceAll(left, " ", ""), func(r rune) bool { return !unicode.IsLetter(r) })
	return utf8.RuneCountInString(left) < leastBeside
}

func byLength(a, b string) int { return len(a) - len(b) }
