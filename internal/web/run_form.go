package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

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
	spec.Limits = runs.Limits{AtOnce: limit(form.Get("at_once")), AtOncePerServer: limit(form.Get("at_once_per_server")),
		TimeLimit: timeLimit(form.Get("time_limit"))}
	spec.Confirmed = validation.Count(form.Get("confirm"))
	return spec
}

// limit reads a number that may be left empty. What is no number becomes one that the runner refuses, with a word on what to write.
func limit(text string) int {
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	if n := validation.Count(text); n != 0 {
		return n
	}
	return -1
}

// timeLimit reads a time such as 90s, 10m or 1h30m; a number alone is minutes.
func timeLimit(text string) time.Duration {
	if text = strings.ReplaceAll(strings.TrimSpace(text), " ", ""); text == "" {
		return 0
	}
	if minutes, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(minutes * float64(time.Minute))
	}
	long, err := time.ParseDuration(strings.TrimSuffix(text, "in"))
	if err != nil {
		return -1
	}
	return long
}

func selectionOf(form url.Values) sites.Selection {
	if form.Get("all") == "1" {
		return sites.Selection{All: true}
	}
	return sites.Selection{
		Clients: filled(form["client"]), Tags: filled(form["tag"]), State: sites.State(form.Get("state")), Query: strings.TrimSpace(form.Get("q")),
		IDs: numbers(form["site"]), Origin: form.Get("origin"),
	}
}

func filled(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return text == "" })
}
