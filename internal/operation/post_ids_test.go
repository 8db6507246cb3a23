package operation

import (
	"fmt"
	"testing"

	"github.com/droverhq/drover/internal/validation"
)

// Tables as people copy them out of spreadsheets.
func TestPostIDsAreReadAsTablesAreSaved(t *testing.T) {
	const want = "map[https://one.example:[1 17] https://two.example:[2]]"
	for name, text := range map[string]string{
		"commas":          "https://one.example,1 17\nhttps://two.example,2",
		"a header":        "url;post_ids\nhttps://one.example;1;17\nhttps://two.example;2\n",
		"tabs and CRLF":   "https://one.example\t1 17\r\nhttps://two.example\t2\r\n",
		"old line ends":   "https://one.example,1 17\rhttps://two.example,2",
		"bars, a mark":    "\ufeffhttps://one.example|1 17\nhttps://two.example|2",
		"quoted cells":    "\"https://one.example\",\"1, 17\"\nhttps://two.example,2",
		"an empty line":   "https://one.example,1 17\n\nhttps://two.example,2",
		"wp-admin pasted": "https://one.example/wp-admin/post.php?post=1,1 17\nhttps://two.example,2",
	} {
		p := validation.Problems{}
		if got := fmt.Sprint(readPostIDs(text, p).bySite); got != want || len(p) > 0 {
			t.Errorf("%s: %s, %v", name, got, p)
		}
	}
	p := validation.Problems{}
	if got := readPostIDs("https://one.example,\"1\n\nhttps://two.example,2", p); len(got.bySite) > 0 || p["post_ids"] == "" {
		t.Errorf("a quote never closed: %+v, %v", got, p)
	}
}
