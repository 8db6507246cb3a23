// Package operations keeps requests that somebody gave a name, for the whole team: what to send, what it does, and how its answers
// become a table. What runs them and on which sites is not known here; no secret enters.
package saved

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/validation"
)

// ErrNone is returned where there is no such operation.
var ErrNone = errors.New("there is no such saved operation")

// Definition is what an operation is: this is what is exported and imported.
type Definition struct {
	Name     string         `json:"name"`
	Sentence string         `json:"sentence,omitempty"`
	Method   string         `json:"method"`
	Path     string         `json:"path"`
	Body     string         `json:"body,omitempty"`
	Headers  string         `json:"headers,omitempty"`
	Effect   string         `json:"effect,omitempty"` // read, change or destroy; empty: as the route and method say
	Pages    bool           `json:"pages,omitempty"`  // follow all pages of a list
	Table    endpoint.Query `json:"table,omitzero"`
}

// Operation is a saved one. Those that come with Drover have no times and a negative ID; they cannot be changed.
type Operation struct {
	ID int64
	Definition
	CreatedAt, UpdatedAt time.Time
	CreatedBy, UpdatedBy string
}

// Builtin tells whether it came with Drover.
func (o Operation) Builtin() bool { return o.ID < 0 }

// Sends tells whether the parameters of a request are those of the operation: what was changed on the way is another request.
func (d Definition) Sends(params map[string]string) bool {
	own := d.Params()
	for _, name := range []string{"method", "path", "body"} {
		if own[name] != params[name] {
			return false
		}
	}
	return true
}

// Params are the parameters of the operation `request` that it stands for.
func (d Definition) Params() map[string]string {
	params := map[string]string{"method": d.Method, "path": d.Path, "body": d.Body, "headers": d.Headers, "effect": d.Effect}
	if d.Pages {
		params["pages"] = "true"
	}
	for name, value := range params {
		if value == "" {
			delete(params, name)
		}
	}
	return params
}

// Judged is what the operation does, whatever is said of it.
func (d Definition) Judged() operation.Judgement {
	header := http.Header{}
	for line := range strings.Lines(d.Headers) {
		name, value, _ := strings.Cut(line, ":")
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	judged := operation.Judge(operation.Request{Method: d.Method, Path: d.Path, Header: header, Body: d.Body})
	judged.Effect = operation.Most(judged.Effect, operation.Effect(d.Effect))
	return judged
}

// Within tells whether the actor's scope holds requests, and what this one is in truth. It records nothing: for showing and hiding.
func (d Definition) Within(actor access.Actor) bool {
	judged := d.Judged()
	covered := func(name string) bool { return actor.Scope.Operation(name, string(judged.Effect)) }
	return covered("request") && !slices.ContainsFunc(judged.Operations, func(name string) bool { return !covered(name) })
}

var (
	methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"}
	effects = []string{"", "read", "change", "destroy"}
)

// withoutSecrets is the definition with a mark in the place of each secret.
func (d Definition) withoutSecrets() Definition {
	d.Path, d.Body, d.Headers = endpoint.RedactTemplate(d.Path).Text, endpoint.RedactTemplate(d.Body).Text, endpoint.RedactHeaderLines(d.Headers)
	return d
}

// secrets says where a secret stands: what is saved is for the whole team, and is exported.
func (d Definition) secrets(p validation.Problems) {
	const keepsNone = "A saved operation cannot contain a secret, and this does. "
	for name, text := range map[string]string{"path": d.Path, "body": d.Body} {
		if endpoint.RedactTemplate(text).Text != text && p[name] == "" {
			p[name] = keepsNone + "Use a reference such as {{row.password}} instead, and enter the value when you run it."
		}
	}
	for line := range strings.Lines(d.Headers) {
		name, value, _ := strings.Cut(line, ":")
		if endpoint.SecretKey(strings.TrimSpace(name)) && strings.TrimSpace(value) != "" {
			p["headers"] = keepsNone + "Leave out " + strings.TrimSpace(name) + ", and add it when you run it."
		}
	}
}

// clean makes the definition canonical, and returns what is wrong with it.
func (d *Definition) clean() validation.Problems {
	p := validation.Problems{}
	d.Name, d.Sentence, d.Path = strings.TrimSpace(d.Name), strings.TrimSpace(d.Sentence), strings.TrimSpace(d.Path)
	if d.Path != "" && !strings.HasPrefix(d.Path, "/") {
		d.Path = "/" + d.Path
	}
	switch {
	case d.Name == "":
		p["name"] = "Enter a name."
	case utf8.RuneCountInString(d.Name) > 100 || strings.ContainsAny(d.Name, "\r\n"):
		p["name"] = "Enter a shorter name, on one line."
	}
	if !slices.Contains(methods, d.Method) {
		p["method"] = "Choose one of " + strings.Join(methods, ", ") + "."
	}
	if d.Path == "" {
		p["path"] = "Enter the path below the REST root, such as /wp/v2/plugins."
	}
	if d.Body != "" && !json.Valid([]byte(d.Body)) {
		p["body"] = "This is not JSON."
	}
	d.secrets(p)
	if !slices.Contains(effects, d.Effect) {
		p["effect"] = "Choose read, change or destroy, or let the method decide."
	}
	if err := d.Table.Check(); err != nil {
		p["columns"] = err.Error()
	}
	return p
}
