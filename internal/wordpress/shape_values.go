package wordpress

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// failures are the words for a status that says no (JSend has fail and error), and the parts of a code or text that say so or the contrary.
var (
	failures = []string{"fail", "failed", "failure", "err", "error", "errors", "errored", "ko", "nok", "aborted", "denied", "refused", "rejected", "exception",
		"fatal", "unsuccessful",
		"forbidden", "unauthorized", "invalid"}
	badWords  = append([]string{"no", "not", "cannot", "unable", "missing", "expired", "disabled", "blocked", "unknown", "wrong", "bad"}, failures...)
	goodWords = []string{
		"success", "successful", "successfully", "succeeded", "ok", "done", "saved", "updated", "created", "deleted", "removed", "cleared", "purged", "flushed",
		"completed",
		"complete", "valid", "accepted", "queued", "scheduled", "sent", "activated", "installed", "enabled",
	}
)

// saysNo tells whether a status says no: it is a word for failure, or ends in one as validation_failed does.
func saysNo(status string) bool {
	parts := strings.FieldsFunc(strings.ToLower(status), func(r rune) bool { return r == '_' || r == '-' })
	return len(parts) > 0 && slices.Contains(failures, parts[len(parts)-1]) && !slices.Contains([]string{"no", "not", "without"}, parts[0])
}

// noError is how a text says that nothing went wrong.
var noError = regexp.MustCompile(`(?i)\b(?:no|without|0|zero) (?:\w+ )?(?:errors?|failures?|problems?)\b`)

// words tells whether one of the words stands in the text, as a part of its own.
func words(text string, list []string) bool {
	parts := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' })
	return slices.ContainsFunc(parts, func(part string) bool { return slices.Contains(list, part) })
}

// object is an object's fields by name.
type object map[string]json.RawMessage

// plainNames is the object with its names as most plugins write them: some begin with a capital or an underscore, or are all capitals.
// WordPress's own _links stay what they are.
func plainNames(fields object) object {
	for _, name := range slices.Sorted(maps.Keys(fields)) { // of two names that become one, always the same stays
		value, plain := fields[name], strings.TrimLeft(name, "_")
		switch {
		case name == "_links" || name == "_embedded" || plain == "":
			continue
		case strings.ToUpper(plain) == plain:
			plain = strings.ToLower(plain)
		default:
			plain = strings.ToLower(plain[:1]) + plain[1:]
		}
		if plain != name && fields[plain] == nil {
			delete(fields, name)
			fields[plain] = value
		}
	}
	return fields
}

// objectIn is an object's fields; none where it is no object.
func objectIn(raw json.RawMessage) object {
	fields, _ := readObject(raw)
	return fields
}

// numberIn is a whole number, also as text; anything else is 0.
func numberIn(raw json.RawMessage) int {
	n, err := strconv.Atoi(strings.TrimSpace(readText(raw)))
	if err != nil {
		return 0
	}
	return n
}

// flag is yes, no or nothing.
type flag struct{ present, yes bool }

func flagIn(raw json.RawMessage) flag {
	switch strings.ToLower(strings.TrimSpace(readText(raw))) {
	case "true", "1", "yes", "ok":
		return flag{present: true, yes: true}
	case "false", "0", "no":
		return flag{present: true}
	}
	return flag{}
}

// no tells whether it was denied outright.
func (f flag) no() bool { return f.present && !f.yes }

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// only tells whether the object has no other fields than these.
func only(fields object, names []string) bool {
	for name := range fields {
		if !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

// isWord tells a text that is no number.
func isWord(raw json.RawMessage) bool {
	text := readText(raw)
	return len(raw) > 0 && raw[0] == '"' && text != "" && strings.Trim(string(text), "0123456789.-") != ""
}

// isTrue tells whether PHP would take the value for true; an object or list of nothing but false values is false here.
func isTrue(raw json.RawMessage) bool {
	if len(raw) == 0 {
		return false
	}
	if compound(raw) {
		return slices.ContainsFunc(readList(raw), isTrue)
	}
	return !slices.Contains([]string{"null", "false", "0", `"0"`, `""`, `"false"`, `"none"`, `"null"`}, strings.ToLower(string(raw)))
}

// firstTrue returns the first of the fields that is true.
func firstTrue(fields object, names ...string) json.RawMessage {
	for _, name := range names {
		if isTrue(fields[name]) {
			return fields[name]
		}
	}
	return nil
}

// textIn is the text of a value: its own, its message, or the first within it.
func textIn(raw json.RawMessage) string { return textWithin(raw, 4) }

func textWithin(raw json.RawMessage, depth int) string {
	if len(raw) == 0 || depth == 0 {
		return ""
	}
	if raw[0] == '{' {
		if message := textWithin(objectIn(raw)["message"], depth-1); message != "" {
			return message
		}
	}
	if !compound(raw) {
		if string(raw) == "true" || string(raw) == "false" {
			return ""
		}
		return readText(raw)
	}
	for _, each := range readList(raw) {
		if found := textWithin(each, depth-1); found != "" {
			return found
		}
	}
	return ""
}

// codeIn is the code of an error: its own, or the first of a WP_Error's that was put out as it is.
func codeIn(raw json.RawMessage) string {
	fields := firstObject(raw)
	if code := readText(fields["code"]); code != "" {
		return code
	}
	if len(fields) == 1 && raw[0] == '{' {
		for name, value := range fields {
			if len(value) > 0 && value[0] == '[' {
				return name
			}
		}
	}
	return ""
}

// firstObject is an object, or the first of a list: wp_send_json_error puts an error into data in either form.
func firstObject(raw json.RawMessage) object {
	if len(raw) > 0 && raw[0] == '[' {
		if all := readList(raw); len(all) > 0 {
			raw = all[0]
		}
	}
	return objectIn(raw)
}

// or is the first that is not empty.
func or(all ...string) string {
	for _, each := range all {
		if each != "" {
			return each
		}
	}
	return ""
}
