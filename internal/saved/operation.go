// Package operations keeps requests that somebody gave a name, for the whole team: what to send, what it does, and how its answers
// become a table. What runs them and on which sites is not known here; no secret enters.
package saved

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/droverhq/drover/internal/endpoint"
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
	Effect   string         `json:"effect,omitempty"` // read, change or destroy; empty: as the method says
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

// Ours tells whether it came with Drover.
func (o Operation) Ours() bool { return o.ID < 0 }

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

// Problems says what is wrong with what a person typed.
type Problems = validation.Problems

var (
	methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"}
	effects = []string{"", "read", "change", "destroy"}
)

// clean makes the definition canonical, and returns what is wrong with it.
func (d *Definition) clean() Problems {
	p := Problems{}
	d.Name, d.Sentence, d.Path = strings.TrimSpace(d.Name), strings.TrimSpace(d.Sentence), strings.TrimSpace(d.Path)
	if d.Path != "" && !strings.HasPrefix(d.Path, "/") {
		d.Path = "/" + d.Path
	}
	switch {
	case d.Name == "":
		p["name"] = "Give it a name that the team understands."
	case utf8.RuneCountInString(d.Name) > 100 || strings.ContainsAny(d.Name, "\r\n"):
		p["name"] = "Write a shorter name, on one line."
	}
	if !slices.Contains(methods, d.Method) {
		p["method"] = "Choose one of " + strings.Join(methods, ", ") + "."
	}
	if d.Path == "" {
		p["path"] = "Write the path below the REST root, such as /wp/v2/plugins."
	}
	if d.Body != "" && !json.Valid([]byte(d.Body)) {
		p["body"] = "This is not JSON."
	}
	if !slices.Contains(effects, d.Effect) {
		p["effect"] = "Choose read, change or destroy, or leave it to the method."
	}
	if err := d.Table.Check(); err != nil {
		p["columns"] = err.Error()
	}
	return p
}
