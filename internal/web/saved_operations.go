package web

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

func (s *Server) saved(v *requestContext) error {
	all, err := s.Library.All(v.Request.Context())
	if err != nil {
		return err
	}
	page := views.SavedPage{Frame: v.frame("Saved operations", "endpoints"), Draft: v.Query("draft")}
	for _, o := range all {
		if o.Within(v.actor()) {
			page.Operations = append(page.Operations, savedView(o))
		}
	}
	return v.render(http.StatusOK, views.Saved(page))
}

func savedView(o saved.Operation) views.SavedOperation {
	return views.SavedOperation{
		ID: o.ID, Name: o.Name, Sentence: o.Sentence, Method: o.Method, Path: o.Path, Effect: string(o.Judged().Effect), Builtin: o.Builtin(), By: o.UpdatedBy,
		At: o.UpdatedAt,
	}
}

// useSaved puts a saved operation into the form of a run, with the sites that the address names.
func (s *Server) useSaved(v *requestContext) error {
	o, err := s.savedOf(v)
	if err != nil {
		return err
	}
	form, err := s.withDraft(v, v.Request.URL.Query())
	if err != nil {
		return err
	}
	form.Set("operation", "request")
	form.Set("saved", strconv.FormatInt(o.ID, 10))
	for name, value := range o.Params() {
		form.Set("p."+name, value)
	}
	return s.showCompose(v, form, nil)
}

func (s *Server) savedOf(v *requestContext) (saved.Operation, error) {
	id, err := strconv.ParseInt(v.Param("id"), 10, 64)
	if err != nil {
		return saved.Operation{}, errNoPage
	}
	o, err := s.Library.One(v.Request.Context(), id)
	if err == nil && !o.Within(v.actor()) {
		err = saved.ErrNone
	}
	return o, err
}

// newSavedForm is the form that gives the request of a draft a name, or a new one.
func (s *Server) newSavedForm(v *requestContext) error {
	form := v.Request.URL.Query()
	if name := v.Query("draft"); name != "" {
		d, err := s.openDraft(v, name)
		if err != nil {
			return err
		}
		form = d.form
	}
	return s.showSavedForm(v, http.StatusOK, 0, requestOf(form), nil)
}

// newSaved is the form that gives a request a name: of a saved operation that is copied, or of the request that was put together.
func (s *Server) newSaved(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	return s.showSavedForm(v, http.StatusOK, 0, requestOf(form), nil)
}

// requestOf is the request that was put together.
func requestOf(form url.Values) saved.Definition {
	d := saved.Definition{
		Method: form.Get("p.method"), Path: form.Get("p.path"), Body: form.Get("p.body"), Headers: form.Get("p.headers"), Effect: form.Get("p.effect"),
		Pages: form.Get("p.pages") == "true",
		Table: endpoint.Query{Rows: form.Get("rows"), Columns: columnsOf(form.Get("columns"))},
	}
	if d.Method == "" {
		d.Method = http.MethodGet
	}
	return d
}

func definitionOf(form url.Values) saved.Definition {
	return saved.Definition{
		Name: form.Get("name"), Sentence: form.Get("sentence"), Method: form.Get("method"), Path: form.Get("path"), Body: strings.TrimSpace(form.Get("body")),
		Headers: form.Get("headers"), Effect: form.Get("effect"), Pages: form.Get("pages") == "true",
		Table: endpoint.Query{Rows: form.Get("rows"), Columns: columnsOf(form.Get("columns"))},
	}
}

func (s *Server) showSavedForm(v *requestContext, status int, id int64, d saved.Definition, p validation.Problems) error {
	methods := []views.Option{}
	for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"} {
		methods = append(methods, views.Option{Value: m, Label: m})
	}
	fields := []views.Field{
		{Name: "name", Label: "Name", Value: d.Name, Problem: p["name"], Complete: "off", Required: true},
		{Name: "sentence", Label: "What it does, in one sentence", Value: d.Sentence, Problem: p["sentence"], Complete: "off"},
		{Name: "method", Label: "Method", Value: d.Method, Problem: p["method"], Options: methods},
		{Name: "path", Label: "Path", Value: d.Path, Problem: p["path"], Mono: true, Complete: "off", Required: true,
			Hint: "Below the REST root, such as /wp/v2/plugins?status=active"},
		{Name: "body", Label: "Body", Value: d.Body, Problem: p["body"], Rows: 5, Mono: true,
			Hint: "JSON. Secrets are not saved: use a reference such as {{row.password}}, and enter the value when you run it."},
		{Name: "headers", Label: "Headers", Value: d.Headers, Problem: p["headers"], Rows: 2, Mono: true},
		{Name: "effect", Label: "Effect on a site", Value: d.Effect, Problem: p["effect"], Options: []views.Option{
			{Value: "", Label: "Determined by route and method"},
			{Value: "read", Label: "Read-only"}, {Value: "change", Label: "Makes changes"}, {Value: "destroy", Label: "Destructive"}}},
		{Name: "columns", Label: "Answer columns", Value: columnsText(d.Table.Columns), Problem: p["columns"], Rows: 5, Mono: true,
			Hint: "One per line: a name, a colon and a jq expression, such as version: .version"},
		{Name: "rows", Label: "Rows", Value: d.Table.Rows, Rows: 1, Mono: true,
			Hint: "A jq expression that gives the rows of an answer. Leave it empty for each element of a list."},
	}
	title := "Save an operation"
	if id != 0 {
		title = "Edit " + d.Name
	}
	return v.render(status, views.SavedForm(views.SavedFormPage{Draft: cmp.Or(v.Query("draft"), v.PostForm("draft")), Frame: v.frame(title, "endpoints"), ID: id,
		Name: d.Name, Pages: d.Pages, Fields: fields}))
}

func (s *Server) saveOperation(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	d := definitionOf(form)
	_, err = s.Library.Save(v.Request.Context(), v.actor(), d)
	return s.afterSaving(v, 0, d, err)
}

func (s *Server) savedForm(v *requestContext) error {
	o, err := s.savedOf(v)
	if err != nil {
		return err
	}
	id := o.ID
	if o.Builtin() { // what came with Drover is copied
		id, o.Name = 0, "My "+o.Name
	}
	return s.showSavedForm(v, http.StatusOK, id, o.Definition, nil)
}

func (s *Server) editSaved(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	d := definitionOf(form)
	_, err = s.Library.Edit(v.Request.Context(), v.actor(), id, d)
	return s.afterSaving(v, id, d, err)
}

func (s *Server) afterSaving(v *requestContext, id int64, d saved.Definition, err error) error {
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showSavedForm(v, http.StatusUnprocessableEntity, id, d, p)
	}
	if err != nil {
		return err
	}
	v.setFlash("ok", "Operation saved for the team.")
	if name := v.PostForm("draft"); name != "" {
		return v.redirect("/operations?draft=" + url.QueryEscape(name))
	}
	return v.redirect("/operations")
}

func (s *Server) removeSaved(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if err := s.Library.Remove(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	v.setFlash("ok", "Operation removed. The audit log keeps its history.")
	return v.redirect("/operations")
}

func (s *Server) exportSaved(v *requestContext) error {
	text, err := s.Library.Export(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	return v.stream(file{"drover-operations.json", "application/json"}, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// longestOperations bounds a file of saved operations, in bytes.
const longestOperations = 1 << 20

func (s *Server) importSaved(v *requestContext) error {
	v.Request.Body = http.MaxBytesReader(v.Writer, v.Request.Body, longestOperations)
	file, err := v.FormFile("file")
	if err != nil && errors.Is(bodyError(err), errTooMuch) {
		return errTooMuch
	}
	if err != nil {
		v.setFlash("problem", "Choose a file that was exported from Drover.")
		return v.redirect("/operations")
	}
	if strings.ToLower(path.Ext(file.Filename)) != ".json" {
		v.setFlash("problem", "Choose a .json file that was exported from Drover.")
		return v.redirect("/operations")
	}
	opened, err := file.Open()
	if err != nil {
		return err
	}
	defer opened.Close()
	text, err := io.ReadAll(opened)
	if err != nil {
		return err
	}
	added, left, err := s.Library.Import(v.Request.Context(), v.actor(), text)
	if p, is := errors.AsType[validation.Problems](err); is {
		v.setFlash("problem", p["file"])
		return v.redirect("/operations")
	}
	if err != nil {
		return err
	}
	message := "1 operation was added."
	if added != 1 {
		message = fmt.Sprintf("%d operations were added.", added)
	}
	if len(left) > 0 {
		message += " Left out: " + strings.Join(left, "; ")
	}
	v.setFlash("ok", message)
	return v.redirect("/operations")
}
