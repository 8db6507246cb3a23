package saved

import "github.com/droverhq/drover/internal/endpoint"

func columns(pairs ...string) []endpoint.Column {
	var all []endpoint.Column
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, endpoint.Column{Name: pairs[i], Expr: pairs[i+1]})
	}
	return all
}

// builtins come with Drover. They ask WordPress's own routes (developer.wordpress.org, REST API Reference).
var builtins = []Definition{
	{Name: "Plugins and versions", Sentence: "Every plugin of each site, with its version and whether it is active.", Method: "GET",
		Path:  "/wp/v2/plugins?context=edit",
		Table: endpoint.Query{Columns: columns("plugin", ".plugin", "name", ".name", "version", ".version", "status", ".status")}},
	{Name: "Themes", Sentence: "The installed themes, and which one is active.", Method: "GET", Path: "/wp/v2/themes",
		Table: endpoint.Query{Columns: columns("theme", ".stylesheet", "name", ".name.raw // .name", "version", ".version", "status", ".status")}},
	{Name: "Administrators", Sentence: "Users with full access to each site.", Method: "GET", Path: "/wp/v2/users?roles=administrator&context=edit&per_page=100",
		Pages: true,
		Table: endpoint.Query{Columns: columns("user", ".username", "name", ".name", "email", ".email", "registered", ".registered_date")}},
	{Name: "Site settings", Sentence: "Title, time zone, language and reading settings of each site.", Method: "GET", Path: "/wp/v2/settings",
		Table: endpoint.Query{Columns: columns("title", ".title", "timezone", ".timezone", "language", ".language", "posts per page", ".posts_per_page", "comments",
			".default_comment_status", "email", ".email")}},
	{Name: "Recent posts", Sentence: "The last ten published posts.", Method: "GET", Path: "/wp/v2/posts?per_page=10&_fields=id,date,slug,status,title,link",
		Table: endpoint.Query{Columns: columns("slug", ".slug", "id", ".id", "title", ".title.rendered", "date", ".date", "link", ".link")}},
	{Name: "Find posts by slug", Sentence: "The ID that a post has on each site. Change the slug in the path.", Method: "GET",
		Path:  "/wp/v2/posts?slug=hello-world&_fields=id,slug,status,link",
		Table: endpoint.Query{Columns: columns("slug", ".slug", "id", ".id", "status", ".status", "link", ".link")}},
	{Name: "Application passwords of this user", Sentence: "Which application passwords Drover's user has, and when each was last used.", Method: "GET",
		Path:  "/wp/v2/users/me/application-passwords",
		Table: endpoint.Query{Columns: columns("name", ".name", "created", ".created", "last used", ".last_used", "from", ".last_ip", "uuid", ".uuid")}},
	{Name: "Health: background updates", Sentence: "Whether WordPress can update itself in the background.", Method: "GET",
		Path:  "/wp-site-health/v1/tests/background-updates",
		Table: endpoint.Query{Columns: columns("status", ".status", "label", ".label", "badge", ".badge.label")}},
	{Name: "Activate a plugin", Sentence: "Activates the plugin named in the path.", Method: "POST", Path: "/wp/v2/plugins/akismet/akismet",
		Body:  `{"status":"active"}`,
		Table: endpoint.Query{Columns: columns("plugin", ".plugin", "status", ".status")}},
	{Name: "Deactivate a plugin", Sentence: "Deactivates the plugin named in the path.", Method: "POST", Path: "/wp/v2/plugins/akismet/akismet",
		Body: `{"status":"inactive"}`, Effect: "destroy",
		Table: endpoint.Query{Columns: columns("plugin", ".plugin", "status", ".status")}},
	{Name: "Site information", Sentence: "Title, URL and REST API namespaces, which show the plugins that offer one.", Method: "GET",
		Path:  "/?_fields=name,description,url,home,gmt_offset,timezone_string,namespaces",
		Table: endpoint.Query{Columns: columns("name", ".name", "home", ".home", "timezone", ".timezone_string", "namespaces", `.namespaces | join(", ")`)}},
}

func builtin() []Operation {
	all := make([]Operation, len(builtins))
	for i, d := range builtins {
		all[i] = Operation{ID: -int64(i + 1), Definition: d, CreatedBy: "Drover"}
	}
	return all
}
