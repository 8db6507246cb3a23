package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// webClient is a person's browser, signed in at a server.
type webClient struct {
	*http.Client
	home string
}

const olga, olgasPassword = "olga@agency.example", "four words that differ"

func (s simulated) addOwner(t testing.TB) {
	t.Helper()
	command := exec.Command(program(t), "members", "add", olga, "--role", "owner", "--password-stdin")
	command.Env = append(os.Environ(), s.env...)
	command.Stdin = strings.NewReader(olgasPassword + "\n")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func (s simulated) browse(t testing.TB) (*process, webClient) {
	t.Helper()
	addr := freeAddress(t)
	p := start(t, append(s.env, "DROVER_ADDR="+addr), "serve")
	p.wait(t, "listens")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := webClient{&http.Client{Jar: jar, Timeout: time.Minute}, "http://" + addr}
	if status, _ := b.post(t, "/sign-in", url.Values{"email": {olga}, "password": {olgasPassword}}); status != http.StatusOK {
		t.Fatalf("sign in: %d", status)
	}
	return p, b
}

func (b webClient) post(t testing.TB, path string, form url.Values) (int, string) {
	t.Helper()
	return b.read(t)(b.PostForm(b.home+path, form))
}

var (
	shownOf  = regexp.MustCompile(`name="shown" value="([0-9a-f]+)"`)
	numberOf = regexp.MustCompile(`on <strong[^>]*>([0-9,]+) sites?`)
	waitOf   = regexp.MustCompile(`action="(/runs/\d+/start)"`)
)

// startRun starts a run as somebody does who sees what it does, confirms it, and does not wait.
func (b webClient) startRun(t testing.TB, form url.Values) (int, string) {
	t.Helper()
	_, page := b.post(t, "/run/preview", form)
	if found := shownOf.FindStringSubmatch(page); found != nil {
		form.Set("shown", found[1])
	}
	if found := numberOf.FindStringSubmatch(page); found != nil {
		form.Set("confirm", found[1])
	}
	status, page := b.post(t, "/runs", form)
	if found := waitOf.FindStringSubmatch(page); found != nil {
		return b.post(t, found[1], nil)
	}
	return status, page
}

func (b webClient) get(t testing.TB, path string) (int, string) {
	t.Helper()
	return b.read(t)(b.Get(b.home + path))
}

func (b webClient) read(t testing.TB) func(*http.Response, error) (int, string) {
	return func(answer *http.Response, err error) (int, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
}

func hostOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Hostname()
}

// follow counts the frames of a stream until it says that the run is done.
func (b webClient) follow(path string) int {
	answer, err := b.Get(b.home + path)
	if err != nil {
		return -1
	}
	defer answer.Body.Close()
	frames := 0
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		switch line := lines.Text(); {
		case line == "event: done":
			return frames
		case line == "":
			frames++
		}
	}
	return -1
}
