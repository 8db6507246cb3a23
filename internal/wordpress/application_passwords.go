package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// passwordsPath is where WordPress lists, makes and revokes the application passwords of the user who asks (WordPress 5.6 and later).
const passwordsPath = "/wp/v2/users/me/application-passwords"

// ApplicationPassword is an application password as WordPress lists it: never its value.
type ApplicationPassword struct {
	UUID, Name, AppID string
	UserID            string // of the user that it belongs to; empty in a list
}

// NewApplicationPassword is one that WordPress has just made. It shows its value this once.
type NewApplicationPassword struct {
	ApplicationPassword
	value string
}

// Reveal returns the password itself.
func (p NewApplicationPassword) Reveal() string { return p.value }

// String leaves the password out.
func (p NewApplicationPassword) String() string { return p.Name + " [sealed]" }

// GoString leaves the password out.
func (p NewApplicationPassword) GoString() string { return p.String() }

func parsePassword(raw json.RawMessage) ApplicationPassword {
	fields, _ := readObject(raw)
	return ApplicationPassword{UUID: readText(fields["uuid"]), Name: readText(fields["name"]), AppID: readText(fields["app_id"])}
}

// OwnPassword returns the application password that the client signs in with, and whose it is. It is zero where the verdict is not OK.
func (c *Client) OwnPassword(ctx context.Context) (ApplicationPassword, Verdict) {
	x, v := c.judged(ctx, http.MethodGet, passwordsPath+"/introspect?_fields=uuid,name,app_id", nil)
	if v.Reason == ReasonNotAuthenticated && (&siteCheck{client: c}).knownToCore(ctx) == yes {
		return ApplicationPassword{}, failed(ReasonForbidden, "Something on the site, such as a security plugin, blocks /wp/v2/users and application passwords.")
	}
	if v.Outcome != OK {
		return ApplicationPassword{}, v
	}
	found, _ := findJSON(x.Body)
	own := parsePassword(found.value)
	if own.UUID == "" {
		return ApplicationPassword{}, unclear(x, "WordPress does not report which application password is in use.")
	}
	x, v = c.judged(ctx, http.MethodGet, "/wp/v2/users/me?_fields=id", nil)
	if v.Outcome != OK {
		return ApplicationPassword{}, v
	}
	found, _ = findJSON(x.Body)
	fields, _ := readObject(found.value)
	if own.UserID = readText(fields["id"]); own.UserID == "" {
		return ApplicationPassword{}, unclear(x, "WordPress does not report whose application password is in use.")
	}
	return own, v
}

// CreatesPasswords tells whether the user may create and revoke application passwords, as far as WordPress says so before it is tried; nothing is
// changed. Known is false where it does not say.
func (c *Client) CreatesPasswords(ctx context.Context) (may, known bool) {
	x, _ := c.judged(ctx, http.MethodOptions, passwordsPath, nil)
	if x.Fault != nil || x.Status >= 300 || !fromWordPress(x) || x.Header.Get("Allow") == "" {
		return false, false
	}
	return allows(x, http.MethodPost), true
}

// ApplicationPasswords lists those of the user.
func (c *Client) ApplicationPasswords(ctx context.Context) ([]ApplicationPassword, Verdict) {
	x, v := c.judged(ctx, http.MethodGet, passwordsPath+"?_fields=uuid,name,app_id", nil)
	if v.Outcome != OK {
		return nil, v
	}
	found, _ := findJSON(x.Body)
	var all []ApplicationPassword
	for _, each := range readList(found.value) {
		if p := parsePassword(each); p.UUID != "" {
			all = append(all, p)
		}
	}
	if len(all) == 0 { // whoever asks signed in with one
		return nil, unclear(x, "WordPress lists no application passwords, not even the one in use.")
	}
	return all, v
}

// CreatePassword makes an application password for the user. With an outcome of Unknown, one may have been made.
func (c *Client) CreatePassword(ctx context.Context, name, appID string) (NewApplicationPassword, Verdict) {
	return c.createPassword(ctx, passwordsPath, name, appID)
}

func (c *Client) createPassword(ctx context.Context, path, name, appID string) (NewApplicationPassword, Verdict) {
	wanted := map[string]string{"name": name}
	if appID != "" {
		wanted["app_id"] = appID
	}
	x, v := c.judged(ctx, http.MethodPost, path, jsonOf(wanted))
	if v.Outcome != OK {
		return NewApplicationPassword{}, v
	}
	found, _ := findJSON(x.Body)
	fields, _ := readObject(found.value)
	made := NewApplicationPassword{parsePassword(found.value), readText(fields["password"])}
	if made.UUID == "" || made.value == "" {
		return NewApplicationPassword{}, unclear(x, "WordPress did not show the new application password.")
	}
	return made, v
}

// RevokePassword revokes one of the user's application passwords. One that is not there any more is revoked already.
func (c *Client) RevokePassword(ctx context.Context, uuid string) Verdict {
	x, v := c.delete(ctx, passwordsPath+"/"+url.PathEscape(uuid))
	if v.Code == "rest_application_password_not_found" {
		return Verdict{Outcome: OK, Status: x.Status, Code: v.Code}
	}
	return v
}

// delete sends a DELETE, and where the verb is blocked, a POST that stands for one.
func (c *Client) delete(ctx context.Context, path string) (Exchange, Verdict) {
	x, v := c.judged(ctx, http.MethodDelete, path, nil)
	for _, way := range []string{OverrideHeader, OverrideQuery} {
		if !v.Verb {
			break
		}
		x, v = c.WithOverride(way).judged(ctx, http.MethodDelete, path, nil)
	}
	return x, v
}

// judged sends one request and judges the answer.
func (c *Client) judged(ctx context.Context, method, path string, body []byte) (Exchange, Verdict) {
	x := c.Do(ctx, Request{Method: method, Path: path, Body: body})
	return x, Classify(x)
}
