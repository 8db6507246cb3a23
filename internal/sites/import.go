package sites

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/vault"
)

// LineResult is what became of one line of an import.
type LineResult string

// The results of a line.
const (
	LineAdded     LineResult = "added"
	LineUpdated   LineResult = "updated"
	LineUnchanged LineResult = "unchanged"
	LineBad       LineResult = "bad"
)

// Line is the report on one line of an import. It never holds the password.
type Line struct {
	Number int // as an editor counts, the header is line 1
	URL    string
	Result LineResult
	Reason string // of a bad line, what is wrong and what to do
	SiteID int64  // of a good line
}

// ErrNoHeader is returned for a file whose first line does not name the columns.
var ErrNoHeader = errors.New("the first line must name the columns: url,username,application_password,client,tags")

// longestImport bounds an import in bytes; 5,000 sites are about half a megabyte.
const longestImport = 16 << 20

// Import adds the sites of a CSV file and updates the ones that are there already. Every good line is stored, bad ones are reported
// with the reason; importing the same file twice changes nothing. An empty client or tags column of a known site leaves them alone.
func (r *Registry) Import(ctx context.Context, actor access.Actor, file io.Reader) ([]Line, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteImport, ""); err != nil {
		return nil, err
	}
	drafts, lines, err := readImport(file)
	if err != nil {
		return nil, err
	}
	known, err := r.store.list(ctx, nil, Filter{})
	if err != nil {
		return nil, err
	}
	retired, err := r.store.list(ctx, nil, Filter{State: Retired})
	if err != nil {
		return nil, err
	}
	im := importing{registry: r, known: map[string]Site{}}
	ids := make([]int64, 0, len(known))
	for _, s := range slices.Concat(known, retired) {
		im.known[s.Home] = s
		ids = append(ids, s.ID)
	}
	if im.sealed, err = r.store.credentials(ctx, ids); err != nil {
		return nil, err
	}
	err = r.store.change(ctx, actor, func(w write) error { return im.store(w, drafts, lines) })
	if err != nil {
		return nil, fmt.Errorf("sites: import: nothing was stored: %w", err)
	}
	return lines, nil
}

// importing is an import under way.
type importing struct {
	registry *Registry
	known    map[string]Site
	sealed   map[int64]credentialRow
}

// store stores the good lines and completes the report on each.
func (im importing) store(w write, drafts []Draft, lines []Line) error {
	counts := map[LineResult]int{}
	for i := range lines {
		if lines[i].Result != LineBad {
			if err := im.line(w, drafts[i], &lines[i]); err != nil {
				return fmt.Errorf("line %d: %w", lines[i].Number, err)
			}
		}
		counts[lines[i].Result]++
	}
	if counts[LineAdded]+counts[LineUpdated] == 0 {
		return nil
	}
	return w.recordMany(access.SiteImport, map[string]any{
		"added": counts[LineAdded], "updated": counts[LineUpdated], "unchanged": counts[LineUnchanged], "bad": counts[LineBad],
	})
}

func (im importing) line(w write, d Draft, line *Line) error {
	s, found := im.known[d.URL]
	if found && !within(w.actor, s) {
		line.Result, line.Reason = LineBad, beyondReach
		return nil
	}
	said, p := d, Problems{}
	if found {
		said = keepUnsaid(d, s)
	}
	if said.checkReach(w.actor, p); len(p) > 0 {
		line.Result, line.Reason = LineBad, p.Error()
		return nil
	}
	if !found {
		id, err := im.registry.insert(w, d)
		line.Result, line.SiteID = LineAdded, id
		return err
	}
	if !s.RetiredAt.IsZero() {
		line.Result, line.Reason = LineBad, "This site was retired. Bring it back first, then import it again."
		return nil
	}
	line.Result, line.SiteID = LineUnchanged, s.ID
	d = said
	if len(changesOf(s, d)) > 0 {
		line.Result = LineUpdated
		if err := w.edit(s, d); err != nil {
			return err
		}
	}
	same, err := im.sameCredential(s, d)
	if err != nil || same {
		return err
	}
	line.Result = LineUpdated
	return im.registry.replace(w, s, d)
}

// keepUnsaid leaves what the file does not say as it is.
func keepUnsaid(d Draft, s Site) Draft {
	d.Name = s.Name
	if d.Client == "" {
		d.Client = s.Client
	}
	if len(d.Tags) == 0 {
		d.Tags = s.Tags
	}
	return d
}

func (im importing) sameCredential(s Site, d Draft) (bool, error) {
	row, found := im.sealed[s.ID]
	if !found || row.Username != d.Username {
		return false, nil
	}
	password, err := im.registry.vault.Open(row.Sealed, binding(s.ID, s.Home))
	return err == nil && password.Reveal() == d.Password.Reveal(), err
}

// readImport reads the file into drafts and the beginning of the report, one of each for every line that holds something.
func readImport(file io.Reader) ([]Draft, []Line, error) {
	text, err := io.ReadAll(io.LimitReader(file, longestImport+1))
	if err != nil {
		return nil, nil, fmt.Errorf("sites: import: %w", err)
	}
	if len(text) > longestImport {
		return nil, nil, Problems{"file": "The file is larger than 16 MB. Split it and import the parts one after another."}
	}
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	reader.FieldsPerRecord, reader.LazyQuotes, reader.TrimLeadingSpace = -1, true, true
	reader.Comma = separator(text)
	columns, err := header(reader)
	if err != nil {
		return nil, nil, err
	}
	var drafts []Draft
	var lines []Line
	seen := map[string]int{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return drafts, lines, nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			drafts, lines = append(drafts, Draft{}), append(lines, Line{Number: broken.StartLine, Result: LineBad, Reason: "This line is not valid CSV: " + broken.Err.Error() + "."})
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("sites: import: %w", err)
		}
		if strings.TrimSpace(strings.Join(record, "")) == "" {
			continue
		}
		number, _ := reader.FieldPos(0)
		d, line := readLine(record, columns, number, seen)
		drafts, lines = append(drafts, d), append(lines, line)
	}
}

func readLine(record []string, columns map[string]int, number int, seen map[string]int) (Draft, Line) {
	field := func(name string) string {
		if i, found := columns[name]; found && i < len(record) {
			return record[i]
		}
		return ""
	}
	d := Draft{
		URL: field("url"), Username: field("username"), Password: vault.NewSecret(field("application_password")),
		Client: field("client"), Tags: SplitTags(field("tags")),
	}
	line, p := Line{Number: number, URL: strings.TrimSpace(d.URL)}, Problems{}
	d.clean(p)
	d.cleanCredential(p)
	if first, twice := seen[d.URL]; twice && d.URL != "" {
		p["url"] = fmt.Sprintf("The same site stands on line %d already. Keep one of the two.", first)
	}
	if len(p) > 0 {
		line.Result, line.Reason = LineBad, p.Error()
		return d, line
	}
	seen[d.URL], line.URL = number, d.URL
	return d, line
}

// separator guesses what separates the columns from the first line: spreadsheets of many countries write semicolons.
func separator(text []byte) rune {
	first, _, _ := bufio.NewReader(bytes.NewReader(text)).ReadLine()
	for _, candidate := range []rune{',', ';', '\t'} {
		if bytes.ContainsRune(first, candidate) {
			return candidate
		}
	}
	return ','
}

func header(reader *csv.Reader) (map[string]int, error) {
	names, err := reader.Read()
	if err != nil {
		return nil, ErrNoHeader
	}
	columns := make(map[string]int, len(names))
	for i, name := range names {
		columns[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, needed := range []string{"url", "username", "application_password"} {
		if _, found := columns[needed]; !found {
			return nil, fmt.Errorf("%w; the column %s is missing", ErrNoHeader, needed)
		}
	}
	return columns, nil
}
