package endpoint

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// check holds what would be sent against the route's schema. Values that refer to the site are passed over: they are known later.
func (f Form) check(query url.Values, body map[string]any, p Problems) {
	if f.Method == "GET" || f.Method == "DELETE" {
		return // the query's values were turned into their types one by one
	}
	for name, value := range body {
		schema, known := f.schema[name]
		if !known || refersAnywhere(value) {
			continue
		}
		compiled, err := compile(schema)
		if err != nil {
			continue // a schema that no library can read is for the site to judge
		}
		text, err := json.Marshal(value)
		if err != nil {
			continue
		}
		plain, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			continue
		}
		if failure, is := compiled.Validate(plain).(*jsonschema.ValidationError); is {
			f.explain(name, failure, p)
		}
	}
}

func compile(s Schema) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	compiler.AssertFormat()
	if err := compiler.AddResource("argument.json", s.draft4(0)); err != nil {
		return nil, err
	}
	return compiler.Compile("argument.json")
}

// explain puts each fault beside the field that it is about.
func (f Form) explain(name string, failure *jsonschema.ValidationError, p Problems) {
	for _, cause := range failure.Causes {
		f.explain(name, cause, p)
	}
	if len(failure.Causes) > 0 {
		return
	}
	at := append([]string{name}, failure.InstanceLocation...)
	if missing, is := failure.ErrorKind.(*kind.Required); is && len(missing.Missing) > 0 {
		at = append(at, missing.Missing[0])
	}
	for n := len(at); n > 0; n-- {
		field := strings.Join(at[:n], ".")
		for _, known := range f.Fields {
			if known.Name == field {
				p[field] = sentence(failure.ErrorKind.LocalizedString(english))
				return
			}
		}
	}
	p[f.Fields[0].Name] = sentence(failure.ErrorKind.LocalizedString(english))
}

var english = message.NewPrinter(language.English)

func sentence(text string) string {
	if text == "" {
		return "The site would not accept this."
	}
	return "The site would not accept this: " + strings.TrimSuffix(text, ".") + "."
}

// draft4 is the schema as the library reads it, without WordPress's own additions.
func (s Schema) draft4(depth int) map[string]any {
	m := map[string]any{}
	if depth > deepest {
		return m
	}
	set := func(name string, value any, is bool) {
		if is {
			m[name] = value
		}
	}
	types := make([]any, len(s.Types))
	for i, t := range s.Types {
		types[i] = t
	}
	set("type", types, len(types) > 0)
	set("enum", s.Enum, len(s.Enum) > 0)
	set("pattern", s.Pattern, s.Pattern != "")
	// WordPress does not check "uri", and its dates may lack a zone (rest_validate_value_from_schema).
	set("format", s.Format, s.Format == "email" || s.Format == "ip" || s.Format == "uuid")
	if s.Minimum != nil {
		m["minimum"] = *s.Minimum
	}
	if s.Maximum != nil {
		m["maximum"] = *s.Maximum
	}
	for name, bound := range map[string]*int{"minLength": s.MinLength, "maxLength": s.MaxLength, "minItems": s.MinItems, "maxItems": s.MaxItems} {
		if bound != nil {
			m[name] = *bound
		}
	}
	if s.Items != nil {
		m["items"] = s.Items.draft4(depth + 1)
	}
	if len(s.Properties) > 0 {
		properties := map[string]any{}
		required := []any{}
		for name, property := range s.Properties {
			properties[name] = property.draft4(depth + 1)
			if property.Required {
				required = append(required, name)
			}
		}
		for _, name := range s.RequiredOf {
			required = append(required, name)
		}
		m["properties"] = properties
		set("required", required, len(required) > 0)
	}
	return m
}

// refersAnywhere tells whether some text in the value refers to the site.
func refersAnywhere(value any) bool {
	switch v := value.(type) {
	case string:
		return Refers(v)
	case []any:
		for _, each := range v {
			if refersAnywhere(each) {
				return true
			}
		}
	case map[string]any:
		for _, each := range v {
			if refersAnywhere(each) {
				return true
			}
		}
	}
	return false
}
