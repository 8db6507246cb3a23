package operation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// postIDs is which posts are meant: the same ids on every site, or each site's own, since the same id is another post elsewhere.
type postIDs struct {
	everywhere []int64
	bySite     map[string][]int64 // by home
}

// readPostIDs reads ids, or CSV lines of an address and its ids. A header line is passed over.
func readPostIDs(text string, p validation.Problems) postIDs {
	if !strings.Contains(text, "://") && !strings.Contains(text, ".") {
		return postIDs{everywhere: integers("post_ids", text, p)}
	}
	bySite := map[string][]int64{}
	for i, record := range lines(text, p) {
		line, number := record.Cells, record.Line
		if i == 0 && headed(line) {
			continue
		}
		home, err := wordpress.ParseHome(line[0])
		if err != nil {
			p["post_ids"] = fmt.Sprintf("Line %d: %s", number, err)
			return postIDs{}
		}
		ids := integers("post_ids", strings.Join(line[1:], " "), p)
		if p["post_ids"] != "" {
			p["post_ids"] = fmt.Sprintf("Line %d: %s", number, p["post_ids"])
			return postIDs{}
		}
		bySite[home] = append(bySite[home], ids...)
	}
	if len(bySite) == 0 && p["post_ids"] == "" {
		p["post_ids"] = "Enter one line per site: its URL, a comma and its post IDs, such as https://acme.example,1 17"
	}
	return postIDs{bySite: bySite}
}

func headed(line []string) bool {
	first := strings.ToLower(strings.TrimSpace(line[0]))
	return first == "url" || first == "site" || first == "address"
}

// lines reads a table as spreadsheets save and copy it, its cells separated by what stands first in its first line.
func lines(text string, p validation.Problems) []spreadsheet.Record {
	text = strings.TrimSpace(spreadsheet.Decode([]byte(text)))
	first, _, _ := strings.Cut(text, "\n")
	separator := byte(',')
	if i := strings.IndexAny(first, spreadsheet.Separators); i >= 0 {
		separator = first[i]
	}
	var all []spreadsheet.Record
	reader := spreadsheet.NewReader(text, separator)
	for record, more := reader.Next(); more; record, more = reader.Next() {
		if record.Unclosed {
			p["post_ids"] = fmt.Sprintf("Line %d: A double quote is opened and never closed. Close it or remove it.", record.Line)
			return nil
		}
		all = append(all, record)
	}
	return all
}

// of returns the posts that are meant on the site.
func (w postIDs) of(home string) []int64 {
	if w.bySite == nil {
		return w.everywhere
	}
	return w.bySite[home]
}

// unmatched names the sites that have a line and are not chosen.
func (w postIDs) unmatched(chosen []Site) validation.Problems {
	return problemOf("post_ids", "These are not among the selected sites (http or https and www matter): ", notChosen(w.bySite, chosen))
}

// notChosen lists the homes that something is given for and that are not among the chosen sites.
func notChosen[V any](byHome map[string]V, chosen []Site) []string {
	left := maps.Clone(byHome)
	for _, s := range chosen {
		delete(left, s.Home)
	}
	return slices.Sorted(maps.Keys(left))
}

func (w postIDs) title() string {
	if w.bySite == nil {
		return plural(len(w.everywhere), "post", "posts")
	}
	n := 0
	for _, ids := range w.bySite {
		n += len(ids)
	}
	return plural(n, "post", "posts") + " of " + plural(len(w.bySite), "site", "sites")
}
