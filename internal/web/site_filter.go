package web

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/droverhq/drover/internal/sites"
)

// SiteFilter narrows a list of sites by what checks and runs found. An empty field does not narrow; sites.NotKnown stands for what is not known.
type SiteFilter struct {
	Cache, Plugin, WordPress string // the cache's state, and versions
	Credential               int    // older than so many days
	Certificate              int    // ends within so many days
}

// Values are the filter as the API takes it.
func (f SiteFilter) Values() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"cache": f.Cache, "plugin": f.Plugin, "wordpress": f.WordPress, "credential": strconv.Itoa(f.Credential),
		"certificate": strconv.Itoa(f.Certificate)} {
		if value != "" && value != "0" {
			q.Set(name, value)
		}
	}
	return q
}

// Keep returns those of the sites that the filter keeps.
func (f SiteFilter) Keep(all []sites.Site, now time.Time) []sites.Site {
	narrow := siteFilter(f.Values())
	narrow.Credential, narrow.Certificate = olderThan(strconv.Itoa(f.Credential), now), within(f.Certificate, now)
	return slices.DeleteFunc(all, func(s sites.Site) bool { return !narrow.Reported(s) })
}

func siteFilterOf(q url.Values) SiteFilter {
	credential, _ := strconv.Atoi(q.Get("credential")) // what is no number does not narrow, as on the page
	certificate, _ := strconv.Atoi(q.Get("certificate"))
	return SiteFilter{q.Get("cache"), q.Get("plugin"), q.Get("wordpress"), credential, certificate}
}

// within is the time so many days ahead; zero where that is no sensible number.
func within(days int, now time.Time) time.Time {
	if days <= 0 || days > mostDays {
		return time.Time{}
	}
	return now.AddDate(0, 0, days)
}
