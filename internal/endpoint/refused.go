package endpoint

import (
	"encoding/json"
	"strings"

	"github.com/droverhq/drover/internal/validation"
)

// refusal is how WordPress says that an argument is wrong. PHP makes of a list with gaps an object, and of an empty object a list.
type refusal struct {
	Code string
	Data struct {
		Params  json.RawMessage
		Details lenient[map[string]detail]
	}
}

// detail tells more of one argument: the place within it, such as meta[title] (rest_validate_value_from_schema).
type detail struct {
	Message lenient[string]
	Data    lenient[struct{ Param lenient[string] }]
}

// FieldProblems reads WordPress's own words about wrong arguments: rest_invalid_param and rest_missing_callback_param
// (WP_REST_Request::has_valid_params), by field. The words are the site's: in its language, and perhaps with HTML in them.
func FieldProblems(body []byte) validation.Problems {
	var answer refusal
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	switch answer.Code {
	case "rest_invalid_param":
		return invalid(answer)
	case "rest_missing_callback_param":
		p := validation.Problems{}
		for _, name := range listed(answer.Data.Params) {
			p[name] = "The site requires this."
		}
		return p
	}
	return nil
}

func invalid(answer refusal) validation.Problems {
	p := validation.Problems{}
	var says map[string]lenient[string]
	_ = json.Unmarshal(answer.Data.Params, &says)
	for name, message := range says {
		d := answer.Data.Details.value[name]
		text := message.value
		if text == "" || text == Removed { // the argument's own name may be a secret's
			text = d.Message.value
		}
		if text == "" {
			text = "The site rejected this value. Enter another."
		}
		p[fieldName(name, d.Data.value.Param.value)] = text
	}
	if len(says) == 0 {
		for _, name := range listed(answer.Data.Params) {
			p[name] = "The site rejected this value. Enter another."
		}
	}
	return p
}

// fieldName is the form's name for a place within an argument: meta.title for meta[title]; the argument where the place is another's.
func fieldName(name, param string) string {
	if !strings.HasPrefix(param, name+"[") {
		return name
	}
	return strings.NewReplacer("][", ".", "[", ".", "]", "").Replace(param)
}

func listed(raw json.RawMessage) []string {
	var names []string
	if json.Unmarshal(raw, &names) == nil {
		return names
	}
	var numbered map[string]lenient[string]
	_ = json.Unmarshal(raw, &numbered)
	for _, name := range numbered {
		if name.value != "" {
			names = append(names, name.value)
		}
	}
	return names
}
