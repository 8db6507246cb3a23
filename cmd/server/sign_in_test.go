package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// authenticator puts a virtual security key into the browser (Chrome DevTools Protocol, domain WebAuthn), whose owner is always there.
func authenticator(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
	if err := t.Call(ctx, "WebAuthn.enable", map[string]any{}, nil); err != nil {
		return chromedp.Void{}, err
	}
	var made struct {
		AuthenticatorID string `json:"authenticatorId"`
	}
	options := map[string]any{"protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
		"automaticPresenceSimulation": true}
	return chromedp.Void{}, t.Call(ctx, "WebAuthn.addVirtualAuthenticator", map[string]any{"options": options}, &made)
}

// doorway starts an empty Drover at an address that passkeys work with, and sets its owner up in the browser.
func doorway(t *testing.T) (home string, ctx context.Context) {
	t.Helper()
	return doorwayOn(t, t.TempDir())
}

func doorwayOn(t *testing.T, data string) (home string, ctx context.Context) {
	t.Helper()
	ctx = browser(t)
	addr := freeAddressOf(t, "127.0.0.1")
	home = "http://localhost:" + addr[strings.LastIndex(addr, ":")+1:]
	p := start(t, []string{"DROVER_DATA=" + data, "DROVER_ADDR=" + addr, "DROVER_PUBLIC_URL=" + home}, "serve")
	setup := p.wait(t, `http://\S+/setup/\w+`)
	p.wait(t, "listens")
	do(t, ctx, "set up the owner", chromedp.Navigate(setup), chromedp.SendKeys("#name", "Olga Owner"), chromedp.SendKeys("#email", "olga@agency.example"),
		chromedp.SendKeys("#password", "four words that differ"), chromedp.Click("main form button"), until(`location.pathname === "/"`))
	return home, ctx
}

func signInSecondTime(t *testing.T, ctx context.Context, home string) {
	t.Helper()
	do(t, ctx, "sign out", chromedp.Navigate(home+"/settings"), until(`document.querySelector('form[action="/sign-out-everywhere"] button')`),
		chromedp.Click(`form[action="/sign-out-everywhere"] button`), until(`location.pathname === "/sign-in"`))
	do(t, ctx, "the password", chromedp.Navigate(home+"/sign-in?next=/team"), chromedp.SendKeys("#email", "olga@agency.example"),
		chromedp.SendKeys("#password", "four words that differ"),
		chromedp.Click("main form button"), until(`location.pathname === "/second-step"`))
}

func TestAPasskeyInChromium(t *testing.T) {
	t.Parallel()
	home, ctx := doorway(t)
	do(t, ctx, "a security key", authenticator)
	do(t, ctx, "add a passkey", chromedp.Navigate(home+"/settings/second-factor"), chromedp.SendKeys("#name", "Laptop"), chromedp.Click("form[data-make] button"),
		until(`document.querySelectorAll("#recovery-codes li").length === 10`))
	signInSecondTime(t, ctx, home)
	do(t, ctx, "use the passkey", chromedp.Click("form[data-passkey] button"), until(`location.pathname === "/team"`))
	do(t, ctx, "read the record", chromedp.Navigate(home+"/audit"), until(`document.querySelector("main").innerText.includes("changed their second factor")`))
}

func TestAnAuthenticatorAppInChromium(t *testing.T) {
	t.Parallel()
	home, ctx := doorway(t)
	do(t, ctx, "begin", chromedp.Navigate(home+"/settings/second-factor"), chromedp.Click(`form[action="/settings/second-factor/app"] button`),
		until(`document.querySelector("#app-secret")`))
	if box := evaluate(t, ctx,
		`JSON.stringify([document.querySelector("main svg[role=img]").getBoundingClientRect().width > 150, getComputedStyle(document.querySelector("main `+
			`svg[role=img] path")).fill])`); box != `[true,"rgb(0, 0, 0)"]` {
		t.Errorf("the code to scan is drawn as %s", box)
	}
	secret := strings.ReplaceAll(evaluate(t, ctx, `document.querySelector("#app-secret").innerText`), " ", "")
	do(t, ctx, "confirm", chromedp.SendKeys("#code", appCode(t, secret, -30*time.Second)), chromedp.Click("main form button"),
		until(`document.querySelectorAll("#recovery-codes li").length === 10`))
	recovery := evaluate(t, ctx, `document.querySelector("#recovery-codes li").innerText`)
	signInSecondTime(t, ctx, home)
	do(t, ctx, "the code", chromedp.SendKeys("#proof_code", appCode(t, secret, 0)), chromedp.Click(`form:has(#proof_code) button`),
		until(`location.pathname === "/team"`))
	signInSecondTime(t, ctx, home)
	do(t, ctx, "a recovery code", chromedp.SendKeys("#proof_code", recovery), chromedp.Click(`form:has(#proof_code) button`),
		until(`location.pathname === "/team"`))
	do(t, ctx, "count the codes", chromedp.Navigate(home+"/settings/second-factor"),
		until(`document.querySelector("main").innerText.includes("9 codes are left")`))
}

func appCode(t *testing.T, secret string, drift time.Duration) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, time.Now().Add(drift))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// The form is sent again by the browser itself, after the proof.
func TestConfirmingInChromium(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	home, ctx := doorwayOn(t, data)
	db, err := sql.Open("sqlite", filepath.Join(data, "drover.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	do(t, ctx, "an invitation", chromedp.Navigate(home+"/team"), chromedp.SendKeys("#email", "mara@agency.example"))
	if _, err := db.Exec("UPDATE sessions SET fresh_at = 0"); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, "is asked", chromedp.Click(`form[action="/team/invite"] button`), until(`document.querySelector("h1").innerText === "Confirm your identity"`))
	do(t, ctx, "a wrong password", chromedp.SendKeys("#proof_password", "not the password"), chromedp.Click(`form:has(#proof_password) button`),
		until(`document.body.innerText.includes("This password is wrong")`))
	do(t, ctx, "the right one", chromedp.SendKeys("#proof_password", "four words that differ"), chromedp.Click(`form:has(#proof_password) button`),
		until(`location.pathname === "/team/invite" && document.querySelector("#invitation")?.innerText.includes("/join/")`),
		until(`document.body.innerText.includes("Send this link to mara@agency.example")`))
}
