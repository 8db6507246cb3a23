package wordpress

import "context"

// MainWPWithin is MainWP with bounds of its own.
func (c *Client) MainWPWithin(ctx context.Context, sites, tags, requests, bytes int) (MainWP, Verdict) {
	return c.mainwp(ctx, mainwpBounds{sites: sites, tags: tags, requests: requests, bytes: bytes})
}

// RootsAround is what is tried around an address.
func RootsAround(home, announced string) []string { return rootsAround(home, announced) }
