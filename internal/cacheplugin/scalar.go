package cacheplugin

import (
	"encoding/json"
	"strconv"
)

// scalar is a text, number or truth value as text; empty for anything else. PHP sends one for the other.
func scalar(raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return ""
	}
	switch value := value.(type) {
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return ""
}
