package cacheplugin

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Observation is what one request to a plugin's route came to.
type Observation struct {
	Method, Path string // the path from the namespace on, in small letters and without a slash at its end
	Request      []byte
	Answer       json.RawMessage
	OK           bool   // carried out
	Code         string // the error code, where it was not
}

// reads tells whether the request changed nothing.
func (t Observation) reads() bool { return t.Method == http.MethodGet || t.Method == http.MethodHead }

// TellsOf returns what the exchange tells of the plugin whose route it asked: values by the plugin's own names. Nil is nothing.
func TellsOf(method, address string, request []byte, answer json.RawMessage, ok bool, code string) (p Plugin, values map[string]string) {
	p, is := OfURL(address)
	if !is || p.Tells == nil {
		return p, nil
	}
	path := routePath(address)
	path = path[strings.Index(path, "/"+p.Namespace+"/"):]
	return p, p.Tells(Observation{Method: method, Path: strings.TrimRight(path, "/"), Request: request, Answer: answer, OK: ok, Code: code})
}

// OfFolder returns the plugin with the folder, as WordPress names a plugin: bigscoots-cache/bigscoots-cache.
func OfFolder(file string) (Plugin, bool) {
	folder, _, _ := strings.Cut(file, "/")
	for _, p := range known {
		if p.Slug == folder {
			return p, true
		}
	}
	return Plugin{}, false
}

// onOff is a state in the words of the screens.
func onOff(on bool) string {
	if on {
		return "Enabled"
	}
	return "Disabled"
}

// yes tells whether PHP means a truth value by it, and whether it means one at all.
func yes(raw json.RawMessage) (is, known bool) {
	switch text := strings.ToLower(scalar(raw)); text {
	case "true", "1", "yes", "on":
		return true, true
	case "false", "0", "no", "off":
		return false, true
	case "":
		return false, string(raw) == `""` || string(raw) == "null" // what PHP makes of false
	}
	return false, false
}

// simpleStatus reads the values version and cache, of plugins that have no status of their own.
func simpleStatus(name string) func(values map[string]string, host string) (s Status, finding, toDo string) {
	return func(values map[string]string, host string) (s Status, finding, toDo string) {
		s = Status{Version: values["version"], Cache: values["cache"], Data: values}
		called := strings.TrimSpace(name + " " + s.Version)
		switch s.Cache {
		case "":
			return s, called + " does not report over REST whether its cache is on.", ""
		case "Enabled":
			return s, called + ", cache enabled.", ""
		}
		return s, called + " is active; its cache on " + host + " is turned off.", "If it should be on, turn it on in the plugin's settings."
	}
}
