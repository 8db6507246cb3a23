package operation

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

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
	for number, line := range lines(text, p) {
		if number == 0 && headed(line) {
			continue
		}
		home, err := wordpress.ParseHome(line[0])
		if err != nil {
			p["post_ids"] = fmt.Sprintf("Line %d: %s", number+1, err)
			return postIDs{}
		}
		ids := integers("post_ids", strings.Join(line[1:], " "), p)
		if p["post_ids"] != "" {
			p["post_ids"] = fmt.Sprintf("Line %d: %s", number+1, p["post_ids"])
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

// lines splits CSV with commas, semicolons or tabs.
func lines(text string, p validation.Problems) [][]string {
	reader := csv.NewReader(strings.NewReader(strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))))
	reader.FieldsPerRecord, reader.TrimLeadingSpace = -1, true
	first, _, _ := strings.Cut(text, "\n")
	if i := strings.IndexAny(first, ",;\t"); i >= 0 {
		reader.Comma = rune(first[i])
	}
	var all [][]string
	for {
		line, err := reader.Read()
		if err == io.EOF {
			return all
		}
		if err != nil {
			p["post_ids"] = fmt.Sprintf("This is not CSV: %s. Enter lines such as https://acme.example,1 17", err)
			return nil
		}
		all = append(all, line)
	}
}

// of returns the posts that are meant on the site.
func (w postIDs) of(home string) []int64 {
	if w.bySite == nil {
		return w.everywhere
	}
	return w.bySite[home]
}

// strays names the sites that have a line and are not chosen.
func (w postIDs) strays(chosen []Site) validation.Problems {
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
