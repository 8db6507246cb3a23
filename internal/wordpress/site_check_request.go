package wordpress

import (
	"context"
	"encoding/json"
)

// user is what Drover reads of /wp/v2/users/me.
type user struct {
	Username, Name string
	Roles          []string
	Known          bool // the roles are: null tells nothing
	Capabilities   map[string]json.RawMessage
}

// userIn is who an answer of /wp/v2/users/me says is signed in.
func userIn(x Exchange) user {
	found, _ := findJSON(x.Body)
	return parseUser(found.value)
}

func parseUser(raw json.RawMessage) user {
	fields, _ := readObject(raw)
	capabilities, _ := readObject(fields["capabilities"])
	_, asObject := readObject(fields["roles"])
	roles := readTexts(fields["roles"])
	return user{readText(fields["username"]), readText(fields["name"]), roles, asObject || len(roles) > 0, capabilities}
}

// named tells whether the answer says who it is.
func (u user) named() bool { return u.Username != "" || u.Name != "" }

func (u user) can(capability string) bool { return readYes(u.Capabilities[capability]) }

// request sends a question of the check's with the credential.
func (l *siteCheck) request(ctx context.Context, method, path string) (Exchange, Verdict) {
	x := l.client.Do(ctx, Request{Method: method, Path: path})
	return x, Classify(x)
}
