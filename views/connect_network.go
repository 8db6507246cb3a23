package views

// ConnectNetwork is the choice of a network's sites.
type ConnectNetwork struct {
	Username string
	Sites    []NetworkSite
}

// NetworkSite is one site of a network.
type NetworkSite struct {
	Home, Name, Finding     string
	Admin, Chosen, Disabled bool
	SiteID                  int64 // of the site in the list
}

func (s NetworkSite) title() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Home
}
