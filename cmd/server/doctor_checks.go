package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/droverhq/drover/internal/backup"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

func (c *config) checkKey(context.Context) []diagnosis {
	_, err := vault.Load(c.keyFile)
	switch {
	case err == nil:
		return []diagnosis{fine("key", "%s can be read, and by nobody else", c.keyFile)}
	case errors.Is(err, vault.ErrNoKey):
		state, _ := database.Inspect(context.Background(), database.Config{Dir: c.data, URL: c.databaseURL})
		if state.Schema == 0 {
			return []diagnosis{fine("key", "there is none yet; the first start creates %s", c.keyFile)}
		}
	}
	return []diagnosis{wrong("key", err.Error(), "Without it, no stored password can be decrypted. Restore it from your backup, with mode 0600.")}
}

func (c *config) checkDatabase(ctx context.Context) []diagnosis {
	kind := "SQLite in " + filepath.Join(c.data, "drover.db")
	if c.databaseURL != "" {
		kind = "PostgreSQL"
	}
	state, err := database.Inspect(ctx, database.Config{Dir: c.data, URL: c.databaseURL})
	known := database.Schema()
	switch {
	case err != nil:
		return []diagnosis{wrong("database", err.Error(), "Start the database, or correct DROVER_DATABASE_URL or the permissions of the data folder.")}
	case !state.Exists || state.Schema == 0:
		return []diagnosis{fine("database", "%s is new; the first start creates the tables", kind)}
	case state.Schema > known:
		return []diagnosis{wrong("database", fmt.Sprintf("%s is at schema %d, this program knows %d", kind, state.Schema, known),
			"Use the newer program, or restore the backup made before the upgrade.")}
	case state.Schema < known:
		return []diagnosis{warn("database", fmt.Sprintf("%s is at schema %d, this program brings it to %d at its next start", kind, state.Schema, known),
			"Create a backup first: run drover backup FILE with the previous program.")}
	}
	all := []diagnosis{fine("database", "%s answers; schema %d, %s", kind, state.Schema, size(state.Bytes))}
	return append(all, c.checkCredentials(ctx)...)
}

// checkCredentials opens what is stored, where no server needs to be asked for that.
func (c *config) checkCredentials(ctx context.Context) []diagnosis {
	keys, err := vault.Load(c.keyFile)
	if err != nil {
		return nil // checkKey says so
	}
	db, err := database.Open(ctx, database.Config{Dir: c.data, URL: c.databaseURL})
	if err != nil {
		return []diagnosis{wrong("database", err.Error(), "Give this user permission to write there.")}
	}
	defer db.Close()
	opened, err := sites.CheckKeys(ctx, db, keys)
	if err != nil {
		return []diagnosis{wrong("key", err.Error(), "Restore the keyset that belongs to this database, or enter the passwords of these sites again.")}
	}
	return []diagnosis{fine("key", "it decrypts the %d stored credentials", opened)}
}

// earliest is a time before which no clock of today stands.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (c *config) checkClock(ctx context.Context) []diagnosis {
	now := time.Now()
	if now.Before(earliest) {
		return []diagnosis{wrong("clock", "it says "+now.Format(time.RFC3339),
			"Set the clock, and synchronize it with a time server. Authenticator codes and certificates depend on it.")}
	}
	if c.databaseURL == "" {
		return []diagnosis{fine("clock", "%s; --site compares it with a site's", now.Format(time.RFC3339))}
	}
	db, err := database.Connect(ctx, c.databaseURL)
	if err != nil {
		return nil // checkDatabase says so
	}
	defer db.Close()
	var there time.Time
	if err := db.SQL.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&there); err != nil {
		return []diagnosis{wrong("clock", err.Error(), "Ask whoever runs the database.")}
	}
	return []diagnosis{compareClocks("the database's", time.Now(), there)}
}

// clockSlack is how far two clocks may be apart: leases last 8 s, and a code of an authenticator app 30 s.
const clockSlack = 3 * time.Second

func compareClocks(whose string, here, there time.Time) diagnosis {
	off := here.Sub(there).Round(100 * time.Millisecond)
	if off.Abs() > clockSlack {
		return wrong("clock", fmt.Sprintf("this machine's is %s off %s", off, whose),
			"Synchronize both machines with a time server, for example with systemd-timesyncd or chrony.")
	}
	return fine("clock", "%s, within %s of %s", here.Format(time.RFC3339), clockSlack, whose)
}

// leastFree is how much room the data folder needs, in bytes.
const leastFree = 1 << 30

func (c *config) checkDisk(context.Context) []diagnosis {
	dir := c.data
	for dir != "." && dir != "/" { // a folder that is made later is where its parent is
		if _, err := os.Stat(dir); !isMissing(err) {
			break
		}
		dir = filepath.Dir(dir)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return []diagnosis{warn("disk", err.Error(), "Check that the data folder can be read.")}
	}
	free := int64(fs.Bavail) * int64(fs.Bsize) // #nosec G115 -- no disk has 2^63 bytes
	if free < leastFree {
		return []diagnosis{wrong("disk", size(free)+" are free where the data is",
			"Free at least 1 GB, or move the data folder: Drover stops storing results when the disk is full.")}
	}
	return []diagnosis{fine("disk", "%s are free in %s", size(free), dir)}
}

func (c *config) checkFiles(context.Context) []diagnosis {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return []diagnosis{warn("files", err.Error(), "")}
	}
	needed := uint64(2*c.concurrency + 1500) // #nosec G115 -- both connections, those that are kept, and the database's files
	if limit.Max < needed {
		return []diagnosis{wrong("files", fmt.Sprintf("at most %d can be open; --concurrency %d needs %d", limit.Max, c.concurrency, needed),
			fmt.Sprintf("Raise it: LimitNOFILE=%d in the systemd unit, or ulimit -n %d.", needed, needed))}
	}
	return []diagnosis{fine("files", "up to %d can be open, %d are needed", limit.Max, needed)}
}

func (c *config) checkProxies(context.Context) []diagnosis {
	var all []diagnosis
	u, _ := url.Parse(c.publicURL) // finish checked it
	switch {
	case plainWarning(c.publicURL) != "":
		all = append(all, wrong("proxies", c.publicURL+" is not encrypted", "Set DROVER_TLS=auto, or put a TLS proxy in front and set --public-url https://…"))
	case u.Scheme == "https" && len(c.proxies) == 0 && !c.tls.on():
		all = append(all, warn("proxies", "the public URL uses https, and no proxy is set: every request seems to come from the proxy",
			"Set the proxy: DROVER_TRUSTED_PROXIES=127.0.0.1"))
	default:
		all = append(all, fine("proxies", "%s; trusted: %s", c.publicURL, cmp.Or(strings.Join(c.proxies, ", "), "none")))
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if os.Getenv(name) != "" {
			all = append(all, warn("proxies", name+" is set, and Drover does not use it for sites: a proxy would see every password",
				"Let this machine reach the sites directly."))
			break
		}
	}
	return all
}

func (c *config) checkBackups(context.Context) []diagnosis {
	if c.backup.dir == "" {
		return []diagnosis{warn("backups", "serve creates none", "Set DROVER_BACKUP_DIR to a folder on another disk, or run drover backup from time to time.")}
	}
	all, err := backup.List(c.backup.dir)
	if err != nil {
		return []diagnosis{wrong("backups", err.Error(), "Give this user permission to read and write there.")}
	}
	if len(all) == 0 {
		return []diagnosis{warn("backups", c.backup.dir+" has none yet", "A running server creates the first one within a minute.")}
	}
	age := time.Since(all[0].MadeAt).Round(time.Minute)
	if age > 2*c.backup.every {
		return []diagnosis{wrong("backups", fmt.Sprintf("the newest in %s is %s old", c.backup.dir, age),
			"Look in the server's log for why: search for “backed up”.")}
	}
	return []diagnosis{fine("backups", "%d in %s, the newest %s old, %s", len(all), c.backup.dir, age, size(all[0].Bytes))}
}

func (c *config) checkSite(ctx context.Context, site string) []diagnosis {
	if site == "" {
		return []diagnosis{fine("sites", "not checked; choose a site with --site URL")}
	}
	home, err := wordpress.ParseHome(site)
	if err != nil {
		return []diagnosis{wrong("dns", err.Error(), "Write it as https://acme.example.")}
	}
	network, err := c.network()
	if err != nil {
		return []diagnosis{wrong("dns", err.Error(), "Correct the setting.")}
	}
	defer network.Close()
	p := network.Probe(ctx, home)
	if p.Lookup != nil {
		todo := "Check the name, and the name servers in /etc/resolv.conf."
		if errors.Is(p.Lookup, wordpress.ErrRefusedAddress) {
			todo = "If the site is meant to be there, list its network in DROVER_ALLOW_NETS."
		}
		return []diagnosis{wrong("dns", p.Lookup.Error(), todo)}
	}
	all := []diagnosis{fine("dns", "%s is at %s", p.Host, p.Address)}
	if p.Connect != nil {
		return append(all, wrong("tls", p.Connect.Error(),
			"Check that this machine can connect to the site and that its certificate is valid. Set a private authority with DROVER_CA_FILE."))
	}
	all = append(all, fine("tls", "%s answers with %s; its certificate is valid until %s", home, p.Version, p.Until.Format(time.DateOnly)))
	if !p.Date.IsZero() {
		all = append(all, compareClocks(p.Host+"'s", p.SentAt, p.Date))
	}
	return all
}

// size is a number of bytes as people say it.
func size(bytes int64) string {
	value, unit := float64(bytes), 0
	units := []string{"bytes", "KB", "MB", "GB", "TB"}
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return fmt.Sprintf("%.3g %s", value, units[unit])
}
