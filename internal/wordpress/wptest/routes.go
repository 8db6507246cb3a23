package wptest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

type object = map[string]any

func endpointOf(args object, methods ...string) object {
	return object{"methods": methods, "args": args}
}

func text(more ...any) object {
	schema := object{"type": "string"}
	for i := 0; i+1 < len(more); i += 2 {
		schema[more[i].(string)] = more[i+1]
	}
	return schema
}

// routes is a part of the index: routes of WordPress itself with their schemas, and the plugin's, which declare nothing.
func (s *site) routes(fault Fault) object {
	statuses := []string{"publish", "future", "draft", "pending", "private"}
	post := object{
		"title": object{"type": "object", "properties": object{"raw": text("description", "Title for the post, as it exists in the database."),
			"rendered": text("readonly", true)}},
		"content":    object{"type": "object", "properties": object{"raw": text(), "rendered": text("readonly", true)}},
		"slug":       text("description", "An alphanumeric identifier for the post."),
		"status":     text("enum", statuses, "description", "A named status for the post."),
		"sticky":     object{"type": "boolean", "description": "Whether the post is sticky."},
		"categories": object{"type": "array", "items": object{"type": "integer"}, "description": "The terms assigned to the post in the category taxonomy."},
		"date":       object{"type": []string{"string", "null"}, "format": "date-time"}, "password": text("maxLength", 20),
		"meta": object{"type": "object", "properties": []any{}},
	}
	list := object{
		"page": object{"type": "integer", "default": 1, "minimum": 1}, "per_page": object{"type": "integer", "default": 10, "minimum": 1, "maximum": 100},
		"search": text(),
		"slug":   object{"type": "array", "items": text(), "description": "Limit result set to posts with one or more specific slugs."},
		"status": object{"type": "array", "default": "publish", "items": text("enum", append([]string{"any"}, statuses...))},
	}
	id := object{"id": object{"type": "integer", "description": "Unique identifier for the post."}}
	with := func(base, more object) object {
		both := object{}
		for _, one := range []object{base, more} {
			for name, schema := range one {
				both[name] = schema
			}
		}
		return both
	}
	plugin := object{"plugin": text("pattern", "[^.\\/]+(?:\\/[^.\\/]+)?"),
		"status": text("enum", []string{"inactive", "active"}, "description", "The plugin activation status.")}
	all := object{
		"/":            object{"namespace": "", "endpoints": []any{endpointOf(object{}, "GET")}},
		"/wp/v2/posts": object{"namespace": "wp/v2", "endpoints": []any{endpointOf(list, "GET"), endpointOf(post, "POST")}},
		"/wp/v2/posts/(?P<id>[\\d]+)": object{"namespace": "wp/v2", "endpoints": []any{endpointOf(id, "GET"), endpointOf(with(id, post), "POST", "PUT", "PATCH"),
			endpointOf(with(id, object{"force": object{"type": "boolean", "default": false}}), "DELETE")}},
		"/wp/v2/plugins": object{"namespace": "wp/v2",
			"endpoints": []any{endpointOf(object{"search": text(), "status": object{"type": "array", "items": text("enum", []string{"inactive", "active"})}}, "GET")}},
		"/wp/v2/plugins/(?P<plugin>[^.\\/]+(?:\\/[^.\\/]+)?)": object{"namespace": "wp/v2", "endpoints": []any{endpointOf(plugin, "POST", "PUT", "PATCH")}},
		"/wp/v2/themes": object{"namespace": "wp/v2", "endpoints": []any{endpointOf(object{"status": object{"type": "array",
			"items": text("enum", []string{"inactive", "active"})}}, "GET")}},
		"/wp/v2/users": object{"namespace": "wp/v2", "endpoints": []any{endpointOf(object{"roles": object{"type": "array", "items": text()},
			"context": text("enum", []string{"view", "embed", "edit"}, "default", "view")}, "GET")}},
		"/wp/v2/settings": object{"namespace": "wp/v2", "endpoints": []any{object{"methods": []string{"GET"}, "args": []any{}}}},
	}
	if s.has(BigScoots, fault) {
		for route := range verbs {
			all["/bigscoots-cache/v2/"+route] = object{"namespace": "bigscoots-cache/v2",
				"endpoints": []any{object{"methods": []string{"GET", "POST", "PUT", "PATCH", "DELETE"}, "args": []any{}}}}
		}
	}
	for plugin, clear := range clearRoutes {
		if s.has(plugin, fault) {
			all[clear.route] = object{"namespace": plugin, "endpoints": []any{endpointOf(object{}, clear.method)}}
		}
	}
	return all
}

func (s *site) switchPlugin(w http.ResponseWriter, c call) {
	var wanted struct{ Status string }
	if json.Unmarshal(c.body, &wanted) != nil || wanted.Status != "active" && wanted.Status != "inactive" {
		reply(w, http.StatusBadRequest, object{"code": "rest_invalid_param", "message": "Invalid parameter(s): status",
			"data": object{"status": 400, "params": object{"status": "status is not one of inactive and active."}}})
		return
	}
	s.accept(c, func() {})
	reply(w, http.StatusOK, object{"plugin": strings.TrimPrefix(c.route, "/wp/v2/plugins/"), "status": wanted.Status})
}

// abilities answers as WordPress 6.9 does; every other site runs an older one and has none.
func (s *site) abilities(w http.ResponseWriter, c call) {
	switch {
	case s.number%2 == 1:
		noRoute(w)
	case c.route == "/wp-abilities/v1/abilities":
		reply(w, http.StatusOK, []any{
			object{"name": "core/get-site-info", "label": "Get site information", "description": "Returns the site's title, address and version.", "category": "site",
				"input_schema": object{"type": "object", "properties": object{"fields": object{"type": "array",
					"items": text("enum", []string{"name", "url", "version"})}}},
				"meta": object{"annotations": object{"readonly": true, "destructive": false, "idempotent": true}}},
			object{"name": "acme/empty-trash", "label": "Empty the trash", "description": "Deletes what is in the trash for good.", "category": "content",
				"input_schema": []any{},
				"meta":         object{"annotations": object{"readonly": false, "destructive": true, "idempotent": true}}},
			object{"name": "acme/send-report", "label": "Send a report", "description": "Mails a report.", "category": "content",
				"input_schema": object{"type": "object", "required": []string{"to"}, "properties": object{"to": text("format", "email")}},
				"meta":         object{"annotations": object{"readonly": false, "destructive": false, "idempotent": false}}},
		})
	case c.route == "/wp-abilities/v1/abilities/core/get-site-info/run" && c.method == http.MethodGet:
		reply(w, http.StatusOK, object{"name": s.Name, "url": s.home(), "version": "6.9." + strconv.Itoa(s.number%3)})
	case c.route == "/wp-abilities/v1/abilities/acme/empty-trash/run" && c.method == http.MethodDelete,
		c.route == "/wp-abilities/v1/abilities/acme/send-report/run" && c.method == http.MethodPost:
		s.accept(c, func() {})
		reply(w, http.StatusOK, object{"done": true})
	default:
		noRoute(w)
	}
}
