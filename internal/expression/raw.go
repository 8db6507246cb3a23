package expression

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// The functions below read JSON that json.Valid has seen, without building it in memory: an answer of 1 MB can take 40 MB there.

func kindOf(value []byte) string {
	switch value[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

const blanks = " \t\r\n"

// valueEnd is where the value ends that begins at i.
func valueEnd(b []byte, i int) int {
	switch b[i] {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		for depth := 0; ; i++ {
			switch b[i] {
			case '"':
				i = stringEnd(b, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	if n := bytes.IndexAny(b[i:], ",]} \t\r\n"); n >= 0 {
		return i + n
	}
	return len(b)
}

func stringEnd(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skip passes blanks and the one sign that may stand there.
func skip(b []byte, i int, sign byte) int {
	for passed := false; i < len(b); i++ {
		if b[i] == sign && !passed {
			passed = true
		} else if strings.IndexByte(blanks, b[i]) < 0 {
			break
		}
	}
	return i
}

// items calls each with the values of a list, until it says that it is enough.
func items(list []byte, each func([]byte) bool) {
	for i := skip(list, 1, 0); list[i] != ']'; i = skip(list, i, ',') {
		end := valueEnd(list, i)
		if !each(list[i:end]) {
			return
		}
		i = end
	}
}

// members calls each with the names and values of an object in their order there.
func members(object []byte, each func(name string, value []byte)) {
	for i := skip(object, 1, 0); object[i] != '}'; i = skip(object, i, ',') {
		end := stringEnd(object, i)
		name := nameOf(object[i:end])
		i = skip(object, end, ':')
		end = valueEnd(object, i)
		each(name, object[i:end])
		i = end
	}
}

func nameOf(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 && !slices.ContainsFunc(inner, func(c byte) bool { return c >= 0x80 }) {
		return string(inner)
	}
	var name string
	if json.Unmarshal(quoted, &name) != nil {
		return string(inner)
	}
	return name
}

// eachIn calls each with the values of a list, or of an object by their names' order.
func eachIn(value []byte, each func([]byte) bool) {
	if value[0] == '[' {
		items(value, each)
		return
	}
	type member struct {
		name  string
		value []byte
	}
	var found []member
	members(value, func(name string, inner []byte) { found = append(found, member{name, inner}) })
	slices.SortStableFunc(found, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for i, m := range found {
		if i+1 < len(found) && found[i+1].name == m.name {
			continue // the last of a name counts
		}
		if !each(m.value) {
			return
		}
	}
}

func lookUp(object []byte, name string) []byte {
	found := null
	members(object, func(each string, value []byte) {
		if each == name {
			found = value
		}
	})
	return found
}

func itemAt(list []byte, index int) []byte {
	found := null
	items(list, func(value []byte) bool {
		if index == 0 {
			found = value
		}
		index--
		return index >= 0
	})
	return found
}

// signAt is one character of a text: gojq reads a text as a list of them.
func signAt(quoted []byte, index int) []byte {
	for _, sign := range nameOf(quoted) {
		if index == 0 {
			if text, err := json.Marshal(string(sign)); err == nil {
				return text
			}
		}
		index--
	}
	return null
}

// cellOf builds one value in memory. A list or an object becomes its text, with the names in order, so that equal ones are equal.
func cellOf(value []byte) (any, error) {
	if len(value) > maxCell {
		return nil, errCell
	}
	switch value[0] {
	case 'n':
		return nil, nil
	case '"':
		var text string
		err := json.Unmarshal(value, &text)
		return text, err
	}
	var cell any
	if err := decode(value, &cell); err != nil {
		return nil, err
	}
	switch cell = bounded(cell); cell.(type) {
	case []any, map[string]any:
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(cell); err != nil {
			return nil, err
		}
		return json.RawMessage(bytes.TrimSpace(b.Bytes())), nil
	}
	return cell, nil
}

func decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// longestNumber is more digits than any number has that means something; a longer one only costs time.
const longestNumber = 40

// bounded makes texts of numbers that no computer can hold, in place.
func bounded(value any) any {
	switch v := value.(type) {
	case json.Number:
		if len(v) > longestNumber || !Finite(v) {
			return v.String()
		}
	case []any:
		for i := range v {
			v[i] = bounded(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = bounded(v[key])
		}
	}
	return value
}

// Finite tells whether a computer can hold the number.
func Finite(n json.Number) bool {
	_, exponent, has := strings.Cut(strings.ToLower(n.String()), "e")
	_, err := n.Float64()
	return err == nil && !(has && len(exponent) > len("+308"))
}

// First is the first element of a list, else the answer itself. It is null where a list is empty or the value is too large to build, and
// nil where the answer is not JSON.
func First(answer []byte) []byte {
	answer = bytes.TrimSpace(answer)
	if !json.Valid(answer) {
		return nil
	}
	if answer[0] == '[' {
		answer = itemAt(answer, 0)
	}
	if len(answer) > maxCell {
		return null
	}
	return answer
}
