package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gowebpki/jcs"

	"github.com/droverhq/drover/internal/access"
)

// Result is how an action ended, as the audit log tells it.
type Result string

// The results.
const (
	Done    Result = "done"
	Refused Result = "refused"
	Failed  Result = "failed"
)

// Event is what happened, before it has its place in the audit log.
type Event struct {
	Action  access.Action
	Subject access.Subject
	Result  Result         // empty means Done
	Detail  map[string]any // what a reviewer needs; never a secret
}

// Entry is one line of the audit log.
type Entry struct {
	Seq    int64
	At     time.Time
	Actor  access.Actor
	Event  Event
	Detail json.RawMessage // canonical JSON (RFC 8785)
	Prev   string          // the hash of the entry before, in hexadecimal; empty for the first
	Hash   string          // SHA-256 over the canonical JSON of everything above, in hexadecimal
}

// sum is the row's hash: SHA-256 over the canonical JSON (RFC 8785) of everything but the hash, in hexadecimal. The members stand in the
// order of their names, and the detail is canonical as it is stored.
func (r *row) sum() string {
	sum := sha256.Sum256(r.canonical(make([]byte, 0, 512+len(r.Detail))))
	return hex.EncodeToString(sum[:])
}

// canonical appends what the hash covers.
func (r *row) canonical(b []byte) []byte {
	b = appendText(append(b, `{"action":`...), string(r.Action))
	b = strconv.AppendInt(append(b, `,"actor_id":`...), r.ActorID, 10)
	b = appendText(append(b, `,"actor_kind":`...), string(r.ActorKind))
	b = appendText(append(b, `,"actor_name":`...), r.ActorName)
	b = appendText(append(b, `,"addr":`...), r.Addr)
	b = strconv.AppendInt(append(b, `,"at":`...), r.At, 10)
	b = append(append(b, `,"detail":`...), r.Detail...)
	b = appendText(append(b, `,"outcome":`...), string(r.Outcome))
	b = appendText(append(b, `,"prev":`...), r.Prev)
	b = appendText(append(b, `,"role":`...), string(r.Role))
	b = strconv.AppendInt(append(b, `,"seq":`...), r.Seq, 10)
	b = appendText(append(b, `,"subject":`...), string(r.Subject))
	return append(b, '}')
}

// appendText appends a JSON text as RFC 8785, section 3.2.2.2, wants it: only the quote, the backslash and control characters are escaped.
func appendText(b []byte, text string) []byte {
	b = append(b, '"')
	plain := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(text[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, text[plain:i]...)
		switch {
		case c == '"', c == '\\':
			b = append(b, '\\', c)
		case c >= utf8.RuneSelf:
			b = append(b, "\ufffd"...) // a byte of no text, as encoding/json writes it
		case escapes[c] != 0:
			b = append(b, '\\', escapes[c])
		default:
			b = fmt.Appendf(b, "\\u%04x", c)
		}
		i++
		plain = i
	}
	return append(append(b, text[plain:]...), '"')
}

// escapes are the control characters with a short form.
var escapes = [' ']byte{'\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r'}

func canonicalDetail(detail map[string]any) (json.RawMessage, error) {
	if len(detail) == 0 {
		return json.RawMessage("{}"), nil
	}
	plain, err := json.Marshal(detail)
	if err != nil {
		return nil, fmt.Errorf("audit: detail: %w", err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("audit: detail: %w", err)
	}
	return canonical, nil
}
