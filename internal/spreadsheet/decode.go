// Package spreadsheet reads tables as spreadsheets and editors save them, and writes tables that a spreadsheet can open without
// taking a cell for a formula.
package spreadsheet

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// marks are the byte order marks, the longer ones first: UTF-32's begins with UTF-16's.
var marks = []struct {
	bytes    string
	encoding encoding.Encoding
}{
	{"\xff\xfe\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
	{"\x00\x00\xfe\xff", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)},
	{"\xff\xfe", utf.UTF16(utf.LittleEndian, utf.IgnoreBOM)},
	{"\xfe\xff", utf.UTF16(utf.BigEndian, utf.IgnoreBOM)},
}

// Decode returns the text of a file in whatever encoding it was saved: by its byte order mark, as UTF-8, else in the code page of
// Windows or of old Macs. Its lines end with \n.
func Decode(file []byte) string {
	text := asUTF8(file)
	for _, mark := range []string{"\ufeff", "ï»¿"} { // the second is a mark that was itself encoded once more
		for strings.HasPrefix(text, mark) {
			text = text[len(mark):]
		}
	}
	text = strings.TrimRight(text, "\x00\x1a") // Ctrl-Z ends a file of DOS programs
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
}

func asUTF8(file []byte) string {
	for _, m := range marks {
		if bytes.HasPrefix(file, []byte(m.bytes)) {
			return decodeWith(m.encoding, file[len(m.bytes):])
		}
	}
	if wide := unmarked(file); wide != nil {
		return decodeWith(wide, file)
	}
	if utf8.Valid(file) {
		return string(file)
	}
	return byLine(file)
}

// unmarked recognizes UTF-16 without a mark: a table has separators, line ends and digits, so that zero stands often, and always in the
// same one of two bytes. Other text has no zero bytes.
func unmarked(file []byte) encoding.Encoding {
	const looked, least = 4096, 8
	file = file[:min(len(file), looked)]
	if len(file) < least {
		return nil
	}
	var zeros [2]int
	for i, b := range file {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch often := len(file) / least; {
	case zeros[1] >= often && zeros[0] == 0:
		return utf.UTF16(utf.LittleEndian, utf.IgnoreBOM)
	case zeros[0] >= often && zeros[1] == 0:
		return utf.UTF16(utf.BigEndian, utf.IgnoreBOM)
	}
	return nil
}

func decodeWith(e encoding.Encoding, file []byte) string {
	text, err := e.NewDecoder().Bytes(file)
	if err != nil {
		return strings.ToValidUTF8(string(file), "\ufffd")
	}
	return string(text)
}

// byLine decides for each line: files are put together from others, so that one line of Windows-1252 must not spoil the UTF-8 of the rest.
func byLine(file []byte) string {
	page := codePage(file)
	var text strings.Builder
	text.Grow(len(file) + len(file)/8)
	for len(file) > 0 {
		end := bytes.IndexAny(file, "\r\n") + 1
		if end == 0 {
			end = len(file)
		}
		if line := file[:end]; utf8.Valid(line) {
			text.Write(line)
		} else {
			text.WriteString(decodeWith(page, line))
		}
		file = file[end:]
	}
	return text.String()
}

// codePage is Windows-1252, unless the lines end as on old Macs and most bytes stand where the Mac has its letters: Windows has
// punctuation there, and its letters from 0xC0 on.
func codePage(file []byte) encoding.Encoding {
	if bytes.IndexByte(file, '\n') >= 0 || bytes.IndexByte(file, '\r') < 0 {
		return charmap.Windows1252
	}
	var mac, windows int
	for _, b := range file {
		switch {
		case b >= 0xc0:
			windows++
		case b >= 0x80 && b < 0xa0:
			mac++
		}
	}
	if mac > windows {
		return charmap.Macintosh
	}
	return charmap.Windows1252
}
