package wptest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// wpError is an error as WP_Error becomes over REST.
func wpError(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"code": code, "message": message, "data": map[string]any{"status": status}})
}

func noRoute(w http.ResponseWriter) {
	wpError(w, http.StatusNotFound, "rest_no_route", "No route was found matching the URL and request method.")
}

func forbidden(w http.ResponseWriter, c call) {
	status := http.StatusForbidden
	if !c.signed {
		status = http.StatusUnauthorized
	}
	wpError(w, status, "rest_forbidden", "Sorry, you are not allowed to do that.")
}

func squeeze(password string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, password)
}

func html(w http.ResponseWriter, status int, title, text string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!doctype html><html><head><title>%s</title></head><body><h1>%s</h1><p>%s</p></body></html>", title, title, text)
}
