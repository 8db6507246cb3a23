package wordpress

import (
	"encoding/base64"
	"strings"
)

// concealed stands where an answer repeats the credential that it was asked with. It is endpoint.Removed.
const concealed = "[removed]"

// shortestConcealed keeps a password that is hardly one from tearing every answer apart.
const shortestConcealed = 8

// concealing replaces the client's credential in texts, in the forms in which a site's debugging repeats it: nil where there is none.
func (c *Client) concealing() *strings.Replacer {
	if len(c.password) < shortestConcealed {
		return nil
	}
	basic := base64.StdEncoding.EncodeToString([]byte(c.username + ":" + c.password))
	pairs := []string{basic, concealed, strings.ReplaceAll(basic, "/", `\/`), concealed, c.password, concealed}
	if bare := strings.ReplaceAll(c.password, " ", ""); len(bare) >= shortestConcealed { // as WordPress compares it
		pairs = append(pairs, bare, concealed)
	}
	return strings.NewReplacer(pairs...)
}

// Conceal takes the credential that the exchange was made with out of a text. What is judged is what came; what is stored or shown is this.
func (x Exchange) Conceal(text string) string {
	if x.credential == nil {
		return text
	}
	return x.credential.Replace(text)
}

func (x Exchange) concealVerdict(v Verdict) Verdict {
	v.Code, v.Message, v.Note, v.Location = x.Conceal(v.Code), x.Conceal(v.Message), x.Conceal(v.Note), x.Conceal(v.Location)
	return v
}
