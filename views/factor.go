package views

import (
	"strconv"
	"strings"
	"time"
)

// Factor is one second factor of a member.
type Factor struct {
	ID                int64
	Kind              string // totp or passkey
	Name              string
	CreatedAt, UsedAt time.Time
}

func (f Factor) word() string {
	if f.Kind == "passkey" {
		return "Passkey"
	}
	return "Authenticator app"
}

// SecondFactor is the page of that name.
type SecondFactor struct {
	Factors   []Factor
	CodesLeft int
	Required  bool
	Codes     []string // just made, shown once
	Problem   string
	Name      string // of the passkey to be made
}

func (s SecondFactor) sentence() string {
	if len(s.Factors) == 0 {
		return "Your password alone signs you in. With a passkey or an authenticator app, someone who knows your password still can't."
	}
	return "Signing in takes your password and a second factor. You have " + counted(len(s.Factors), "second factor", "second factors") + ", and " +
		counted(s.CodesLeft, "recovery code is", "recovery codes are") + " left."
}

// AppForm sets up an authenticator app.
type AppForm struct {
	ID      int64
	Secret  string // in base 32
	Code    QR
	Name    Field
	Number  Field
	Problem string
}

// groups writes the secret in groups of four, which are easier to type.
func (a AppForm) groups() string {
	var all []string
	for rest := a.Secret; rest != ""; rest = rest[min(4, len(rest)):] {
		all = append(all, rest[:min(4, len(rest))])
	}
	return strings.Join(all, " ")
}

// SecondStep asks for a second factor, while signing in or in between.
type SecondStep struct {
	Provider Provider // that can confirm
	Title    string
	Sentence string
	Footnote string
	Action   string
	Passkey  bool // the member has one
	Code     bool // the member has an app, or recovery codes
	Password bool // the member has nothing else
	Options  string
	Hidden   []Hidden // what was sent before, and is sent again after
	Problem  string
}

// Hidden is a field that is carried along.
type Hidden struct{ Name, Value string }

// QR is a code to scan: its dark modules, row by row.
type QR [][]bool

func (q QR) box() string {
	side := strconv.Itoa(len(q) + 8) // with the quiet zone of four modules around (ISO/IEC 18004)
	return "0 0 " + side + " " + side
}

// path draws every stretch of dark modules as a rectangle.
func (q QR) path() string {
	var d strings.Builder
	for y, row := range q {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				d.WriteString("M" + strconv.Itoa(from+4) + " " + strconv.Itoa(y+4) + "h" + strconv.Itoa(x-from) + "v1h-" + strconv.Itoa(x-from) + "z")
			}
		}
	}
	return d.String()
}
