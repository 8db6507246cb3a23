package endpoint

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A site's own patterns and schemas cost no more than its answer has bytes, whatever they say.
func TestSitesPatternsAreBounded(t *testing.T) {
	for _, pattern := range []string{
		"(a{1000}){1000}", strings.Repeat("(a{1000})", 100), strings.Repeat("a{999}", 1000), "((((a{30}){30}){30}){30})", strings.Repeat("(", 900),
		`(a|b|c){800}[^x]{900}`, strings.Repeat(`\pL`, 300) + "{1000}", strings.Repeat("(a*)*", 180),
	} {
		form := Form{Method: "POST", Template: "/x", Fields: []Field{{Name: "v", Place: InBody, Kind: Text, path: []string{"v"},
			schema: Schema{Types: []string{"string"}, Pattern: pattern}}},
			schema: map[string]Schema{"v": {Types: []string{"string"}, Pattern: pattern}}}
		began, before := time.Now(), allocated()
		for _, text := range []string{"aaa", strings.Repeat("a", 1<<20)} {
			if filled, _ := form.Fill(map[string][]string{"v": {text}}); filled.Method != "POST" {
				t.Errorf("%.30s: %+v", pattern, filled.Method)
			}
			Variable{Pattern: pattern}.slashed()
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%.30s took %s", pattern, took)
		}
		if used := allocated() - before; used > 40<<20 {
			t.Errorf("%.30s used %d MB", pattern, used>>20)
		}
	}
	for pattern, text := range map[string]string{`^[^.\/]+(?:\/[^.\/]+)?$`: "akismet/akismet", `#([a-fA-F0-9]{3}){1,2}\b`: "#aabbcc", `[\d]+`: "17",
		`[\w-]{1,60}`: "a-b"} {
		if re := goPattern(pattern); re == nil || !re.MatchString(text) {
			t.Errorf("%s is usual and was left out", pattern)
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestEnumsAreBounded(t *testing.T) {
	values := make([]any, 50_000)
	for i := range values {
		values[i] = fmt.Sprint(i / 2)
	}
	began := time.Now()
	if got := unlike(values); len(got) != 25_000 || got[1] != "1" {
		t.Errorf("%d values", len(got))
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}

// What a text becomes is known before it is made.
func TestReferencesTellTheSize(t *testing.T) {
	values := Values{"site.name": "Acme", "row.text": strings.Repeat("x", 1000)}
	for text, want := range map[string]int{"": 0, "plain": 5, "{{site.name}}": 4, "a{{row.text}}b{{ row.text:text }}c": 2003, "{{row.gone}}": 0,
		"open {{site.name": 16} {
		if got := CountReferences(text).Size(values); got != want || got != len(replace(text, values, func(s string) string { return s })) {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

func TestTheRowsOfATableAreBounded(t *testing.T) {
	if _, err := ReadRows("site" + strings.Repeat(",c", 300) + "\n"); err == nil || !strings.Contains(err.Error(), "more than 200 columns") {
		t.Error(err)
	}
}
