package web

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
)

// route is one line of the table of routes.
type route struct {
	method, path string
	right        access.Action // needed to see it; empty: signed in is enough
	handle       func(*requestContext) error

	subject string // the kind of what the path names, as in site:12
	recent  recency
	open    signInStage // from which stage of signing in on
	most    int64       // how many bytes its body may have; 0: as many as a form
	secret  bool        // its page shows a secret
	invalid redisplay   // shows the form again with what is wrong with its fields; nil: a page of its own says it
}

type option func(*route)

// redisplay draws the page of a form with what is wrong with its fields.
type redisplay func(v *requestContext, status int, problems validation.Problems) error

func get(path string, right access.Action, handle func(*requestContext) error, options ...option) route {
	return newRoute(route{method: http.MethodGet, path: path, right: right, handle: handle}, options)
}

func post(path string, right access.Action, handle func(*requestContext) error, options ...option) route {
	return newRoute(route{method: http.MethodPost, path: path, right: right, handle: handle}, options)
}

func newRoute(r route, options []option) route {
	for _, set := range options {
		set(&r)
	}
	return r
}

// on says what kind of subject the path names.
func on(kind string) option { return func(r *route) { r.subject = kind } }

// open says that the route is open before the session is whole.
func open(from signInStage) option { return func(r *route) { r.open = from } }

// invalid names the page that shows what is wrong with the form's fields.
func invalid(show redisplay) option { return func(r *route) { r.invalid = show } }

// answer handles the request, or shows the form again.
func (r route) answer(v *requestContext) error {
	err := r.handle(v)
	if p, is := errors.AsType[validation.Problems](err); is && r.invalid != nil {
		return r.invalid(v, http.StatusUnprocessableEntity, p)
	}
	return err
}

// body allows a larger body than a form's.
func body(most int64) option { return func(r *route) { r.most = most } }

// subjectOf is what a request of the route is about, as the audit log names it; the address where the path names nothing.
func (r route) subjectOf(c *gin.Context) access.Subject {
	if r.subject == "" {
		return access.Subject(c.Request.URL.Path)
	}
	id, err := strconv.ParseInt(cmp.Or(c.Param("id"), c.Param("seq")), 10, 64)
	if err != nil {
		return access.Subject(c.Request.URL.Path)
	}
	return access.On(r.subject, id)
}
