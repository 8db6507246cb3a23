package web

import (
	"net/url"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/sites"
)

// NarrowSites returns those of the sites that the filters of a list keep, by what checks and runs found: cache, plugin and wordpress are a state or
// version, or sites.NotKnown; credential and certificate are days.
func NarrowSites(all []sites.Site, filters url.Values) []sites.Site {
	f := siteFilter(filters)
	return slices.DeleteFunc(all, func(s sites.Site) bool { return !f.Reported(s) })
}

// within is the time so many days ahead; zero where that is no sensible number.
func within(days int, now time.Time) time.Time {
	if days <= 0 || days > mostDays {
		return time.Time{}
	}
	return now.AddDate(0, 0, days)
}
