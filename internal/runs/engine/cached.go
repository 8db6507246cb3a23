package engine

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/wordpress"
)

// pastCache makes the next request go past the cache that answered this one, once for each path, and tells whether it did. A host's
// cache may hand out a copy that is days old, or somebody else's.
func (y *sending) pastCache(x wordpress.Exchange) bool {
	says, cached := wordpress.FromCache(x)
	if !cached || strings.Contains(y.request.Path, uncached) {
		return false
	}
	joint := "?"
	if strings.Contains(y.request.Path, "?") {
		joint = "&"
	}
	y.cached = "The first response came from a cache (" + says + "), so Drover sent the request again and bypassed the cache."
	y.request.Path += joint + uncached + strconv.FormatInt(time.Now().UnixNano(), 36)
	return true
}

// uncached begins the parameter that no cache has seen before. WordPress ignores it.
const uncached = "_nocache="

// marked says in the verdict that a cache had to be passed, or that it could not be.
func (y *sending) marked(x wordpress.Exchange, v wordpress.Verdict) wordpress.Verdict {
	more := y.cached
	if says, cached := wordpress.FromCache(x); cached {
		more = "The response came from a cache (" + says + "), even though Drover tried to bypass it, so it may be outdated."
	}
	v.Note = strings.TrimSpace(v.Note + " " + more)
	return v
}

// page asks for one page of a list, past a cache where one answers, and stores each attempt. A page that was seen before is none: the
// query was lost on its way.
func (y *sending) page(ctx context.Context, seen map[string]bool) (x wordpress.Exchange, v wordpress.Verdict, stopped error) {
	for {
		if x, stopped = y.once(ctx); stopped != nil {
			return x, v, stopped
		}
		v = wordpress.Classify(x)
		pastCache := y.pastCache(x)
		if found, is := wordpress.FindJSON(x.Body); is && !pastCache && v.Outcome == wordpress.OK {
			key := identityOf(found)
			if seen[key] {
				v = oldCopy
				v.Note = "This page is identical to an earlier one: the site, or a cache in front of it, ignores the query."
			}
			seen[key] = true
		}
		v = y.stored(x, v, pastCache)
		if !pastCache {
			return x, v, nil
		}
	}
}

// oldCopy is how an answer counts that is not about the request.
var oldCopy = wordpress.Verdict{Outcome: wordpress.Unknown, Reason: wordpress.ReasonUnclear}

// stored stores an attempt without its secrets, and returns the verdict without them. One that is made again past a cache is not among
// the answers.
func (y *sending) stored(x wordpress.Exchange, v wordpress.Verdict, pastCache bool) wordpress.Verdict {
	if pastCache {
		v = oldCopy
	}
	x, v = redacted(x, v, y.batch.plan.SecretsOf(y.batch.sites[y.target.SiteID].Planned()))
	y.target.Attempts++
	y.batch.writer.attempt(y.target.ID, y.batch.attempt(y.target.Attempts, x, v))
	return v
}
