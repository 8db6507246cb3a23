package audit

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/droverhq/drover/internal/access"
)

// hashed is what the hash covers, for the library of RFC 8785.
type hashed struct {
	Seq     int64           `json:"seq"`
	At      int64           `json:"at"`
	Kind    access.Kind     `json:"actor_kind"`
	ActorID int64           `json:"actor_id"`
	Actor   string          `json:"actor_name"`
	Role    access.Role     `json:"role"`
	Action  access.Action   `json:"action"`
	Subject access.Subject  `json:"subject"`
	Outcome Outcome         `json:"outcome"`
	Detail  json.RawMessage `json:"detail"`
	Addr    string          `json:"addr"`
	Prev    string          `json:"prev"`
}

// What the hash covers is what the library of RFC 8785 makes of it.
func FuzzCanonical(f *testing.F) {
	for _, text := range []string{"", "plain", "Café <b>&amp;", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "\u2028\u2029\U0001F600", "\xff\xfe half \xc3", "日本\xe6\x97"} {
		f.Add(text, int64(1), int64(1_700_000_000_000_000))
	}
	f.Fuzz(func(t *testing.T, text string, id, at int64) {
		if most := int64(1) << 53; id < 0 || id > most || at < 0 || at > most {
			t.Skip("no such number is ever stored")
		}
		detail, err := canonicalDetail(map[string]any{text: text, "n": id})
		if err != nil {
			t.Skip()
		}
		r := row{
			Seq: id, At: at, ActorKind: access.Kind(text), ActorID: id, ActorName: text, Role: access.Role(text), Action: access.Action(text),
			Subject: access.Subject(text), Outcome: Outcome(text),
			Detail: string(detail), Addr: text, Prev: text,
		}
		plain, err := json.Marshal(hashed{r.Seq, r.At, r.ActorKind, r.ActorID, r.ActorName, r.Role, r.Action, r.Subject, r.Outcome, detail, r.Addr, r.Prev})
		if err != nil {
			t.Fatal(err)
		}
		want, err := jcs.Transform(plain)
		if err != nil {
			t.Skip()
		}
		if got := string(r.canonical(nil)); got != string(want) {
			t.Errorf("canonical form\n%s\nwant\n%s", got, want)
		}
	})
}

// The hash of an entry that was written by an earlier Drover stays what it was.
func TestHashesStay(t *testing.T) {
	t.Parallel()
	r := row{
		Seq: 7, At: 1_764_000_000_123_456, ActorKind: access.KindMember, ActorID: 3, ActorName: "Mara “M” <b>", Role: access.Admin, Action: access.SiteEdit,
		Subject: "site:12", Outcome: Done,
		Detail: `{"home":"https://acme.example"}`, Addr: "203.0.113.7", Prev: strings.Repeat("ab", 32),
	}
	want := `{"action":"site.edit","actor_id":3,"actor_kind":"member","actor_name":"Mara “M” ` +
		`<b>","addr":"203.0.113.7","at":1764000000123456,"detail":{"home":"https://acme.example"},"outcome":"done","prev":"` +
		strings.Repeat("ab", 32) + `","role":"admin","seq":7,"subject":"site:12"}`
	if got := string(r.canonical(nil)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
