package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	plural "github.com/dustin/go-humanize/english"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/validation"
)

// check holds what would be sent against the route's schema. Values that refer to the site are passed over: they are known later.
func (f Form) check(args map[string]any, p validation.Problems) {
	for name, value := range args {
		schema, known := f.schema[name]
		if !known || refersAnywhere(value) {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			continue
		}
		compiled, err := compile(schema, len(text) <= mostMatched)
		if err != nil {
			continue // a schema that no library can read is for the site to judge
		}
		plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			continue
		}
		if failure, is := compiled.Validate(plain).(*jsonschema.ValidationError); is {
			f.explain(name, failure, p)
		}
	}
}

// compile leaves patterns out where a value is too long to be held against one.
func compile(s Schema, patterns bool) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	compiler.AssertFormat()
	if err := compiler.AddResource("argument.json", s.draft4(0, patterns)); err != nil {
		return nil, err
	}
	return compiler.Compile("argument.json")
}

// explain puts each fault beside the field that it is about, or the one that holds it.
func (f Form) explain(name string, failure *jsonschema.ValidationError, p validation.Problems) {
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
	p[f.holding(at)] = advice(failure.ErrorKind)
}

func (f Form) holding(at []string) string {
	for n := len(at); n > 0; n-- {
		for _, field := range f.Fields {
			if slices.Equal(field.path, at[:n]) {
				return field.Name
			}
		}
	}
	for _, field := range f.Fields {
		if field.path[0] == at[0] {
			return field.Name
		}
	}
	return at[0]
}

var english = message.NewPrinter(language.English)

// advice says what to do about what the library found.
func advice(found jsonschema.ErrorKind) string {
	switch k := found.(type) {
	case *kind.Minimum:
		return "Enter " + plainNumber(k.Want) + " or more."
	case *kind.Maximum:
		return "Enter " + plainNumber(k.Want) + " or less."
	case *kind.MinLength:
		return fmt.Sprintf("Enter at least %s. This has %d.", plural.Plural(k.Want, "character", "characters"), k.Got)
	case *kind.MaxLength:
		return fmt.Sprintf("Enter at most %s. This has %d.", plural.Plural(k.Want, "character", "characters"), k.Got)
	case *kind.MinItems:
		return fmt.Sprintf("Enter at least %d. There are %d.", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("Enter at most %d. There are %d.", k.Want, k.Got)
	case *kind.Enum:
		return "Choose one of: " + strings.Join(texts(k.Want), ", ") + "."
	case *kind.Required:
		return "This is required: " + strings.Join(k.Missing, ", ") + "."
	case *kind.Pattern:
		return "Enter it in the form that the site requires (" + k.Want + ")."
	case *kind.Type:
		return "This must be of the type " + strings.Join(k.Want, " or ") + ", not " + k.Got + "."
	case *kind.Format:
		return "Enter it in the format " + k.Want + "."
	}
	return "The site would reject this: " + strings.TrimSuffix(found.LocalizedString(english), ".") + "."
}

func plainNumber(n *big.Rat) string {
	f, _ := n.Float64()
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// jsonTypes are the types that a schema may name; plugins invent more, which the site's own check passes over.
var jsonTypes = []string{"array", "boolean", "integer", "null", "number", "object", "string"}

// draft4 is the schema as the library reads it, without WordPress's own additions.
func (s Schema) draft4(depth int, patterns bool) map[string]any {
	m := map[string]any{}
	if depth > deepest {
		return m
	}
	set := func(name string, value any, is bool) {
		if is {
			m[name] = value
		}
	}
	types := make([]any, 0, len(s.Types))
	foreign := false
	for i, t := range s.Types {
		foreign = foreign || !slices.Contains(jsonTypes, t)
		if !slices.Contains(s.Types[:i], t) {
			types = append(types, t)
		}
	}
	set("type", types, len(types) > 0 && !foreign)
	set("enum", unlike(s.Enum), len(s.Enum) > 0 && sane(s.Enum))
	set("pattern", strings.ReplaceAll(s.Pattern, `\/`, "/"), patterns && goPattern(s.Pattern) != nil)
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
		m["items"] = s.Items.draft4(depth+1, patterns)
	}
	if len(s.Properties) > 0 {
		properties := map[string]any{}
		required := []any{}
		for name, property := range s.Properties {
			properties[name] = property.draft4(depth+1, patterns)
			if property.Required && !slices.Contains(s.RequiredOf, name) {
				required = append(required, name)
			}
		}
		for i, name := range s.RequiredOf {
			if !slices.Contains(s.RequiredOf[:i], name) {
				required = append(required, name)
			}
		}
		m["properties"] = properties
		set("required", required, len(required) > 0)
	}
	return m
}

// unlike are the values without what stands there twice, which draft 4 forbids.
func unlike(values []any) []any {
	var all []any
	seen := make(map[string]bool, len(values))
	for _, value := range values {
		text, err := json.Marshal(value)
		if err == nil && !seen[string(text)] {
			seen[string(text)] = true
			all = append(all, value)
		}
	}
	return all
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

// sane tells whether every number in the value is one that a computer can hold. The schema's library does not ask.
func sane(value any) bool {
	switch v := value.(type) {
	case json.Number:
		return expression.Finite(v)
	case []any:
		return !slices.ContainsFunc(v, func(each any) bool { return !sane(each) })
	case map[string]any:
		return !slices.ContainsFunc(slices.Collect(maps.Values(v)), func(each any) bool { return !sane(each) })
	}
	return true
}
