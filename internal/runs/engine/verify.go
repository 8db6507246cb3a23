package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/wordpress"
)

// Bounds of looking: how many pages of a site, and how long after the answer. BigScoots Cache asks to allow up to 30 s.
const (
	mostSamples = 3
	verifyFor   = 30 * time.Second
)

// verifyAfter are when a page is looked at again, counted from the site's answer.
var verifyAfter = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 7 * time.Second, 11 * time.Second, 16 * time.Second, 22 * time.Second,
	verifyFor}

// sampling is the pages of one target.
type sampling struct {
	batch   *batch
	client  *wordpress.Client
	samples []runs.Sample
}

// before looks at the pages that the request will clear. A page is asked for twice where the first look put it into the cache.
func (b *batch) before(ctx context.Context, t runs.Target, client *wordpress.Client, request wordpress.Request) *sampling {
	s := &sampling{batch: b, client: client}
	for _, address := range s.pages(ctx, t.Home, request) {
		seen := wordpress.CacheOf(client.Page(ctx, address))
		if seen.State == wordpress.CachedMiss {
			seen = wordpress.CacheOf(client.Page(ctx, address))
		}
		s.samples = append(s.samples, runs.Sample{URL: address, Before: seen})
	}
	return s
}

// pages chooses what to look at: the addresses that are cleared, the posts' pages, or the home page.
func (s *sampling) pages(ctx context.Context, home string, request wordpress.Request) []string {
	body := cacheplugin.Purged{Home: true}
	if p, _ := cacheplugin.OfURL(request.Path); p.Purged != nil {
		body = p.Purged(request.Body)
	}
	pages := body.URLs[:min(len(body.URLs), mostSamples)]
	for _, id := range body.Posts[:min(len(body.Posts), mostSamples)] {
		answer := s.client.Page(ctx, fmt.Sprintf("%s/?p=%d", home, id))
		if page := wordpress.Permalink(home, answer); page != "" {
			pages = append(pages, page)
		}
	}
	if body.Home {
		pages = append([]string{home + "/"}, pages[:min(len(pages), mostSamples-1)]...)
	}
	return pages
}

// after looks at the pages again until each was seen to be new, or verifyFor is over, and fills in the target.
func (s *sampling) after(ctx context.Context, t *runs.Target, v wordpress.Verdict) wordpress.Verdict {
	answered := time.Now()
	for _, at := range verifyAfter {
		if !s.open() {
			break
		}
		if !s.batch.pause(ctx, time.Until(answered.Add(at))) {
			s.breakOff()
			break
		}
		for i := range s.samples {
			s.verify(ctx, &s.samples[i], answered)
		}
	}
	return s.conclude(t, v)
}

// breakOff makes unclear what was looked at for too short a time to be known.
func (s *sampling) breakOff() {
	for i := range s.samples {
		if s.samples[i].Found == runs.VerifiedNo {
			s.samples[i].Found = runs.VerifiedUnclear
		}
	}
}

// open tells whether some page is still to be looked at.
func (s *sampling) open() bool {
	for _, sample := range s.samples {
		if sample.Before.State == wordpress.CachedHit && sample.Found != runs.VerifiedYes {
			return true
		}
	}
	return false
}

// verify tells a new page from an old one: it was made just now, or went into the cache after the site's answer. Age counts whole
// seconds, so a second more must have passed.
func (s *sampling) verify(ctx context.Context, sample *runs.Sample, answered time.Time) {
	if sample.Before.State != wordpress.CachedHit || sample.Found == runs.VerifiedYes {
		return
	}
	sample.After = wordpress.CacheOf(s.client.Page(ctx, sample.URL))
	sample.Waited = time.Since(answered)
	aged := sample.Before.Age > 0 || sample.After.Age > 0
	marked := sample.Before.Mark != "" && sample.After.Mark != ""
	switch {
	case marked && sample.Before.Mark != sample.After.Mark:
		sample.Found = runs.VerifiedYes
	case marked:
		sample.Found = runs.VerifiedNo
	case sample.After.State == wordpress.CachedMiss, sample.After.State == wordpress.CachedHit && aged && sample.After.Age+time.Second <= sample.Waited:
		sample.Found = runs.VerifiedYes
	case sample.After.State == wordpress.CachedHit:
		sample.Found = runs.VerifiedNo
	default:
		sample.Found = runs.VerifiedUnclear
	}
}

// conclude judges the target by its pages: one that is still old shows that the plugin's success was none for it.
func (s *sampling) conclude(t *runs.Target, v wordpress.Verdict) wordpress.Verdict {
	for i := range s.samples {
		s.samples[i].URL = endpoint.Redact(s.samples[i].URL).Text
	}
	t.Verified, t.Samples = runs.VerifiedUnclear, s.samples
	for _, sample := range s.samples {
		switch sample.Found {
		case runs.VerifiedNo:
			t.Verified = runs.VerifiedNo
			v.Outcome = wordpress.Partial
			v.Note = fmt.Sprintf("The plugin reported that the cache was cleared, but %s was still served from it %s later (%s).", sample.URL,
				sample.Waited.Round(time.Second), sample.After.Says)
			return v
		case runs.VerifiedYes:
			t.Verified = runs.VerifiedYes
		}
	}
	return v
}
