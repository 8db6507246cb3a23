package sites

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// ErrNoHeader is returned for a file that has no line with the columns' names.
var ErrNoHeader = errors.New("the first line must name the columns: url,username,application_password,client,tags")

// LongestImport is the most that a file of sites may have, in bytes.
const LongestImport = longestImport

// What bounds an import. 5,000 sites are about half a megabyte.
const (
	longestImport = 16 << 20
	mostLines     = 20_000
	longestShown  = 200 // of what a bad line holds, in characters
)

var (
	errLongImport = validation.Problems{"file": "This file is larger than 16 MB. Split it and import the parts one at a time."}
	errManyLines  = validation.Problems{"file": "The file has more than 20,000 lines. Split it and import the parts one after another."}
)

// readFile reads a file of sites into the text of a table.
func readFile(file io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(file, longestImport+1))
	if err != nil {
		return "", fmt.Errorf("sites: import: %w", err)
	}
	if len(raw) > longestImport {
		return "", errLongImport
	}
	text, err := spreadsheet.Text(raw, mostLines+mostAbove)
	for cause, sentence := range unreadableFiles {
		if errors.Is(err, cause) {
			return "", validation.Problems{"file": sentence}
		}
	}
	return text, err
}

// unreadableFiles are what a person is told who chose such a file.
var unreadableFiles = map[error]string{
	spreadsheet.ErrOldExcel:  "This is a file of an old Excel. Save it as an Excel workbook (.xlsx) or as CSV, and choose that file.",
	spreadsheet.ErrNotXLSX:   "This is not an Excel workbook. Save the table as .xlsx or CSV, and choose that file.",
	spreadsheet.ErrNoTable:   "No sheet of this workbook holds a table.",
	spreadsheet.ErrProtected: "This workbook is protected by a password. Save it without one, or as CSV.",
}

// readImport reads the file into drafts and the beginning of the report, one of each for every record that holds something.
func readImport(file io.Reader) ([]Draft, []Line, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, nil, err
	}
	found, err := findHeader(text, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := found.complete(); err != nil {
		return nil, nil, err
	}
	return readLines(found)
}

// complete returns ErrNoHeader where the header names not all that is needed: what was guessed is for people to confirm.
func (h header) complete() error {
	if h.sure {
		return nil
	}
	absent := missing(columnsOf(h.cells))
	if len(absent) == 0 {
		absent = missing(h.columns)
	}
	if len(absent) == 0 {
		absent = needed
	}
	return fmt.Errorf("%w; the column %s is missing", ErrNoHeader, absent[0])
}

func readLines(found header) ([]Draft, []Line, error) {
	im := reading{header: found, seen: map[string]int{}}
	reader := spreadsheet.NewReader(found.text, found.separator)
	reader.Swallowed = found.isRecord
	for record, more := reader.Next(); more; record, more = reader.Next() {
		if record.Line >= found.line {
			record = unwrapped(record, found.separator)
		}
		if found.skips(record) {
			continue
		}
		if len(im.lines) == mostLines {
			return nil, nil, errManyLines
		}
		record.Line += found.offset
		d, line := im.read(record)
		im.drafts, im.lines = append(im.drafts, d), append(im.lines, line)
	}
	return im.drafts, im.lines, nil
}

// reading is a file that is being read.
type reading struct {
	header header
	seen   map[string]int // the line that names a home first
	drafts []Draft
	lines  []Line
}

func (im *reading) read(record spreadsheet.Record) (Draft, Line) {
	field := func(name string) string { return im.header.cell(record.Cells, name) }
	line := Line{Number: record.Line, URL: shown(field("url")), Username: shown(field("username")), Name: shown(field("name")),
		Client: shown(field("client")), Tags: shown(field("tags"))}
	if record.Unclosed {
		line.Result = LineBad
		line.Reason = "A double quote opens on this line and is never closed. Close it or remove it, and import this line again."
		return Draft{}, line
	}
	password, mixed := im.header.password(record.Cells)
	d, p := Draft{
		URL: field("url"), Username: field("username"), Password: vault.NewSecret(oneLine(password)),
		Name: givenName(field("name"), field("url")), Client: field("client"), Tags: SplitTags(field("tags")),
	}, validation.Problems{}
	d.clean(p)
	d.cleanCredential(p)
	first, twice := im.seen[wordpress.SiteKey(d.URL)]
	if twice = twice && d.URL != ""; twice {
		p["url"] = fmt.Sprintf("The same site is already on line %d. Keep one of the two.", first)
	}
	line.Note = noteOn(d.Password)
	if mixed && line.Note != "" && p["application_password"] == "" {
		p["application_password"] = line.Note
	}
	if len(p) > 0 {
		line.Note = ""
		line.Result, line.Reason = LineBad, p.Error()
		if twice && len(p) == 1 {
			line.Result = LineTwice
		}
		return Draft{}, line
	}
	im.seen[wordpress.SiteKey(d.URL)], line.URL = record.Line, d.URL
	return d, line
}

var applicationPassword = regexp.MustCompile(`^[A-Za-z0-9]{24}$`)

// noteOn says what is odd about a password. A list that a browser exports holds the passwords of a person's whole life, and none of them
// belongs here; in a column for application passwords others may be meant, since plugins let them in.
func noteOn(password vault.Secret) string {
	if applicationPassword.MatchString(strings.Join(strings.Fields(password.Reveal()), "")) {
		return ""
	}
	return "This looks like a login password. WordPress needs an application password of 24 letters and digits: create one under Users → Profile → Application " +
		"Passwords."
}

// givenName is what a file calls a site, where that is not only its address: browsers call a password by its host.
func givenName(name, address string) string {
	bare := func(text string) string {
		text = strings.ToLower(strings.TrimSpace(text))
		if _, rest, found := strings.Cut(text, "://"); found {
			text = rest
		}
		return strings.TrimPrefix(strings.TrimRight(text, "/"), "www.")
	}
	if n, a := bare(name), bare(address); n == "" || strings.HasPrefix(a, n) || strings.HasPrefix(n, a) || utf8.RuneCountInString(name) > longestName {
		return ""
	}
	return name
}

// oneLine makes blanks of the line breaks that a narrow column leaves in a cell.
func oneLine(cell string) string {
	return strings.ReplaceAll(strings.TrimSpace(cell), "\n", " ")
}

var (
	userInfo      = regexp.MustCompile(`//[^/@\s]*@`)
	passwordGroup = regexp.MustCompile(`^[A-Za-z0-9]{4}(\s*[A-Za-z0-9]{4}){5}$`)
)

// shown is an address as it may be shown and kept where it is wrong: bounded, and without a password that stands in it or in its place.
func shown(cell string) string {
	cell = strings.Join(strings.Fields(wordpress.Visible(cell)), " ")
	if passwordGroup.MatchString(cell) {
		return "[removed]"
	}
	cell = userInfo.ReplaceAllString(cell, "//[removed]@")
	if utf8.RuneCountInString(cell) > longestShown {
		return string([]rune(cell)[:longestShown]) + "…"
	}
	return cell
}
