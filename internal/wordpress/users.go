package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

const usersPath = "/wp/v2/users"

// ManagesUsers returns the ID of the user that the client signs in as, and whether that user may create others.
func (c *Client) ManagesUsers(ctx context.Context) (id string, may bool, v Verdict) {
	x, v := c.judged(ctx, http.MethodGet, usersPath+"/me?context=edit&_fields=id,username,name,roles,capabilities", nil)
	if v.Outcome != OK {
		return "", false, v
	}
	found, _ := findJSON(x.Body)
	fields, _ := readObject(found.value)
	return readText(fields["id"]), parseUser(found.value).can("create_users"), v
}

// CreateUser makes a user and returns its ID. With an outcome of Unknown, one may have been made. WordPress sends nobody a mail.
func (c *Client) CreateUser(ctx context.Context, login, email, password, role string) (id string, v Verdict) {
	x, v := c.judged(ctx, http.MethodPost, usersPath, jsonOf(map[string]any{"username": login, "email": email, "password": password, "roles": []string{role}}))
	if v.Outcome != OK {
		return "", v
	}
	found, _ := findJSON(x.Body)
	fields, _ := readObject(found.value)
	if id = readText(fields["id"]); id == "" {
		return "", unclear(x, "WordPress did not name the new user.")
	}
	return id, v
}

// FindUser returns the ID of the user with the login; empty where there is none.
func (c *Client) FindUser(ctx context.Context, login string) (id string, v Verdict) {
	x, v := c.judged(ctx, http.MethodGet, usersPath+"?context=edit&per_page=100&_fields=id,username&search="+url.QueryEscape(login), nil)
	if v.Outcome != OK {
		return "", v
	}
	found, _ := findJSON(x.Body)
	for _, raw := range readList(found.value) {
		if fields, _ := readObject(raw); readText(fields["username"]) == login {
			return readText(fields["id"]), v
		}
	}
	return "", v
}

// SetRole gives a user this role and no other; none for the empty one.
func (c *Client) SetRole(ctx context.Context, id, role string) Verdict {
	roles := []string{}
	if role != "" {
		roles = append(roles, role)
	}
	_, v := c.judged(ctx, http.MethodPost, userPath(id), jsonOf(map[string]any{"roles": roles}))
	return v
}

// DeleteUser deletes a user, whose posts go to another. A network refuses that over REST (rest_cannot_delete).
func (c *Client) DeleteUser(ctx context.Context, id, heir string) Verdict {
	_, v := c.delete(ctx, userPath(id)+"?force=true&reassign="+url.QueryEscape(heir))
	return v
}

// CreatePasswordFor makes an application password for another user.
func (c *Client) CreatePasswordFor(ctx context.Context, id, name string) (NewApplicationPassword, Verdict) {
	return c.createPassword(ctx, userPath(id)+"/application-passwords", name, "")
}

// RevokePasswordsOf revokes all application passwords of another user.
func (c *Client) RevokePasswordsOf(ctx context.Context, id string) Verdict {
	_, v := c.delete(ctx, userPath(id)+"/application-passwords")
	return v
}

// Allows asks by OPTIONS whether the user may send a request with this method; nothing is done (rest_send_allow_header). Known is false where the
// site does not say.
func (c *Client) Allows(ctx context.Context, method, path string) (may, known bool) {
	x, _ := c.judged(ctx, http.MethodOptions, path, nil)
	if x.Fault != nil || x.Status >= 300 || !fromWordPress(x) || len(x.Body) > 0 && !json.Valid(x.Body) {
		return false, false
	}
	return allows(x, method), true
}

func userPath(id string) string { return usersPath + "/" + url.PathEscape(id) }

func jsonOf(value any) []byte {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts only
	}
	return body
}
