package views

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// ComposePage is the form of a run: what, where, how. It works as one plain form, and keeps all that was typed when it comes back
// with problems.
type ComposePage struct {
	Frame      Frame
	Operations []ComposeOperation
	Chosen     string            // the operation's name
	Typed      map[string]string // by parameter; a missing one shows its default
	Selection  ComposeSelection
	Preview    RunPreview
	Draft      string // the name of its draft, empty before there is one
	From       string // the colleague whose draft it is a copy of

	Saved    string            // the saved operation that the request came from, empty for none
	Form     string            // the form of an endpoint that it came from, as its address
	Problems map[string]string // by field: operation, selection, a parameter's name, confirm

	Examples []Option // requests to begin with

	Verify                             bool
	AtOnce, AtOncePerServer, TimeLimit string // the run's own limits, as typed

	Concurrency, DefaultAtOncePerServer int // how many requests Drover has under way at once, in all and to one address
}

// ComposeOperation is an operation as it is offered.
type ComposeOperation struct {
	Name, Group, Title, Sentence, Endpoint, Effect string

	Params  []ComposeParam
	Purges  bool // what it does can be seen on the sites' pages
	Allowed bool // the member may start it
}

// ComposeParam is a parameter of an operation.
type ComposeParam struct {
	Name, Label, Help string
	Kind              string // choice, integers, urls, flag, text or json
	Choices           []Option
	Default           string
	When              string // "purge_type=urls": only asked for when that parameter has that value; several by |
}

// ComposeSelection is where to run it: what can be chosen and what is.
type ComposeSelection struct {
	All     bool // every site, whatever else is chosen
	Query   string
	State   string
	Clients []ComposeChoice
	Tags    []ComposeChoice
	Sites   []ComposeSite // chosen one by one
	Total   int           // the sites that there are

	Origin, OriginWords string // where Sites come from: answers:12, “from answers of run 12”
}

// ComposeChoice is a client or a tag.
type ComposeChoice struct {
	Value  string
	Count  int
	Chosen bool
}

// ComposeSite is a site chosen by itself.
type ComposeSite struct {
	ID         int64
	Name, Host string
}

// RunPreview is what the form as it stands would do; the live part of the form.
type RunPreview struct {
	Title    string
	Effect   string
	Digest   string // identifies what is shown; the form sends it back
	Draft    string // the name of the draft that holds the form, empty before there is one
	Grave    bool   // the number of sites is typed to confirm
	Total    int
	Clients  int
	Requests []PreviewRequest // one a site; the first ones are shown
	LeftOut  []PreviewSite    // chosen, but the operation has nothing to do on them
	Warnings []string
	Expected time.Duration // 0 when it is not known
	Open     bool          // the requests are shown at once
	Confirm  string        // what was typed to confirm what destroys
	Asked    bool          // it waits for approval: its sites cannot be changed
	Problems map[string]string
}

// PreviewRequest is exactly what would be sent to a site, without the credential.
type PreviewRequest struct {
	Site, Home  string
	Method, URL string
	Body        string
	Warning     string // what the last check makes one expect
	Expect      string // the kind of that
}

// PreviewSite is a site that is left out.
type PreviewSite struct{ Name, Home string }

// composeShown is how many sites chosen one by one are listed, and how many requests of a dry run.
const composeShown = 50

// composeGroup is the operations of one group.
type composeGroup struct {
	Name       string
	Operations []ComposeOperation
}

func (p ComposePage) groups() []composeGroup {
	var all []composeGroup
	for _, o := range p.Operations {
		if len(all) == 0 || all[len(all)-1].Name != o.Group {
			all = append(all, composeGroup{Name: o.Group})
		}
		last := &all[len(all)-1]
		last.Operations = append(last.Operations, o)
	}
	return all
}

// value is what the parameter's field shows.
func (p ComposePage) value(o ComposeOperation, param ComposeParam) string {
	if typed, known := p.Typed[param.Name]; known && o.Name == p.Chosen {
		return typed
	}
	if param.Kind == "choice" && o.Effect != "read" {
		return "" // what does more or less is chosen by a person
	}
	return param.Default
}

func (p ComposePage) problem(o ComposeOperation, param ComposeParam) string {
	if o.Name != p.Chosen {
		return ""
	}
	return p.Problems[param.Name]
}

// limits are the fields of the run's own limits.
func (p ComposePage) limits() []Field {
	return []Field{
		{Name: "at_once", Label: "Concurrent sites", Value: p.AtOnce, Problem: p.Problems["at_once"], Placeholder: count(p.Concurrency), Complete: "off"},
		{Name: "at_once_per_server", Label: "Concurrent requests per server", Value: p.AtOncePerServer, Problem: p.Problems["at_once_per_server"],
			Placeholder: count(p.DefaultAtOncePerServer), Complete: "off"},
		{Name: "time_limit", Label: "Time limit", Value: p.TimeLimit, Problem: p.Problems["time_limit"], Placeholder: "no limit", Complete: "off",
			Hint: "For example, 10m or 1h30m. After that, nothing more is sent."},
	}
}

// limited tells whether the run has limits of its own, or some were typed wrongly.
func (p ComposePage) limited() bool { return p.AtOnce+p.AtOncePerServer+p.TimeLimit != "" }

// field is the parameter as a field of the form.
func (p ComposePage) field(o ComposeOperation, param ComposeParam) Field {
	f := Field{Name: "p." + param.Name, Label: param.Label, Hint: param.Help, Value: p.value(o, param), Problem: p.problem(o, param), Complete: "off"}
	switch param.Kind {
	case "choice":
		f.Options = param.Choices
	case "urls":
		f.Rows, f.Mono = 5, true
	case "json":
		f.Rows, f.Mono = 8, true
	case "lines":
		f.Rows, f.Mono = 2, true
	case "integers":
		f.Rows, f.Mono = 2, true
	case "text":
		f.Mono = true
	}
	return f
}

// flagged tells whether a typed flag is set.
func flagged(value string) bool {
	return value == "true" || value == "1" || value == "on" || value == "yes"
}

// where says on how many sites of how many clients the button would act.
func (p RunPreview) where() string {
	s := counted(p.Total, "site", "sites")
	if p.Clients > 0 {
		s += " of " + counted(p.Clients, "client", "clients")
	}
	return s
}

// button says what pressing it does; a long title would not fit, and stands beside it.
func (p RunPreview) button() string {
	const longest = 30
	switch {
	case p.Total == 0 || p.problem() != "":
		return "Run"
	case len([]rune(p.Title)) > longest:
		return "Run on " + counted(p.Total, "site", "sites")
	}
	return p.Title + " on " + counted(p.Total, "site", "sites")
}

func (p RunPreview) expected() string {
	if p.Expected <= 0 {
		return ""
	}
	if p.Expected < time.Second {
		return ", about 1 s"
	}
	return ", about " + roughly(p.Expected)
}

// problem is the first thing that keeps the run from starting, in the order of the form.
func (p RunPreview) problem() string {
	for _, field := range []string{"operation", "selection", "site"} {
		if s := p.Problems[field]; s != "" {
			return s
		}
	}
	for _, field := range slices.Sorted(maps.Keys(p.Problems)) {
		if field != "confirm" && field != "shown" && p.Problems[field] != "" {
			return p.Problems[field]
		}
	}
	return ""
}

// expectation is a warning of the last checks and the sites that it is about.
type expectation struct {
	Kind, Text string
	Sites      []string
}

// expectations groups the requests' warnings, in the order in which they first occur.
func (p RunPreview) expectations() []expectation {
	var all []expectation
	at := map[string]int{}
	for _, r := range p.Requests {
		if r.Warning == "" {
			continue
		}
		i, known := at[r.Expect]
		if !known {
			i = len(all)
			at[r.Expect] = i
			text := r.Warning
			if r.Expect == "broken" { // each site's finding is its own
				text = "The last check failed."
			}
			all = append(all, expectation{Kind: r.Expect, Text: text})
		}
		all[i].Sites = append(all[i].Sites, r.Site)
	}
	return all
}

// warned counts what to look at before the run starts.
func (p RunPreview) warned() int {
	n := len(p.Warnings) + len(p.expectations())
	if len(p.LeftOut) > 0 {
		n++
	}
	return n
}

// listed names the first few of many.
func listed(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:few], ", ") + " and " + count(len(names)-few) + " more"
}

func (p RunPreview) shown() []PreviewRequest { return p.Requests[:min(len(p.Requests), composeShown)] }

func (p RunPreview) leftOut() []string {
	names := make([]string, len(p.LeftOut))
	for i, s := range p.LeftOut {
		names[i] = s.Name
	}
	return names
}
