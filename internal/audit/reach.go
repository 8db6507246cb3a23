package audit

import "slices"

// Bound holds somebody to some sites and some operations, beside the role. An empty field holds to nothing.
type Bound struct {
	Clients    []string `json:"clients,omitempty"`    // the sites of these clients
	Tags       []string `json:"tags,omitempty"`       // and those with one of these tags; without either, all sites
	Operations []string `json:"operations,omitempty"` // by name, or by effect for every operation of that effect; without any, all that the role allows
}

// IsZero tells whether it holds to nothing.
func (b Bound) IsZero() bool { return b.everySite() && len(b.Operations) == 0 }

func (b Bound) everySite() bool { return len(b.Clients) == 0 && len(b.Tags) == 0 }

// Reach is every bound that somebody is held to: a member's own, and that of the token they use. What lies beyond one of them does
// not exist for them. The zero Reach is everything.
type Reach []Bound

// ReachOf is the reach of who is held to the bounds.
func ReachOf(bounds ...Bound) Reach {
	return slices.DeleteFunc(slices.Clone(bounds), Bound.IsZero)
}

// EverySite tells whether all sites are within reach, those to come included.
func (r Reach) EverySite() bool {
	return !slices.ContainsFunc(r, func(b Bound) bool { return !b.everySite() })
}

// Site tells whether a site of the client and with the tags is within reach.
func (r Reach) Site(client string, tags []string) bool {
	for _, b := range r {
		tagged := slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(b.Tags, tag) })
		if !b.everySite() && !tagged && (client == "" || !slices.Contains(b.Clients, client)) {
			return false
		}
	}
	return true
}

// Operation tells whether an operation of the name and the effect is within reach.
func (r Reach) Operation(name, effect string) bool {
	for _, b := range r {
		if len(b.Operations) > 0 && !slices.Contains(b.Operations, name) && !slices.Contains(b.Operations, effect) {
			return false
		}
	}
	return true
}

// Covers tells whether nobody who is held to other reaches anything beyond r.
func (r Reach) Covers(other Bound) bool {
	for _, b := range r {
		if !b.everySite() && (other.everySite() || !subset(other.Clients, b.Clients) || !subset(other.Tags, b.Tags)) {
			return false
		}
		if len(b.Operations) > 0 && (len(other.Operations) == 0 || !subset(other.Operations, b.Operations)) {
			return false
		}
	}
	return true
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}

// Sites is the condition, in SQL, that a column with a site's id fulfils for the sites within reach. It is the only place that says so.
func (r Reach) Sites(column string) (condition string, values []any) {
	condition = "1 = 1"
	for _, b := range r {
		if b.everySite() {
			continue
		}
		condition += " AND " + column + ` IN (SELECT sites.id FROM sites JOIN clients ON clients.id = sites.client_id WHERE clients.name IN ?
			UNION SELECT site_id FROM site_tags WHERE tag IN ?)`
		values = append(values, b.Clients, b.Tags)
	}
	return condition, values
}

// subjects is the query for what entries within reach are about: its sites, and the runs that went to no other sites.
func (r Reach) subjects() (query string, values []any) {
	site, ofSite := r.Sites("sites.id")
	target, ofTarget := r.Sites("targets.site_id")
	query = "SELECT 'site:' || sites.id FROM sites WHERE " + site + " UNION SELECT 'run:' || targets.run_id FROM targets JOIN runs ON runs.id = targets.run_id WHERE " + target +
		" GROUP BY targets.run_id, runs.total HAVING count(*) = runs.total"
	return query, append(ofSite, ofTarget...)
}
