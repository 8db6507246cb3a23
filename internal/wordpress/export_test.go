package wordpress

// RootsAround is what is tried around an address.
func RootsAround(home, announced string) []string { return rootsAround(home, announced) }
