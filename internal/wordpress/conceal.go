package wordpress

import (
	"encoding/base64"
	"strings"
)

// concealed stands where an answer repeats the credential that it was asked with. It is endpoint.Removed.
const concealed = "[removed]"

// shortestConcealed keeps a password that is hardly one from tearing every answer apart.
const shortestConcealed = 8

// concealing takes the client's credential out of texts, in the forms in which a site's debugging repeats it: nil where there is none. It is a
// function, so that an exchange that is printed does not show it.
func (c *Client) concealing() func(string) string {
	if len(c.password) < shortestConcealed {
		return nil
	}
	basic := base64.StdEncoding.EncodeToString([]byte(c.username + ":" + c.password))
	forms := []string{basic, strings.ReplaceAll(basic, "/", `\/`), c.password}
	if bare := strings.ReplaceAll(c.password, " ", ""); len(bare) >= shortestConcealed { // as WordPress compares it
		forms = append(forms, bare)
	}
	return func(text string) string {
		for _, form := range forms {
			text = strings.ReplaceAll(text, form, concealed)
		}
		return text
	}
}

// Conceal takes the credential that the exchange was made with out of a text. What is judged is what came; what is stored or shown is this.
func (x Exchange) Conceal(text string) string {
	if x.conceal == nil {
		return text
	}
	return x.conceal(text)
}

func (x Exchange) concealVerdict(v Verdict) Verdict {
	v.Code, v.Message, v.Note, v.Location = x.Conceal(v.Code), x.Conceal(v.Message), x.Conceal(v.Note), x.Conceal(v.Location)
	return v
}
