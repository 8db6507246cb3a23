package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
)

// specOf reads a spec from the form.
func specOf(form url.Values) runs.Spec {
	spec := runs.Spec{Operation: form.Get("operation"), Params: map[string]string{}, Selection: selectionOf(form)}
	if o, found := operation.Find(spec.Operation); found {
		for _, p := range o.Params {
			if value := withoutCR.Replace(form.Get("p." + p.Name)); value != "" {
				spec.Params[p.Name] = value
			}
		}
	}
	spec.Verify = form.Get("verify") == "1"
	spec.Limits = runs.Limits{AtOnce: validation.ParseLimit(form.Get("at_once")), AtOncePerServer: validation.ParseLimit(form.Get("at_once_per_server")),
		TimeLimit: validation.ParseDuration(form.Get("time_limit"))}
	spec.Confirmed = validation.ParseCount(form.Get("confirm"))
	return spec
}

func selectionOf(form url.Values) sites.Selection {
	if form.Get("all") == "1" {
		return sites.Selection{All: true}
	}
	return sites.Selection{
		Clients: filled(form["client"]), Tags: filled(form["tag"]), State: sites.State(form.Get("state")), Query: strings.TrimSpace(form.Get("q")),
		IDs: validation.ParseIDs(form["site"]), Origin: form.Get("origin"),
	}
}

func filled(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return text == "" })
}
