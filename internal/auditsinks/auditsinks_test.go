package auditsinks

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/vault"
)

var secret = vault.NewSecret("a secret of the hook")

func newSinks(t *testing.T, db *database.DB) *Sinks {
	t.Helper()
	s := New(db, audit.New(db.Gorm), slog.New(slog.DiscardHandler))
	s.pace = pace{idle: 5 * time.Millisecond, lease: 400 * time.Millisecond, least: 5 * time.Millisecond, most: 20 * time.Millisecond, batch: 7}
	t.Cleanup(s.Stop)
	return s
}

// record writes n entries.
func record(t *testing.T, db *database.DB, n int) {
	t.Helper()
	log := audit.New(db.Gorm)
	for i := range n {
		if err := log.RecordAlone(context.Background(), access.System(), audit.Event{Action: access.SiteCheck, Subject: access.On("site", int64(i+1)),
			Detail: map[string]any{"home": "https://a.example/?q=<&>", "n": i}}); err != nil {
			t.Fatal(err)
		}
	}
}

// seqs are the numbers of the entries in JSON lines.
func seqs(t *testing.T, text string) []int64 {
	t.Helper()
	var all []int64
	for line := range strings.Lines(text) {
		var e audit.Line
		if json.Unmarshal([]byte(line), &e) == nil && e.Hash != "" {
			all = append(all, e.Seq)
		}
	}
	return all
}

// inOrder fails unless every entry up to n is there, in order, and each again only right after a failure.
func inOrder(t *testing.T, got []int64, n int64) {
	t.Helper()
	next := int64(1)
	for _, seq := range got {
		if seq > next {
			t.Fatalf("entry %d is missing in %v", next, got)
		}
		if seq == next {
			next++
		}
	}
	if next != n+1 {
		t.Fatalf("%d of %d entries came: %v", next-1, n, got)
	}
}

func (s *Sinks) at(t *testing.T, name string) State {
	t.Helper()
	all, err := s.States(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range all {
		if state.Name == name {
			return state
		}
	}
	return State{}
}

// A file gets every entry, also after it was rotated away, and a line that a crash cut off does no harm.
func TestFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		record(t, db, 20)
		s := newSinks(t, db)
		s.Start(map[string]Sink{"file": File(path)})
		poll.Until(t, "20 entries", func() bool { return s.at(t, "file").Seq == 20 })
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		record(t, db, 5)
		poll.Until(t, "25 entries", func() bool { return s.at(t, "file").Seq == 25 })
		s.Stop()
		first, _ := os.ReadFile(path + ".1")
		second, _ := os.ReadFile(path)
		if err := os.WriteFile(path, append(second, []byte(`{"seq":26,"at":"2026`)...), 0o600); err != nil {
			t.Fatal(err)
		}
		record(t, db, 1)
		restarted := newSinks(t, db)
		restarted.Start(map[string]Sink{"file": File(path)})
		poll.Until(t, "26 entries", func() bool { return restarted.at(t, "file").Seq == 26 })
		second, _ = os.ReadFile(path)
		inOrder(t, seqs(t, string(first)+string(second)), 26)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info.Mode(), err)
		}
	})
}

// A hook that is down for a while, answers with an error, or says nothing, gets every entry in the end, signed; nobody waits for it.
func TestHookThatIsDown(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	var guard sync.Mutex
	var got strings.Builder
	var mood atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seconds, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get(SignatureHeader), "t="), ",")
		at, _ := strconv.ParseInt(seconds, 10, 64)
		if r.Header.Get(SignatureHeader) != Sign(secret, time.Unix(at, 0), body) {
			t.Errorf("the signature is wrong: %s", r.Header.Get(SignatureHeader))
		}
		switch mood.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case 2:
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
			return
		case 3:
			select {
			case <-r.Context().Done():
			case <-time.After(time.Second):
			}
			return
		}
		guard.Lock()
		defer guard.Unlock()
		got.Write(body)
	}))
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	hook, err := NewHook(server.URL, secret, pool)
	if err != nil {
		t.Fatal(err)
	}
	s := newSinks(t, db)
	s.Start(map[string]Sink{"hook": hook})
	began := time.Now()
	record(t, db, 30)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("recording waited for the hook: %v", took)
	}
	poll.Until(t, "a failure that is told", func() bool { return s.at(t, "hook").Problem != "" })
	poll.Until(t, "30 entries", func() bool { return s.at(t, "hook").Seq == 30 })
	if state := s.at(t, "hook"); state.Problem != "" || !state.FailedAt.IsZero() || state.SentAt.IsZero() {
		t.Errorf("afterwards: %+v", state)
	}
	guard.Lock()
	defer guard.Unlock()
	inOrder(t, seqs(t, got.String()), 30)
}

func TestSyslog(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	record(t, db, 9)
	dir := t.TempDir()
	unix, err := net.ListenPacket("unixgram", filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	got := map[string]chan string{"unix": make(chan string, 100), "udp": make(chan string, 100), "tcp": make(chan string, 100)}
	datagrams := func(conn net.PacketConn, to chan string) {
		buffer := make([]byte, 64<<10)
		for {
			n, _, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			to <- string(buffer[:n])
		}
	}
	go datagrams(unix, got["unix"])
	go datagrams(udp, got["udp"])
	go func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			for reader := bufio.NewReader(conn); ; {
				text, err := reader.ReadString(' ')
				n, bad := strconv.Atoi(strings.TrimSpace(text))
				if err != nil || bad != nil {
					break
				}
				message := make([]byte, n)
				if _, err := io.ReadFull(reader, message); err != nil {
					break
				}
				got["tcp"] <- string(message)
			}
			conn.Close()
		}
	}()
	sinks := map[string]Sink{}
	for name, address := range map[string]string{"unix": "unix://" + filepath.Join(dir, "log"), "udp": "udp://" + udp.LocalAddr().String(), "tcp": "tcp://" +
		tcp.Addr().String()} {
		if sinks[name], err = NewSyslog(address, nil); err != nil {
			t.Fatal(err)
		}
	}
	s := newSinks(t, db)
	s.Start(sinks)
	for name, messages := range got {
		for want := 1; want <= 9; want++ {
			select {
			case message := <-messages:
				header, text, _ := strings.Cut(message, " - ")
				if !strings.HasPrefix(header, "<109>1 ") || !strings.Contains(header, " drover ") || !strings.HasSuffix(header, " site.check") ||
					seqs(t, text)[0] != int64(want) {
					t.Errorf("%s: %s", name, message)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s: entry %d did not come", name, want)
			}
		}
	}
}

// Of two processes on one database one sends; when it is gone without a word, the other goes on after it.
func TestTwoProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		first, second := newSinks(t, db), newSinks(t, db)
		first.Start(map[string]Sink{"file": File(path)})
		record(t, db, 3)
		poll.Until(t, "3 entries", func() bool { return first.at(t, "file").Seq == 3 })
		second.Start(map[string]Sink{"file": File(path)})
		record(t, db, 10)
		poll.Until(t, "13 entries", func() bool { return second.at(t, "file").Seq == 13 })
		first.Stop()
		record(t, db, 4)
		poll.Until(t, "17 entries", func() bool { return second.at(t, "file").Seq == 17 })
		text, _ := os.ReadFile(path)
		got := seqs(t, string(text))
		inOrder(t, got, 17)
		if len(got) != 17 {
			t.Errorf("entries came twice though nothing failed: %v", got)
		}
	})
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "http://siem.example/", "ftp://a/", "https://"} {
		if _, err := NewHook(address, secret, nil); err == nil {
			t.Errorf("hook %q", address)
		}
	}
	if _, err := NewHook("https://siem.example/", vault.NewSecret("short"), nil); err == nil {
		t.Error("a short secret")
	}
	for _, address := range []string{"", "udp://host", "http://host:1", "unix://", "tcp://"} {
		if _, err := NewSyslog(address, nil); err == nil {
			t.Errorf("syslog %q", address)
		}
	}
	long := audit.Line{Seq: 1, Detail: json.RawMessage(`"` + strings.Repeat("x", 100_000) + `"`), Action: "site.check"}
	if message := (&Syslog{network: "udp", host: "h"}).message(long); len(message) > longestMessage || !strings.Contains(string(message), "left_out") {
		t.Error(fmt.Sprint(len(message)))
	}
}
