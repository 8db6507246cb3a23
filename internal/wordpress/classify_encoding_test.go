package wordpress

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"golang.org/x/text/encoding/unicode"
)

// One answer in every encoding is read alike, whatever it is called.
func TestEncodings(t *testing.T) {
	packed := map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, "deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"br":           func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"deflate, raw": func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 6); return f },
	}
	pack := func(how, text string) []byte {
		var out bytes.Buffer
		w := packed[how](&out)
		if _, err := io.WriteString(w, text); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(done)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sent        []byte
		called, typ string
	}{
		"gzip": {pack("gzip", done), "gzip", ""}, "gzip not named": {pack("gzip", done), "", ""}, "gzip called br": {pack("gzip", done), "br", ""},
		"gzip twice":        {pack("gzip", string(pack("gzip", done))), "gzip", ""},
		"plain called gzip": {[]byte(done), "gzip", ""}, "plain called br": {[]byte(done), "br", ""}, "deflate": {pack("deflate", done), "deflate", ""},
		"deflate not named": {pack("deflate", done), "", ""},
		"raw deflate":       {pack("deflate, raw", done), "deflate", ""}, "brotli": {pack("br", done), "br", ""}, "UTF-16": {[]byte(wide), "", ""},
		"UTF-16, big-endian": {func() []byte {
			s, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(done))
			return s
		}(), "", ""},
		"gzip within brotli": {pack("br", string(pack("gzip", done))), "gzip, br", ""}, "UTF-16 without a mark": {[]byte(wide)[2:], "", ""},
		"Latin-1":              {[]byte(strings.Replace(done, "Your", "\xdcber", 1)), "", "application/json; charset=ISO-8859-1"},
		"Latin-1 called UTF-8": {[]byte(strings.Replace(done, "Your", "\xdcber", 1)), "", "application/json; charset=UTF-8"},
	} {
		body, large := readBody(c.sent, http.Header{"Content-Encoding": {c.called}, "Content-Type": {c.typ}}, 1<<20)
		v := Classify(answered(200, string(body)))
		if v.Outcome != OK || large || strings.HasPrefix(name, "Latin") && !strings.Contains(v.Message, "Über") {
			t.Errorf("%s: %q, %+v", name, body, v)
		}
	}
	body, _ := readBody(pack("gzip", done)[:40], http.Header{}, 1<<20)
	if v := Classify(answered(200, string(body))); v.Outcome != Unknown {
		t.Errorf("cut gzip: %q, %+v", body, v)
	}
	if v := Classify(answered(200, "\x28\xb5\x2f\xfd\x24\x10\x81", "Content-Encoding", "zstd")); v.Outcome != Unknown || !strings.Contains(v.Note, "zstd") {
		t.Errorf("zstd: %+v", v)
	}
	if _, large := readBody(pack("gzip", strings.Repeat(" ", 3000)), http.Header{}, 2000); !large {
		t.Error("a bomb is read")
	}
}

func TestDoubleEncoding(t *testing.T) {
	if v := Classify(answered(200, `"{\"success\":true,\"message\":\"x\"}"`)); v.Outcome != OK {
		t.Errorf("%+v", v)
	}
	if !slices.Contains([]Outcome{Failed}, Classify(answered(200, `"{\"success\":false}"`)).Outcome) {
		t.Error("a refusal that was encoded twice is not one")
	}
}
