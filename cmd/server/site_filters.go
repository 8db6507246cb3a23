package main

import (
	"net/url"
	"strconv"

	"github.com/spf13/pflag"
)

// siteFilters are the flags that narrow a list of sites by what checks and runs found.
type siteFilters struct {
	cache, plugin, wordpress string
	credential, certificate  int // days
}

func (s *siteFilters) register(f *pflag.FlagSet) {
	f.StringVar(&s.cache, "cache", "", "sites whose cache has this state, such as Enabled; not-known where no check has told")
	f.StringVar(&s.plugin, "plugin", "", "sites with this version of the cache plugin, or not-known")
	f.StringVar(&s.wordpress, "wordpress", "", "sites with this version of WordPress, or not-known")
	f.IntVar(&s.credential, "credential", 0, "sites whose credential is older than this number of days")
	f.IntVar(&s.certificate, "certificate", 0, "sites whose certificate expires within this number of days")
}

// values are the filters as the list of sites and the API take them.
func (s *siteFilters) values() url.Values {
	return url.Values{"cache": {s.cache}, "plugin": {s.plugin}, "wordpress": {s.wordpress}, "credential": {strconv.Itoa(s.credential)},
		"certificate": {strconv.Itoa(s.certificate)}}
}
