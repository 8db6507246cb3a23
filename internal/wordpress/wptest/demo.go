package wptest

import (
	"fmt"
	"strings"
	"time"
)

// demoFaults are the faults of the first sites of a portfolio, by position; everybody else is healthy.
var demoFaults = map[int]Fault{
	3: WrongPassword, 7: NoPlugin, 8: Staging, 12: Administrator, 14: Challenge, 17: CacheDisabled, 19: PHPWarning, 22: Forbidden, 24: Maintenance,
	27: CertExpired, 29: RateLimited, 31: SuccessFalse, 33: HTML200, 36: WrongPassword, 38: RedirectWWW, 40: PlainPermalinks, 42: VerbsBlocked,
	44: AppPasswordsOff, 46: Closed, 48: NoPlugin, 50: SiteError, 52: CutAfter, 54: HostBasicAuth, 56: BOM, 57: Silent, 58: Misconfigured, 59: OpcacheMissing,
	5: UsersClosed, 10: IndexClosed, 16: OtherSite, 21: RenamedPrefix, 26: OptionsByServer, 34: HomeCut,
}

// demoCaches are the cache plugins of the sites that do not have BigScoots Cache, or not it alone.
var demoCaches = map[int][]Cache{7: {SiteGround}, 13: {WPSuperCache, BigScoots}, 48: {WPEngine, WPSuperCache}}

var demoClients = []struct {
	name  string
	sites []string
}{
	{"Lindner & Söhne", []string{"Lindner Bakery", "Lindner Café", "Lindner Catering", "Lindner Shop", "Lindner Jobs", "Lindner Recipes"}},
	{"Northwind Outdoor", []string{"Northwind Outdoor", "Northwind Tents", "Northwind Rentals", "Northwind Journal", "Northwind Trails", "Northwind Staging",
		"Northwind Wholesale"}},
	{"Harbour Dental Group", []string{"Harbour Dental", "Harbour Smiles", "Harbour Orthodontics", "Harbour Kids", "Harbour Appointments", "Harbour Careers"}},
	{"Atelier Moreau", []string{"Atelier Moreau", "Moreau Interiors", "Moreau Archive", "Moreau Lookbook", "Moreau Press", "Moreau Boutique ★"}},
	{"Granite Law", []string{"Granite Law", "Granite Family Law", "Granite Tax", "Granite Property", "Granite Notary", "Granite Insights", "Granite Clients"}},
	{"بستان للزهور", []string{"بستان للزهور", "Bustan Flowers", "Bustan Weddings", "Bustan Garden Centre", "Bustan Blog"}},
	{"Kestrel Cycles", []string{"Kestrel Cycles", "Kestrel Workshop", "Kestrel Events", "Kestrel Parts", "Kestrel Used", "Kestrel Club"}},
	{"Municipal Museum Trust",
		[]string{"The Municipal Museum of Natural History, Regional Archaeology and Applied Arts and Sciences — Visitor Information and Online Ticket Shop",
			"Museum Learning", "Museum Collections", "Museum Friends", "Museum Venue Hire", "Museum Research"}},
	{"Verde Kitchens", []string{"Verde Kitchens", "Verde Worktops", "Verde Planner", "Verde Outlet", "Verde Stories", "Verde Partners"}},
}

// Demo is the portfolio of a believable agency with n sites: most healthy, some with each of the faults that agencies meet.
func Demo(n int) []Site {
	all := make([]Site, 0, n)
	for round := 0; len(all) < n; round++ {
		for _, client := range demoClients {
			for i, name := range client.sites {
				if len(all) == n {
					return all
				}
				all = append(all, demoSite(len(all), round, client.name, name, i))
			}
		}
	}
	return all
}

func demoSite(number, round int, client, name string, place int) Site {
	host := hostName(name, number)
	if round > 0 {
		name, host = fmt.Sprintf("%s %d", name, round+1), fmt.Sprintf("%s-%d", host, round+1)
	}
	s := Site{Host: host + ".example", Name: name, Client: client, Latency: [2]time.Duration{50 * time.Millisecond, 300 * time.Millisecond},
		Tags: []string{"care-plan"}, Fault: demoFaults[number], Caches: demoCaches[number]}
	if number%3 == 0 {
		s.Tags = append(s.Tags, "wpo")
	}
	switch {
	case s.Fault == Staging:
		s.Tags = []string{"staging"}
	case s.Fault == Silent:
		s.Tags = []string{"parked"}
	case strings.Contains(name, "Shop") || strings.Contains(name, "Boutique") || strings.Contains(name, "Outlet") || strings.Contains(name, "Parts"):
		s.Tags = append(s.Tags, "woocommerce")
	case place >= 4:
		s.Tags = append(s.Tags, "blog")
	}
	return s
}

func hostName(name string, number int) string {
	var host strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			host.WriteRune(r)
		case (r == ' ' || r == '-') && host.Len() > 0 && !strings.HasSuffix(host.String(), "-"):
			host.WriteByte('-')
		}
		if host.Len() >= 40 {
			break
		}
	}
	if text := strings.Trim(host.String(), "-"); text != "" {
		return text
	}
	return fmt.Sprintf("site-%d", number)
}
