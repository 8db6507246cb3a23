package wordpress

import (
	"encoding/json"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// PluginStatus is what a cache plugin says of itself.
type PluginStatus = cacheplugin.Status

// ofPlugin is a plugin's judgement as a verdict.
func ofPlugin(v cacheplugin.Verdict) Verdict {
	return Verdict{Outcome: Outcome(v.Outcome), Reason: Reason(v.Reason), Note: printable(v.Note, 500), Retry: v.Retry}
}

// pluginCode judges by a code of the plugin whose route was asked: the same word means something else to others.
func pluginCode(x Exchange, code string) (Verdict, bool) {
	p, is := cacheplugin.OfURL(x.URL)
	if !is {
		return Verdict{}, false
	}
	v, known := p.Of(code)
	return ofPlugin(v), known
}

// pluginDone judges what looks like a success of a plugin's route more closely.
func pluginDone(x Exchange, fields object) (Verdict, bool) {
	p, is := cacheplugin.OfURL(x.URL)
	switch {
	case !is:
		return Verdict{}, false
	case p.SameAnswer && !reads(x.Method):
		note := p.Name + " returns the same response whether or not it cleared anything. Run it with verification, which loads the site's pages, " +
			"or check a page yourself."
		return Verdict{Outcome: Unknown, Reason: ReasonUnclear, Unproven: true, Note: note}, true
	case p.Done == nil || reads(x.Method) && !p.SaysSuccess:
		return Verdict{}, false
	}
	v, more := p.Done(cacheplugin.Answer{Method: x.Method, Request: x.RequestBody, Fields: fields})
	return ofPlugin(v), more
}

// PluginRequest is a plugin's request as it is sent.
func PluginRequest(r cacheplugin.Request) Request {
	return Request{Method: r.Method, Path: r.Path, Body: r.Body, Timeout: r.Timeout}
}

// NamespacesRequest asks for the namespaces of a site's index, which tell the plugins that are active there.
func NamespacesRequest() Request {
	return Request{Method: "GET", Path: "/?_fields=namespaces", MaxBody: largestIndex}
}

// NamespacesIn reads the answer to NamespacesRequest.
func NamespacesIn(x Exchange) []string {
	found, _ := findJSON(x.Body)
	fields, _ := readObject(found.value)
	return readTexts(fields["namespaces"])
}

// readStatus reads a plugin's status out of its answer, as it can be shown.
func readStatus(p cacheplugin.Plugin, raw json.RawMessage, host string) (s PluginStatus, finding, toDo string) {
	return p.Read(shownValues(p.Status.Values(raw)), host)
}

func shownValues(values map[string]string) map[string]string {
	if values == nil {
		return nil
	}
	shown := make(map[string]string, len(values))
	for name, value := range values {
		shown[printable(name, 60)] = plain(value)
	}
	return shown
}
