package wordpress

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestReadTexts(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want []string
	}{
		{`["a","b"]`, []string{"a", "b"}},
		{`{"0":"a","2":"b","10":"c"}`, []string{"a", "b", "c"}},
		{`{"b":"2","a":"1"}`, []string{"1", "2"}},
		{`["a",7,null,["x"],{"y":1},""]`, []string{"a", "7"}},
		{`"a"`, []string{"a"}},
		{`12`, []string{"12"}},
		{`[]`, nil}, {`{}`, nil}, {`null`, nil}, {``, nil}, {`{"0":`, nil},
	} {
		if got := readTexts(json.RawMessage(c.raw)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", c.raw, got, c.want)
		}
	}
}

func TestReadText(t *testing.T) {
	for raw, want := range map[string]string{`"a"`: "a", `2024`: "2024", `12345678901234567890`: "12345678901234567890", `2.81`: "2.81", `true`: "true",
		`null`: "", `[]`: "", `{}`: "", ``: ""} {
		if got := readText(json.RawMessage(raw)); got != want {
			t.Errorf("%s: %q, not %q", raw, got, want)
		}
	}
}

func TestReadObject(t *testing.T) {
	for raw, want := range map[string]bool{`{"a":1}`: true, `{}`: true, `[]`: true, `[1]`: false, `null`: false, `7`: false, ``: false} {
		if _, is := readObject(json.RawMessage(raw)); is != want {
			t.Errorf("%s: %t", raw, is)
		}
	}
}

func FuzzLenient(f *testing.F) {
	for _, seed := range []string{`{"0":"wp/v2","2":7}`, `["a"]`, `[]`, `"x"`, `{"name":7,"namespaces":{"1":"a"},"authentication":[]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		texts := readTexts(raw)
		if len(texts) > 0 && !json.Valid(raw) {
			t.Fatalf("%q was read from what is no JSON", texts)
		}
		if slices.Contains(texts, "") {
			t.Fatal("an empty text was kept")
		}
		if i, is := parseIndex(raw); is && len(i.Namespaces) == 0 && i.Home == "" && i.URL == "" {
			t.Fatalf("%q is taken for an index", raw)
		}
	})
}
