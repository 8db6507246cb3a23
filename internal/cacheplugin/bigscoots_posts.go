package cacheplugin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// causes are BigScoots Cache's names for posts that it did not purge, in its own spelling.
var causes = map[string]string{
	"post_doesnt_exists":                    "do not exist",
	"post_part_of_ignored_post_type":        "are of a type that is not cached",
	"post_status_is_not_publish_or_private": "are not published",
	"no_permalink_found":                    "have no address",
}

// missedPosts judges a success that names posts which were not purged. When not even one was purged, it is a failure.
func missedPosts(a Answer) (Verdict, bool) {
	if a.Method == http.MethodHead {
		return Verdict{}, false
	}
	missed := a.Fields["post_ids_with_error"]
	if len(missed) == 0 {
		missed = firstObject(a.Fields["data"])["post_ids_with_error"]
	}
	byCause := postsByCause(missed)
	if len(byCause) == 0 {
		return Verdict{}, false
	}
	var notes []string
	all := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(byCause)) {
		says, known := causes[name]
		if !known {
			says = strings.TrimSpace("were not purged " + cut(name, 60))
		}
		for _, id := range byCause[name] {
			all[id] = true
		}
		notes = append(notes, "Posts "+strings.Join(byCause[name], ", ")+" "+says+".")
	}
	v := Verdict{Outcome: "partial", Note: strings.Join(notes, " ")}
	if ids := requestedPosts(a.Request); len(ids) > 0 && !slices.ContainsFunc(ids, func(id string) bool { return !all[id] }) {
		v.Outcome, v.Reason = "failed", "invalid_input"
	}
	return v, true
}

// requestedPosts reads the posts that the request named.
func requestedPosts(body []byte) []string {
	var request struct {
		IDs any `json:"post_ids"`
	}
	if decode(body, &request) != nil {
		return nil
	}
	return scalars(request.IDs)
}

// postsByCause reads the posts by cause. The plugin names every cause, most with an empty list; PHP writes a list with gaps as an
// object, and no names at all as a list. What has another form stands without a cause, so that it is never taken for nothing.
func postsByCause(raw json.RawMessage) map[string][]string {
	var value any
	if decode(raw, &value) != nil {
		return nil
	}
	named, is := value.(map[string]any)
	if !is {
		named = map[string]any{"": value}
	}
	byCause := map[string][]string{}
	for name, posts := range named {
		if ids := scalars(posts); len(ids) > 0 {
			byCause[name] = ids
		}
	}
	return byCause
}

// scalars lists the numbers and texts in a value, however deep, the shorter first: ids come in their order.
func scalars(value any) []string {
	var found []string
	var collect func(any)
	collect = func(value any) {
		switch v := value.(type) {
		case json.Number:
			found = append(found, v.String())
		case string:
			if v != "" {
				found = append(found, cut(v, 60))
			}
		case []any:
			for _, each := range v {
				collect(each)
			}
		case map[string]any:
			for _, each := range v {
				collect(each)
			}
		}
	}
	collect(value)
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return found
}

// decode keeps numbers as they are written.
func decode(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// firstObject is an object, or the first of a list: wp_send_json_error puts an error into data in either form.
func firstObject(raw json.RawMessage) map[string]json.RawMessage {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) == nil && len(all) > 0 {
		raw = all[0]
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // what is no object has no fields
	return fields
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
