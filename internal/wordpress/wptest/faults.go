package wptest

// Fault is what is wrong with a site.
type Fault string

// The faults. Healthy is none.
const (
	Healthy            Fault = ""
	WrongPassword      Fault = "wrong_password"
	UnknownUserCode    Fault = "unknown_user_code"
	HeaderStripped     Fault = "header_stripped"
	AppPasswordsOff    Fault = "app_passwords_off"
	HostBasicAuth      Fault = "host_basic_auth"
	Forbidden          Fault = "forbidden"
	Administrator      Fault = "administrator"
	NoPlugin           Fault = "no_plugin"
	Staging            Fault = "staging"
	CacheDisabled      Fault = "cache_disabled"
	Misconfigured      Fault = "misconfigured"
	OpcacheMissing     Fault = "opcache_missing"
	PurgeTooSoon       Fault = "purge_too_soon" // WP Engine's plugin cleared its caches a moment ago
	SuccessFalse       Fault = "success_false"
	PartialPosts       Fault = "partial_posts"
	HTML200            Fault = "html_200"
	LoginWall          Fault = "login_wall"
	PHPWarning         Fault = "php_warning"
	BOM                Fault = "bom"
	Challenge          Fault = "challenge"
	Sucuri             Fault = "sucuri"
	ModSecurity406     Fault = "modsecurity_406"
	VerbsBlocked       Fault = "verbs_blocked"
	VerbsCut           Fault = "verbs_cut"
	OverrideStripped   Fault = "override_stripped" // verbs are blocked, and X-HTTP-Method-Override is taken off
	PurgeIgnored       Fault = "purge_ignored"     // the plugin says success, the pages stay in the cache
	NotCached          Fault = "not_cached"        // no page of the site is cached
	RateLimited        Fault = "rate_limited"
	RateLimitedForever Fault = "rate_limited_forever"
	Maintenance        Fault = "maintenance"
	MaintenanceHTML    Fault = "maintenance_html"
	SiteError          Fault = "site_error"
	FatalHTML          Fault = "fatal_html"
	RedirectWWW        Fault = "redirect_www"
	TooLarge           Fault = "too_large"
	GzipBomb           Fault = "gzip_bomb"
	Slow               Fault = "slow"
	Silent             Fault = "silent"
	CutBefore          Fault = "cut_before"
	CutAfter           Fault = "cut_after"
	CertExpired        Fault = "cert_expired"
	CertWrongHost      Fault = "cert_wrong_host"
	CertUnknownCA      Fault = "cert_unknown_ca"
	Closed             Fault = "closed"
	PlainPermalinks    Fault = "plain_permalinks"
	IndexPHPRoot       Fault = "index_php_root"
	NoLinkHeader       Fault = "no_link_header"
	DNSMissing         Fault = "dns_missing"
	DatabaseError      Fault = "database_error"    // WordPress prints one before each answer
	CrashAfter         Fault = "crash_after"       // PHP dies after the answer to a change was printed
	JSONCut            Fault = "json_cut"          // the answer to a change ends in the middle
	BrowserCheck       Fault = "browser_check"     // changes are answered with a script, and 200
	PasswordWall       Fault = "password_wall"     // changes are sent to a password page
	AccountSuspended   Fault = "account_suspended" // changes are answered with 402
	GatewayTimeout     Fault = "gateway_timeout"   // changes are answered with 504
	VerbsNotFound      Fault = "verbs_not_found"   // all methods but GET and POST are answered with 404, as IIS does
	OtherSite          Fault = "other_site"        // another WordPress answers at the address
	RenamedPrefix      Fault = "renamed_prefix"    // the filter rest_url_prefix
	InnerPort          Fault = "inner_port"        // a proxy's inner port in the address of the REST API
	HomeCut            Fault = "home_cut"          // the home page is cut off, the REST API works
	IndexClosed        Fault = "index_closed"      // the index is a 403 page for visitors
	IndexMinimal       Fault = "index_minimal"     // the index has no namespaces for visitors
	IndexLarge         Fault = "index_large"       // _fields is dropped on the way
	NamespaceGaps      Fault = "namespace_gaps"    // PHP made an object of the list
	UsersClosed        Fault = "users_closed"      // a security plugin closes /wp/v2/users to everybody
	PasswordsKept      Fault = "passwords_kept"    // users may create no application passwords, nor revoke any
	OptionsByServer    Fault = "options_by_server" // a rule for CORS answers OPTIONS before WordPress
)

// Faults lists all faults; Healthy is not among them.
func Faults() []Fault {
	return []Fault{
		WrongPassword, UnknownUserCode, HeaderStripped, AppPasswordsOff, HostBasicAuth, Forbidden, Administrator, NoPlugin, Staging, CacheDisabled,
		Misconfigured, OpcacheMissing, PurgeTooSoon, SuccessFalse, PartialPosts, HTML200, LoginWall, PHPWarning, BOM, Challenge, Sucuri, ModSecurity406, VerbsBlocked,
		VerbsCut, OverrideStripped, PurgeIgnored, NotCached, RateLimited, RateLimitedForever, Maintenance, MaintenanceHTML, SiteError, FatalHTML, RedirectWWW,
		TooLarge, GzipBomb, Slow, Silent,
		CutBefore, CutAfter, CertExpired, CertWrongHost, CertUnknownCA, Closed, PlainPermalinks, IndexPHPRoot, NoLinkHeader, DNSMissing, DatabaseError, CrashAfter,
		JSONCut, BrowserCheck, PasswordWall, AccountSuspended, GatewayTimeout, VerbsNotFound,
		OtherSite, RenamedPrefix, InnerPort, HomeCut, IndexClosed, IndexMinimal, IndexLarge, NamespaceGaps, UsersClosed, OptionsByServer, PasswordsKept,
	}
}
