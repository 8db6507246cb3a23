package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/droverhq/drover/internal/poll"
)

// labDrover is a Drover at an https address, as WordPress wants it, and a browser that finds it and the lab's sites.
type labDrover struct {
	lab
	t    *testing.T
	ctx  context.Context // of the browser
	home string
	addr string
	env  []string
	p    *process
}

func (l lab) drover(t *testing.T) *labDrover {
	t.Helper()
	addr := freeAddress(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	d := &labDrover{lab: l, t: t, home: "https://drover.test:" + port, addr: addr}
	d.env = append(l.env(), "DROVER_DATA="+t.TempDir(), "DROVER_ADDR="+addr, "DROVER_PUBLIC_URL="+d.home, "DROVER_TLS_HTTP_ADDR="+freeAddress(t),
		"DROVER_TLS_CERT="+filepath.Join(l.dir, "tls.pem"), "DROVER_TLS_KEY="+filepath.Join(l.dir, "tls-key.pem"))
	rules := []string{"MAP drover.test " + host}
	for name, address := range l.hosts(t) {
		rules = append(rules, "MAP "+name+" "+address)
	}
	d.ctx = browserFor(t, 15*time.Minute, chromedp.Flag("host-resolver-rules", strings.Join(rules, ",")), chromedp.Flag("ignore-certificate-errors", true))
	d.p = start(t, d.env, "serve")
	setup := d.p.wait(t, `https://\S+/setup/\w+`)
	d.p.wait(t, "listens")
	d.do("set up the owner", chromedp.Navigate(setup), chromedp.SendKeys("#name", "Olga Owner"), chromedp.SendKeys("#email", "olga@agency.example"),
		chromedp.SendKeys("#password", "four words that differ"), chromedp.Click("main form button"), until(`document.querySelector("form[action=\"/sign-out\"]")`))
	return d
}

func (d *labDrover) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	d.t.Helper()
	do(d.t, d.ctx, what, actions...)
}

func (d *labDrover) open(path string) {
	d.t.Helper()
	d.do("open "+path, chromedp.Navigate(d.home+path))
}

func (d *labDrover) text() string {
	d.t.Helper()
	return evaluate(d.t, d.ctx, `document.querySelector("main").innerText`)
}

// says waits until the page does, in Drover.
func (d *labDrover) says(what string) {
	d.t.Helper()
	d.do("wait for “"+what+"”", until(fmt.Sprintf(`location.host == %q && document.querySelector("main")?.innerText.includes(%q)`,
		strings.TrimPrefix(d.home, "https://"), what)))
}

// atWordPress waits for WordPress's approval page, and signs in where it asks for that.
func (d *labDrover) atWordPress(site map[string]string) {
	d.t.Helper()
	d.do("go to WordPress", until(`location.host != `+fmt.Sprintf("%q", strings.TrimPrefix(d.home, "https://"))+
		` && document.querySelector("#user_pass, #approve")`))
	if evaluate(d.t, d.ctx, `String(!document.querySelector("#approve"))`) == "true" {
		// WordPress's own script empties and focuses the field a moment after the page has come.
		fill := fmt.Sprintf(`((user, password) => { user.value = %q; password.value = %q; user.form.querySelector("#wp-submit").click(); return true })(
			document.querySelector("#user_login"), document.querySelector("#user_pass"))`, site["login"], site["password"])
		d.do("sign in to WordPress", until(`document.readyState == "complete"`), until(fill), until(`document.querySelector("#approve")`))
	}
}

// press presses a button of WordPress's approval page, and waits until the browser is in Drover.
func (d *labDrover) press(button string) {
	d.t.Helper()
	d.do(button+" in WordPress", until(`document.readyState == "complete"`), chromedp.Click("#"+button),
		until(`location.host == `+fmt.Sprintf("%q", strings.TrimPrefix(d.home, "https://"))+` && document.querySelector("main h1")`))
}

// hosts are the addresses of the lab's sites, by host.
func (l lab) hosts(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, "hosts"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 {
			all[fields[1]] = fields[0]
		}
	}
	return all
}

// wpPassword is an application password as WordPress has it.
type wpPassword struct {
	UUID  string
	AppID string `json:"app_id"`
	Name  string
	Value string `json:"password"` // of one that was just made
}

// passwords are those of a user, out of WordPress's own database; after --reset, new ones with these names.
func (l lab) passwords(t *testing.T, home, user string, reset ...string) []wpPassword {
	t.Helper()
	out, err := exec.Command("../../lab/passwords", append([]string{l.dir, strings.TrimPrefix(home, "https://"), user}, reset...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []wpPassword
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return all
}

// approvable is a site of the lab that nobody else in the tests approves.
func (l lab) approvable(t *testing.T, host string) map[string]string {
	t.Helper()
	all := l.rows(t, "approve.csv")
	at := slices.IndexFunc(all, func(row map[string]string) bool { return row["url"] == "https://"+host })
	if at < 0 {
		t.Fatalf("%s is not in approve.csv", host)
	}
	return all[at]
}

// clean sees that no credential that came back stays anywhere: in the browser's history, the server's log, or the audit log.
func (d *labDrover) clean() {
	d.t.Helper()
	history, err := chromedp.Run(d.ctx, chromedp.NavigationEntries())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, entry := range history.Entries {
		if strings.Contains(entry.URL, "password=") || strings.Contains(entry.URL, "/connect/return") {
			d.t.Errorf("the browser's history has %s", entry.URL)
		}
	}
	_, entries := run(d.t, d.env, "audit", "list", "--json")
	for name, text := range map[string]string{"the server's log": d.p.err.String(), "the audit log": entries} {
		if strings.Contains(text, "user_login=") || strings.Contains(text, "password=") || strings.Contains(text, "/connect/return?") {
			d.t.Errorf("%s holds what came back: %.2000s", name, text)
		}
	}
	if !strings.Contains(entries, "connect.finish") {
		d.t.Errorf("the audit log does not tell of the approval: %.500s", entries)
	}
}

// One click: an address as people paste it, WordPress's own page, and back to a site that was checked. A rejection changes nothing, and what was
// answered once counts no more. A credential is replaced in the same way.
func TestASiteIsConnectedInRealWordPress(t *testing.T) {
	t.Parallel()
	d := openLab(t).drover(t)
	site := d.approvable(t, "folder.test")
	before := len(d.passwords(t, site["url"], site["login"]))
	d.open("/connect")
	d.do("type the address", chromedp.SendKeys("#addresses", site["typed"]), chromedp.Click(`form[action="/connect"] button`))
	d.says("Approve in WordPress")
	connection := evaluate(t, d.ctx, "location.pathname")

	d.do("approve", chromedp.Click(`form[action$="/approve"] button`))
	d.atWordPress(site)
	d.press("reject")
	if text := d.text(); !strings.Contains(text, "You did not approve the connection") || !strings.Contains(text, "Approve in WordPress") {
		t.Errorf("after a rejection:\n%s", text)
	}
	if n := len(d.passwords(t, site["url"], site["login"])); n != before {
		t.Errorf("WordPress made %d passwords", n-before)
	}
	d.do("go back to WordPress, and approve with what was used", chromedp.NavigateBack(), until(`document.querySelector("#approve")`))
	d.press("approve")
	if text := d.text(); !strings.Contains(text, "already used") || !strings.Contains(text, "Approve in WordPress") {
		t.Errorf("with a state that was used:\n%s", text)
	}
	if _, out := run(t, d.env, "sites", "list"); strings.Contains(out, "folder.test") {
		t.Errorf("a site was stored: %s", out)
	}
	stray := d.passwords(t, site["url"], site["login"])

	d.open(connection)
	d.do("approve once more", chromedp.Click(`form[action$="/approve"] button`))
	d.atWordPress(site)
	d.press("approve")
	d.says("Working since")
	d.do("see the site's page", until(`/^\/sites\/\d+$/.test(location.pathname)`))
	page := evaluate(t, d.ctx, "location.pathname")
	first := d.passwords(t, site["url"], site["login"])
	if len(first) != len(stray)+1 || first[len(first)-1].AppID == "" || !strings.HasPrefix(first[len(first)-1].Name, "Drover at drover.test (") {
		t.Errorf("WordPress has %v", first)
	}

	d.do("replace the credential", chromedp.Click(`form[action="/sites/reconnect"] button`))
	d.says("Connect again in WordPress")
	d.do("approve a replacement", chromedp.Click(`form[action$="/approve"] button`))
	d.atWordPress(site)
	d.press("approve")
	d.do("see the site's page", until(`location.pathname == "`+page+`"`))
	poll.Until(t, "WordPress saw the new password", func() bool {
		_, out := run(t, d.env, "sites", "check", "--site", site["url"], "--json")
		return strings.Contains(out, `"state":"ok"`)
	})
	after := d.passwords(t, site["url"], site["login"])
	if len(after) != len(first)+1 || first[len(first)-1].AppID != after[len(after)-1].AppID {
		t.Errorf("WordPress has %v", after)
	}
	d.clean()
}

// Ten addresses, approved one after the other in one tab, with one that is skipped, and a Drover that is stopped in the middle.
func TestAQueueOfTenInRealWordPress(t *testing.T) {
	t.Parallel()
	d := openLab(t).drover(t)
	sites, before := map[string]map[string]string{}, map[string]int{}
	var typed []string
	for _, row := range d.rows(t, "approve.csv") {
		if len(sites) < 10 && row["url"] != "https://folder.test" { // another test approves that one
			sites[strings.TrimPrefix(row["url"], "https://")] = row
			before[row["url"]] = len(d.passwords(t, row["url"], row["login"]))
			typed = append(typed, row["typed"])
		}
	}
	d.open("/connect")
	d.do("paste the addresses", chromedp.SetValue("#addresses", strings.Join(typed, "\n")), chromedp.Click(`form[action="/connect"] button`))
	d.says("0 of 10 connected · 10 ready to approve")
	const skipped = "site02.network.test"
	d.do("skip one", until(fmt.Sprintf(`(() => { const row = [...document.querySelectorAll("#queue tbody tr")].find(r => r.innerText.includes(%q));
		row.querySelector("input").checked = true; return true })()`, skipped)), chromedp.Click(`button[name="do"][value="skip"]`))
	d.says("9 ready to approve · 1 skipped")

	for n := range 9 {
		if n == 4 { // come back tomorrow
			d.p.stop(t)
			d.p = start(t, d.env, "serve")
			d.p.wait(t, "listens")
			d.open("/connect")
			d.says("4 of 9 connected · 5 ready to approve · 1 skipped")
		}
		d.do("approve next", pressed(`form[action="/connect/next"] button`), until(`location.host.endsWith(".test") && location.host != "drover.test"`))
		d.do("go to WordPress", until(`document.querySelector("#user_pass, #approve")`))
		host := evaluate(t, d.ctx, "location.host")
		if sites[host] == nil || host == skipped {
			t.Fatalf("the browser was sent to %q", host)
		}
		d.atWordPress(sites[host])
		d.press("approve")
		delete(sites, host)
	}
	if evaluate(t, d.ctx, `location.pathname.replace(/\d+/, "N")`) != "/sites/N" {
		t.Errorf("after the last one: %s", d.text())
	}
	d.open("/connect")
	d.says("9 of 9 connected · 0 ready to approve · 1 skipped")
	d.open("/connect?state=skipped")
	d.do("open the skipped one", chromedp.Click("#queue tbody tr a"))
	d.says("This site was skipped")
	d.do("put it back", chromedp.Click(`form[action$="/look"] button`))
	d.says("Approve in WordPress")
	d.do("approve it", chromedp.Click(`form[action$="/approve"] button`))
	d.atWordPress(sites[skipped])
	d.press("approve")
	d.says("Working since")

	poll.Until(t, "all sites are checked", func() bool {
		_, out := run(t, d.env, "sites", "list", "--json")
		if strings.Contains(out, `"broken"`) || strings.Count(out, "\n") != 10 {
			t.Fatalf("sites: %s", out)
		}
		return !strings.Contains(out, `"unchecked"`)
	})
	for _, row := range d.rows(t, "approve.csv") {
		if n, known := before[row["url"]]; known && len(d.passwords(t, row["url"], row["login"])) == n {
			t.Errorf("%s has no new password", row["url"])
		}
	}
	d.clean()
}
