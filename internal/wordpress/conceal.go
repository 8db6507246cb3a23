package wordpress

import (
	"encoding/base64"
	"strings"
)

// concealed stands where an answer repeats the credential that it was asked with. It is endpoint.Removed.
const concealed = "[removed]"

// shortestConcealed keeps a password that is hardly one from tearing every answer apart.
const shortestConcealed = 8

// repeated are the forms in which a site's debugging repeats the client's credential: none where there is no password.
func (c *Client) repeated() []string {
	if len(c.password) < shortestConcealed {
		return nil
	}
	basic := base64.StdEncoding.EncodeToString([]byte(c.username + ":" + c.password))
	forms := []string{basic, strings.ReplaceAll(basic, "/", `\/`), c.password}
	if bare := strings.ReplaceAll(c.password, " ", ""); len(bare) >= shortestConcealed { // as WordPress compares it
		forms = append(forms, bare)
	}
	return forms
}

// Conceal takes the credential that the exchange was made with out of a text. What is judged is what came; what is stored or shown is this.
func (x Exchange) Conceal(text string) string {
	for _, form := range x.credential {
		text = strings.ReplaceAll(text, form, concealed)
	}
	return text
}

func (x Exchange) concealVerdict(v Verdict) Verdict {
	v.Code, v.Message, v.Note, v.Location = x.Conceal(v.Code), x.Conceal(v.Message), x.Conceal(v.Note), x.Conceal(v.Location)
	return v
}
