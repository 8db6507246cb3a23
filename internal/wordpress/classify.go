package wordpress

import (
	"encoding/json"
	"slices"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// Classify tells what the exchange means, in stages: what became of the transport, which documents the body holds, what shape each
// of them has, what the route's own rules make of it. It depends on nothing but the exchange. Its texts do not repeat the credential.
func Classify(x Exchange) Verdict {
	v := classify(x)
	if v.Status == 0 {
		v.Status = x.Status
	}
	if v.Retry {
		v.RetryAfter = retryAfter(x)
		if p, is := cacheplugin.OfURL(x.URL); is && v.Reason == ReasonRateLimited && v.RetryAfter == 0 {
			v.RetryAfter = p.Pause
		}
	}
	v.Verb = verbBlocked(x, v)
	return x.concealVerdict(v)
}

func classify(x Exchange) Verdict {
	if v, over := ofTransport(x); over {
		return v
	}
	found := documentsOf(x.Body)
	if len(found.values) == 0 {
		return ofText(x, found)
	}
	all := make([]judgement, len(found.values))
	for i, value := range found.values {
		s := shapeOf(value, requestFacts(x))
		all[i] = judgement{s.claim != claimNone || s.code != "", ofRoute(x, s)}
	}
	v := agreed(all)
	if v.Outcome == Failed && v.Reason == ReasonSiteError && !reads(x.Method) && crashedAfter(all, found.values) {
		v.Outcome, v.Retry = Unknown, false
		v = notedBy(v, "WordPress responded, and then crashed.")
	}
	return notedBy(surrounded(x, v, found), found.note)
}

// judgement is what one document of a body says, and whether it says anything about what was asked for.
type judgement struct {
	claims bool
	Verdict
}

// agreed is what all documents of one body mean together. One that says nothing, such as the output of a debugger, does not count
// where another does. A success before a crash was carried out, and a refusal is not undone by a success.
func agreed(all []judgement) Verdict {
	var yes, no []Verdict
	for _, each := range all {
		switch {
		case !each.claims:
		case each.Outcome == OK || each.Outcome == Partial:
			yes = append(yes, each.Verdict)
		default:
			no = append(no, each.Verdict)
		}
	}
	switch {
	case len(yes) == 0 && len(no) == 0:
		return all[len(all)-1].Verdict
	case len(no) == 0:
		return worst(yes)
	case len(yes) == 0:
		return no[0]
	}
	v := no[0]
	v.Outcome, v.Retry = Unknown, false
	if v.Reason != ReasonSiteError {
		v.Reason = ReasonUnclear
	}
	return notedBy(v, "The site sent two responses in one, and they disagree.")
}

// crashedAfter tells whether an answer without a word of success, such as what was created, stands before the crash.
func crashedAfter(all []judgement, values []json.RawMessage) bool {
	crash := slices.IndexFunc(all, func(each judgement) bool { return each.claims && each.Reason == ReasonSiteError })
	return crash > 0 && !all[crash-1].claims && all[crash-1].Outcome == OK && isResource(firstObject(values[crash-1]), object{})
}

func worst(all []Verdict) Verdict {
	for _, v := range all {
		if v.Outcome != OK {
			return v
		}
	}
	return all[0]
}

// surrounded judges an answer once more where PHP died beside it, or a page stands there too.
func surrounded(x Exchange, v Verdict, found documents) Verdict {
	if v.Outcome != OK && v.Outcome != Partial {
		if found.crash != "" && v.Reason == ReasonSiteError {
			return notedBy(v, "PHP error: "+found.crash)
		}
		return v
	}
	says, old := answeredByCache(x)
	switch {
	case old && !reads(x.Method):
		return Verdict{Outcome: Unknown, Reason: ReasonUnclear, Note: "The response came from a cache (" + says + "), so it is not about this request."}
	case found.crash != "":
		v.Outcome, v.Reason = Unknown, ReasonSiteError
		return notedBy(v, "WordPress responded, and then crashed: "+found.crash)
	case found.cut:
		return unclear(x, "The response ends in the middle of its JSON.")
	case found.page && reads(x.Method):
		return failed(ReasonNotJSON, "The response contains a web page as well as JSON.")
	case found.page:
		v.Outcome, v.Reason = Unknown, ReasonUnclear
		return notedBy(v, "The response also contained a web page.")
	}
	return v
}
