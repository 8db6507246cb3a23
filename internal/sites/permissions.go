package sites

import (
	"context"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/wordpress"
)

// Permission is whether a site's credential may send a request, as far as WordPress says so.
type Permission string

// The permissions.
const (
	Permitted         Permission = "can"
	NotPermitted      Permission = "cannot"
	PermissionUnknown Permission = "unknown"
)

// mostPermissions bounds what is asked of one site.
const mostPermissions = 60

// Permissions asks the site which of the requests its credential may send, by OPTIONS: nothing is done. Requests whose paths depend on something are
// unknown, as are those that the site does not tell of.
func (r *Registry) Permissions(ctx context.Context, actor access.Actor, s Site, requests []wordpress.Request) ([]Permission, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteCheck, access.On("site", s.ID)); err != nil {
		return nil, err
	}
	client, err := r.Dial(ctx, s)
	if err != nil {
		return nil, err
	}
	located, err := r.Locate(ctx, actor, s, client)
	if err != nil {
		return nil, err
	}
	all, asked := make([]Permission, len(requests)), map[string]Permission{}
	for i, request := range requests {
		path, _, _ := strings.Cut(request.Path, "?")
		key := request.Method + " " + path
		if _, known := asked[key]; !known {
			asked[key] = PermissionUnknown
			if located.Verdict.Outcome == "" && len(asked) <= mostPermissions && askable(path) {
				asked[key] = permission(located.Client.Allows(ctx, request.Method, path))
			}
		}
		all[i] = asked[key]
	}
	return all, nil
}

// askable tells whether the path is one of a route that judges by the user alone: abilities judge by their input too.
func askable(path string) bool {
	return !strings.Contains(path, "{") && !strings.HasPrefix(path, "/wp-abilities/")
}

func permission(may, known bool) Permission {
	switch {
	case !known:
		return PermissionUnknown
	case may:
		return Permitted
	}
	return NotPermitted
}
