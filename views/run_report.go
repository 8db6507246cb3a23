package views

import (
	"net/url"
	"strings"
	"time"
)

// RunReport is a run on paper, or one client's part of it.
type RunReport struct {
	Run                int64
	Title, Sentence    string
	Effect, State      string
	Endpoint           string
	Params             []RunParam
	By                 string
	ApprovedBy         string
	CancelledBy        string
	Where              string // the selection in words, empty where the reader may not know it
	StartedAt, EndedAt time.Time
	Verify             bool
	Client             string // whose part it is; empty: everybody's
	Clients            []Option
	OutsideScope       bool // some sites of the run are not the reader's to see
	Rows               []ReportRow
	Counts             RunCounts
	Proven             int // sites whose pages show that their cache was cleared
	Looked             int // sites whose pages were looked at
	Entries            []PrintedEntry
	Verification       Verification
	At                 time.Time // when the report was made
	Reader             string
}

// ReportRow is what came of the run on one site.
type ReportRow struct {
	Site, Home, Client string
	Outcome            string
	Sentence           string
	Status             int
	Verified           string // yes, no, unclear; empty: nobody looked
	EndedAt            time.Time
}

// Add adds a site and counts it.
func (r *RunReport) Add(row ReportRow) {
	r.Rows = append(r.Rows, row)
	switch row.Outcome {
	case "ok":
		r.Counts.OK++
	case "partial":
		r.Counts.Partial++
	case "skipped":
		r.Counts.Skipped++
	case "not_sent":
		r.Counts.NotSent++
	case "failed":
		r.Counts.Failed++
	case "unknown":
		r.Counts.Unknown++
	case "running":
		r.Counts.Running++
	default:
		r.Counts.Waiting++
	}
	if row.Verified != "" {
		r.Looked++
	}
	if row.Verified == "yes" {
		r.Proven++
	}
}

func (r RunReport) path() string { return runHref(r.Run) + "/report" }

// file is where the same is given as a file.
func (r RunReport) file(kind string) string {
	href := runHref(r.Run) + "/export." + kind
	if r.Client != "" {
		href += "?" + url.Values{"client": {r.Client}}.Encode()
	}
	return href
}

// result is the outcomes in a sentence.
func (r RunReport) result() string {
	var parts []string
	for _, each := range []struct {
		n    int
		word string
	}{{r.Counts.OK, "succeeded"}, {r.Counts.Partial, "partly succeeded"}, {r.Counts.Skipped, "skipped"}, {r.Counts.Failed, "failed"},
		{r.Counts.Unknown, "unknown"}, {r.Counts.NotSent, "not sent"},
		{r.Counts.Running, "running"}, {r.Counts.Waiting, "waiting"}} {
		if each.n > 0 {
			parts = append(parts, count(each.n)+" "+each.word)
		}
	}
	return strings.Join(parts, ", ")
}

// verified says how the result was verified.
func (r RunReport) verified() string {
	switch {
	case !r.Verify:
		return "By the sites' responses only. No pages were loaded."
	case r.Looked == 0:
		return "Verification was requested, but no pages were loaded."
	}
	return "Pages of " + counted(r.Looked, "site", "sites") + " were loaded before and after: " +
		counted(r.Proven, "site shows", "sites show") + " that the cache was cleared."
}

// verifiedWord is what looking at a site's pages showed.
func verifiedWord(verified string) string {
	switch verified {
	case "yes":
		return "Verified"
	case "no":
		return "Old page still cached"
	case "unclear":
		return "Unclear: no page was cached before"
	}
	return "–"
}

// paperTime is a time as it stands on paper.
func paperTime(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// approved leads to who approved the run, if it had to be approved.
func (r RunReport) approved() string {
	if r.ApprovedBy == "" {
		return ""
	}
	return ", approved by "
}

// covers says that the report leaves sites out, if it does.
func (r RunReport) covers() string {
	if !r.OutsideScope {
		return ""
	}
	return ". It covers the sites that they have access to."
}
