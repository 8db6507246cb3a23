package sites

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/natural"
	"github.com/droverhq/drover/internal/wordpress"
)

type store struct {
	db    *gorm.DB
	log   *audit.Log
	clock func() time.Time // nil: the machine's
}

func (s store) now() time.Time {
	if s.clock != nil {
		return s.clock()
	}
	return time.Now()
}

// write is one change under way: what it stores and what it records stand or fall together.
type write struct {
	tx    *gorm.DB
	log   *audit.Log
	actor access.Actor
	now   time.Time
}

func (s store) change(ctx context.Context, actor access.Actor, f func(write) error) error {
	return s.log.RecordRefusal(ctx, s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return f(write{tx, s.log, actor, s.now()}) }))
}

func (w write) record(action access.Action, site int64, detail map[string]any) error {
	return w.log.Record(w.tx, w.actor, audit.Event{Action: action, Subject: access.On("site", site), Detail: detail})
}

func (w write) recordMany(action access.Action, detail map[string]any) error {
	return w.log.Record(w.tx, w.actor, audit.Event{Action: action, Detail: detail})
}

type siteRow struct {
	ID            int64 `gorm:"primaryKey"`
	Name          string
	SortName      string // natural.Key of the name
	Home          string
	Host          string
	SortHost      string
	ClientID      *int64
	Root          string
	Override      string
	State         State
	Finding       string
	PluginVersion string
	CacheState    string
	Environment   string
	SetupMode     string
	SeenAt        int64
	CacheAt       int64
	HasPlugin     string
	CachePlugins  string
	Address       string
	RedirectsTo   string
	ReportedHome  string
	LocatedAt     int64
	CheckedAt     int64
	CreatedAt     int64 `gorm:"autoCreateTime:false"`
	UpdatedAt     int64 `gorm:"autoUpdateTime:false"`
	RetiredAt     int64

	NextCheckAt      int64
	CheckFailures    int
	StateSince       int64
	CertificateEnds  int64
	WordPressVersion string `gorm:"column:wordpress_version"`
}

func (siteRow) TableName() string { return "sites" }

type credentialRow struct {
	SiteID    int64 `gorm:"primaryKey;autoIncrement:false"`
	Username  string
	Sealed    []byte
	KeyID     int64
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	CreatedBy string
	Origin    string // that it was sealed for; empty: sealed before there was one
}

func (credentialRow) TableName() string { return "credentials" }

type tagRow struct {
	SiteID int64
	Tag    string
}

func (tagRow) TableName() string { return "site_tags" }

// listRow is a site with what belongs to it in other tables.
type listRow struct {
	Row            siteRow `gorm:"embedded"`
	Client         string
	Username       string
	Roles          string
	Administrator  bool
	CredentialAt   int64
	CredentialBy   string
	CredentialUsed int64
}

const listColumns = `sites.id, sites.name, sites.home, sites.host, sites.root, sites.override, sites.state, sites.finding,
	sites.plugin_version, sites.cache_state, sites.environment, sites.setup_mode, sites.seen_at, sites.cache_at,
	sites.has_plugin, sites.cache_plugins, sites.address, sites.redirects_to,
	sites.reported_home, sites.located_at,
	sites.next_check_at, sites.state_since, sites.certificate_ends, sites.wordpress_version,
	sites.checked_at, sites.created_at, sites.updated_at, sites.retired_at, coalesce(clients.name, '') AS client, coalesce(credentials.username, '') AS username,
	coalesce(credentials.roles, '') AS roles, coalesce(credentials.administrator, FALSE) AS administrator,
	coalesce(credentials.created_at, 0) AS credential_at, coalesce(credentials.created_by, '') AS credential_by,
	coalesce(credentials.worked_at, 0) AS credential_used`

func (s store) joined(ctx context.Context) *gorm.DB {
	return s.db.WithContext(ctx).Table("sites").
		Joins("LEFT JOIN clients ON clients.id = sites.client_id").
		Joins("LEFT JOIN credentials ON credentials.site_id = sites.id")
}

// longestWords is far more than a name or an address has, in bytes. SQLite fails on a pattern of 50,000
// (SQLITE_MAX_LIKE_PATTERN_LENGTH).
const longestWords = 5000

const searched = `(lower(sites.name) LIKE ? ESCAPE '!' OR sites.home LIKE ? ESCAPE '!' OR lower(credentials.username) LIKE ? ESCAPE '!'
	OR lower(coalesce(clients.name, '')) LIKE ? ESCAPE '!' OR sites.id IN (SELECT site_id FROM site_tags WHERE tag LIKE ? ESCAPE '!'))`

func (s store) filtered(ctx context.Context, scope access.Scope, f Filter) *gorm.DB {
	return s.matching(s.joined(ctx), scope, f)
}

// bare is filtered for what reads nothing but the sites themselves. SQLite would look up what belongs to them for each row all the same.
func (s store) bare(ctx context.Context, scope access.Scope, f Filter) *gorm.DB {
	if strings.TrimSpace(f.Query) != "" {
		return s.filtered(ctx, scope, f)
	}
	return s.matching(s.db.WithContext(ctx).Table("sites"), scope, f)
}

// matching narrows the query to the sites in scope that the filter leaves. Only words need what is joined.
func (s store) matching(q *gorm.DB, scope access.Scope, f Filter) *gorm.DB {
	within, values := InScope(scope, "sites.id")
	q = q.Where(within, values...)
	if !f.storable() {
		return q.Where("1 = 0")
	}
	switch f.State {
	case anyState:
	case Retired:
		q = q.Where("sites.retired_at > 0") // which the indexes that begin with it can answer
	case "":
		q = q.Where("sites.retired_at = 0")
	default:
		q = q.Where("sites.retired_at = 0 AND sites.state = ?", f.State)
	}
	if len(f.Clients) > 0 {
		q = q.Where("sites.client_id IN (SELECT id FROM clients WHERE key IN ?)", access.ClientKeys(f.Clients))
	}
	if len(f.Tags) > 0 {
		q = q.Where("sites.id IN (SELECT site_id FROM site_tags WHERE tag IN ?)", CleanTags(f.Tags))
	}
	for column, value := range map[string]string{"sites.cache_state": f.Cache, "sites.plugin_version": f.Plugin, "sites.wordpress_version": f.WordPress} {
		if value != "" {
			q = q.Where(column+" = ?", stored(value))
		}
	}
	if !f.Certificate.IsZero() {
		q = q.Where("sites.certificate_ends > 0 AND sites.certificate_ends < ?", f.Certificate.UnixMicro())
	}
	if !f.Credential.IsZero() {
		q = q.Where("sites.id IN (SELECT site_id FROM credentials WHERE created_at < ?)", f.Credential.UnixMicro())
	}
	if words := strings.ToLower(cleanText(f.Query)); words != "" {
		like := "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(words) + "%"
		q = q.Where(strings.ReplaceAll(searched, "lower(", database.Lower(s.db, words)+"("), like, like, like, like, like)
	}
	return q
}

// stored is a filter's value as it is stored.
func stored(value string) string {
	if value == NotKnown {
		return ""
	}
	return value
}

func (s store) count(ctx context.Context, scope access.Scope, f Filter) (int64, error) {
	var n int64
	if err := s.bare(ctx, scope, f).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("sites: %w", err)
	}
	return n, nil
}

func (s store) list(ctx context.Context, scope access.Scope, f Filter) ([]Site, error) {
	order, err := s.order(ctx, f)
	if err != nil {
		return nil, err
	}
	if f.Limit == 0 {
		return s.scan(ctx, s.filtered(ctx, scope, f).Select(listColumns).Order(order))
	}
	// The page's sites are chosen by their ids alone: sorting all sites with all their columns takes several times as long.
	page := s.bare(ctx, scope, f)
	if f.Sort == "client" || f.Sort == "credential" {
		page = s.filtered(ctx, scope, f)
	}
	page = page.Select("sites.id").Order(order).Limit(f.Limit).Offset(f.Offset)
	return s.scan(ctx, s.joined(ctx).Where("sites.id IN (?)", page).Select(listColumns).Order(order))
}

// scan reads the rows of a joined query and adds their tags.
func (s store) scan(ctx context.Context, q *gorm.DB) ([]Site, error) {
	var rows []listRow
	if err := q.Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("sites: %w", err)
	}
	sites := make([]Site, len(rows))
	index := make(map[int64]*Site, len(rows))
	ids := make([]int64, len(rows))
	for i, r := range rows {
		sites[i] = r.site()
		index[r.Row.ID], ids[i] = &sites[i], r.Row.ID
	}
	var tags []tagRow
	if err := s.db.WithContext(ctx).Where(database.In(s.db, "site_id", ids)).Order("tag").Find(&tags).Error; err != nil {
		return nil, fmt.Errorf("sites: tags: %w", err)
	}
	for _, t := range tags {
		index[t.SiteID].Tags = append(index[t.SiteID].Tags, t.Tag)
	}
	return sites, nil
}

func (s store) byIDs(ctx context.Context, ids []int64) ([]Site, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.scan(ctx, s.joined(ctx).Select(listColumns).Where(database.In(s.db, "sites.id", ids)).Order("sites.sort_name, sites.id"))
}

func (s store) byHome(ctx context.Context, home string) (Site, bool, error) {
	found, err := s.scan(ctx, s.joined(ctx).Select(listColumns).Where("sites.home = ?", home))
	if err != nil || len(found) == 0 {
		return Site{}, false, err
	}
	return found[0], true, nil
}

func (r listRow) site() Site {
	return Site{
		ID: r.Row.ID, Name: r.Row.Name, Home: r.Row.Home, Host: r.Row.Host, Client: r.Client, State: r.Row.State, Finding: r.Row.Finding, Root: r.Row.Root,
		Override: r.Row.Override, Address: r.Row.Address, RedirectsTo: r.Row.RedirectsTo,
		ReportedHome: r.Row.ReportedHome, LocatedAt: moment(r.Row.LocatedAt), HasPlugin: r.Row.HasPlugin, CachePlugins: r.Row.CachePlugins,
		PluginVersion: r.Row.PluginVersion,
		CacheState:    r.Row.CacheState, Environment: r.Row.Environment, SetupMode: r.Row.SetupMode,
		StateSince: moment(r.Row.StateSince), CertificateEnds: moment(r.Row.CertificateEnds), WordPressVersion: r.Row.WordPressVersion,
		NextCheckAt: moment(r.Row.NextCheckAt),
		SeenAt:      moment(r.Row.SeenAt), CacheAt: moment(r.Row.CacheAt), CheckedAt: moment(r.Row.CheckedAt),
		Credential: Credential{
			Username: r.Username, Roles: r.Roles, Administrator: r.Administrator,
			CreatedAt: moment(r.CredentialAt), CreatedBy: r.CredentialBy, WorkedAt: moment(r.CredentialUsed),
		},
		CreatedAt: moment(r.Row.CreatedAt), UpdatedAt: moment(r.Row.UpdatedAt), RetiredAt: moment(r.Row.RetiredAt),
	}
}

// moment reads a stored time; 0 is none.
func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func (w write) insertSite(d Draft) (int64, error) {
	client, err := w.client(d.Client)
	if err != nil {
		return 0, err
	}
	r := siteRow{Name: d.Name, SortName: natural.Key(d.Name), Home: d.URL, Host: hostOf(d.URL), SortHost: natural.Key(hostOf(d.URL)), ClientID: client,
		State: Unchecked, CreatedAt: w.now.UnixMicro(), UpdatedAt: w.now.UnixMicro()}
	if err := w.tx.Create(&r).Error; err != nil {
		return 0, err
	}
	return r.ID, w.putTags(r.ID, d.Tags)
}

func (w write) updateSite(before Site, d Draft) error {
	client, err := w.client(d.Client)
	if err != nil {
		return err
	}
	values := map[string]any{"name": d.Name, "sort_name": natural.Key(d.Name), "client_id": client, "updated_at": w.now.UnixMicro()}
	if d.URL != before.Home {
		for column, value := range map[string]any{"home": d.URL, "host": hostOf(d.URL), "sort_host": natural.Key(hostOf(d.URL)),
			"state": Unchecked, "finding": "", "root": "", "override": "",
			"address": "", "redirects_to": "", "reported_home": "", "located_at": 0, "report": "", "checked_at": 0, "has_plugin": "", "cache_plugins": "",
			"plugin_version": "", "cache_state": "", "environment": "", "setup_mode": "", "seen_at": 0, "cache_at": 0, "certificate_ends": 0,
			"wordpress_version": "", "next_check_at": 0,
			"check_failures": 0} {
			values[column] = value
		}
		if err := noteChanges(w.tx, siteRow{ID: before.ID, State: before.State}, values, w.now); err != nil {
			return err
		}
	}
	if err := w.tx.Model(&siteRow{}).Where("id = ?", before.ID).Updates(values).Error; err != nil {
		return err
	}
	return w.putTags(before.ID, d.Tags)
}

func (w write) analyze() error {
	return database.Analyze(w.tx, "sites", "site_tags", "clients", "credentials")
}

func (w write) putTags(site int64, tags []string) error {
	if err := w.tx.Where("site_id = ?", site).Delete(&tagRow{}).Error; err != nil {
		return err
	}
	if len(tags) == 0 {
		return nil
	}
	rows := make([]tagRow, len(tags))
	for i, tag := range tags {
		rows[i] = tagRow{site, tag}
	}
	return w.tx.Create(&rows).Error
}

func (w write) addTag(site int64, tag string) error {
	return w.tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&tagRow{site, tag}).Error
}

func (w write) putReport(site int64, report wordpress.Report, values map[string]any) error {
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	values["report"], values["checked_at"], values["seen_at"] = string(text), w.now.UnixMicro(), w.now.UnixMicro()
	before, err := w.siteRow(site)
	if err != nil {
		return err
	}
	if err := errors.Join(w.scheduleCheck(before, values), noteChanges(w.tx, before, values, w.now)); err != nil {
		return err
	}
	return w.tx.Model(&siteRow{}).Where("id = ?", site).Updates(values).Error
}

func (w write) setOverride(s Site, override string) (changed bool, err error) {
	result := w.tx.Model(&siteRow{}).Where("id = ? AND home = ? AND override <> ?", s.ID, s.Home, override).Update("override", override)
	return result.RowsAffected > 0, result.Error
}

// setCachePlugins stores which cache plugins are active, unless the site's address was changed in the meantime.
func (w write) setCachePlugins(s Site, plugins string) error {
	return w.tx.Model(&siteRow{}).Where("id = ? AND home = ?", s.ID, s.Home).Update("cache_plugins", plugins).Error
}

func (s store) report(ctx context.Context, site int64) (string, error) {
	var text string
	err := s.db.WithContext(ctx).Raw("SELECT report FROM sites WHERE id = ?", site).Scan(&text).Error
	return text, err
}

// setLocation stores where the site's REST API is, unless the site's URL was changed in the meantime.
func (w write) setLocation(s Site, at wordpress.Location) error {
	return w.tx.Model(&siteRow{}).Where("id = ? AND home = ?", s.ID, s.Home).
		Updates(map[string]any{"root": at.Root, "reported_home": at.Home, "located_at": w.now.UnixMicro()}).Error
}
