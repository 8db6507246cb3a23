package access

import "slices"

// Restriction limits somebody to some sites and some operations, beside the role. An empty field does not limit.
type Restriction struct {
	Clients    []string `json:"clients,omitempty"`    // the sites of these clients
	Tags       []string `json:"tags,omitempty"`       // and those with one of these tags; without either, all sites
	Operations []string `json:"operations,omitempty"` // by name, or by effect for every operation of that effect; without any, all that the role allows
}

// IsZero tells whether it limits nothing.
func (r Restriction) IsZero() bool { return r.EverySite() && len(r.Operations) == 0 }

// EverySite tells whether it leaves all sites in scope.
func (r Restriction) EverySite() bool { return len(r.Clients) == 0 && len(r.Tags) == 0 }

// Scope is every restriction that applies to somebody: a member's own, and that of the token they use. What one of them leaves out does
// not exist for them. The zero Scope is everything.
type Scope []Restriction

// NewScope is the scope of somebody to whom the restrictions apply.
func NewScope(restrictions ...Restriction) Scope {
	return slices.DeleteFunc(slices.Clone(restrictions), Restriction.IsZero)
}

// EverySite tells whether all sites are in scope, those added later included.
func (s Scope) EverySite() bool {
	return !slices.ContainsFunc(s, func(r Restriction) bool { return !r.EverySite() })
}

// Site tells whether a site of the client and with the tags is in scope.
func (s Scope) Site(client string, tags []string) bool {
	for _, r := range s {
		tagged := slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(r.Tags, tag) })
		if !r.EverySite() && !tagged && !HasClient(r.Clients, client) {
			return false
		}
	}
	return true
}

// Operation tells whether an operation of the name and the effect is in scope.
func (s Scope) Operation(name, effect string) bool {
	for _, r := range s {
		if len(r.Operations) > 0 && !slices.Contains(r.Operations, name) && !slices.Contains(r.Operations, effect) {
			return false
		}
	}
	return true
}

// Covers tells whether everything that other allows is in scope.
func (s Scope) Covers(other Restriction) bool {
	for _, r := range s {
		if !r.EverySite() && (other.EverySite() || !subset(ClientKeys(other.Clients), ClientKeys(r.Clients)) || !subset(other.Tags, r.Tags)) {
			return false
		}
		if len(r.Operations) > 0 && (len(other.Operations) == 0 || !subset(other.Operations, r.Operations)) {
			return false
		}
	}
	return true
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}
