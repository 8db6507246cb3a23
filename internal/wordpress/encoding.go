package wordpress

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// mostLayers is how many compressions of one body are taken off: a server and a plugin may both compress.
const mostLayers = 3

// readBody returns an answer's body as text. Its first bytes say how it is compressed, since plugins and proxies name that wrongly or
// not at all; the header decides only for what has no such bytes. What cannot be read stays as it is.
func readBody(raw []byte, header http.Header, most int64) (body []byte, tooLarge bool) {
	body = raw
	for range mostLayers {
		inner, is := decompressed(body, header.Get("Content-Encoding"), most)
		if !is {
			break
		}
		body = inner
	}
	body = asUTF8(body, header.Get("Content-Type"))
	if int64(len(body)) > most {
		return body[:most], true
	}
	return body, false
}

// compressions are the ways to compress a body, those that show in its first bytes before those that only a header can tell.
var compressions = []struct {
	name  string
	shows func([]byte) bool // nil: the header tells, and the body is not text
	open  func(io.Reader) (io.Reader, error)
}{
	{"gzip", beginsWith("\x1f\x8b\x08"), func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"deflate", isZlib, func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }},
	{"br", nil, func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil }},
	{"deflate", nil, func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil }},
}

func beginsWith(prefix string) func([]byte) bool {
	return func(body []byte) bool { return bytes.HasPrefix(body, []byte(prefix)) }
}

// isZlib checks the two bytes of a zlib stream (RFC 1950, section 2.2).
func isZlib(body []byte) bool {
	return len(body) > 2 && body[0]&0x8f == 0x08 && (int(body[0])<<8|int(body[1]))%31 == 0 && (isBinary(body) || !utf8.Valid(body))
}

// decompressed takes off one compression. Of a stream that ends too early the beginning is returned; one byte more than the most shows
// that there is more.
func decompressed(body []byte, named string, most int64) ([]byte, bool) {
	for _, c := range compressions {
		if c.shows != nil && !c.shows(body) || c.shows == nil && (!strings.Contains(strings.ToLower(named), c.name) || !isBinary(body)) {
			continue
		}
		reader, err := c.open(bytes.NewReader(body))
		if err != nil {
			continue
		}
		inner, err := io.ReadAll(io.LimitReader(reader, most+1))
		if err == nil || len(inner) > 0 && (errors.Is(err, io.ErrUnexpectedEOF) || c.shows != nil) {
			return inner, true
		}
	}
	return body, false
}

// asUTF8 converts from the other Unicode encodings by their first bytes (RFC 8259 allows UTF-8 only, PHP sends anything), and from
// the character set that the header names where the body is not UTF-8.
func asUTF8(body []byte, contentType string) []byte {
	if found := wide(body); found != nil {
		return converted(body, found)
	}
	if utf8.Valid(body) || isBinary(body) {
		return body
	}
	_, parameters, _ := mime.ParseMediaType(contentType)
	if named, name := charset.Lookup(parameters["charset"]); named != nil && name != "utf-8" && name != "replacement" {
		return converted(body, named)
	}
	return converted(body, charmap.Windows1252)
}

func converted(body []byte, from encoding.Encoding) []byte {
	if text, err := from.NewDecoder().Bytes(body); err == nil {
		return text
	}
	return body
}

// wide tells UTF-16 by its mark, or by the zero bytes beside the sign that JSON or a page begins with.
func wide(body []byte) encoding.Encoding {
	if len(body) < 4 {
		return nil
	}
	first, second := body[0], body[1]
	switch {
	case first == 0xff && second == 0xfe, first < 0x80 && first != 0 && second == 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case first == 0xfe && second == 0xff, first == 0 && second != 0 && second < 0x80:
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	return nil
}

// isBinary tells bytes that are no text of any single-byte encoding: control characters that no text has. Zero bytes do not count: PHP
// prints them with the names of private properties, and some servers end an answer with them.
func isBinary(body []byte) bool {
	return bytes.ContainsFunc(body[:min(len(body), 4096)], func(r rune) bool {
		return r < ' ' && r != 0 && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != '\x1b' && r != '\b'
	})
}
