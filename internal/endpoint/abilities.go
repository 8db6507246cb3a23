package endpoint

import (
	"encoding/json"
	"slices"
	"strings"
)

// Ability is something that a site of WordPress 6.9 or newer can be told to do (developer.wordpress.org, "Abilities API").
type Ability struct {
	Name, Label, Description, Category string

	Method string // GET where it only reads, DELETE where it destroys and may be repeated, else POST
	Effect string // read, change or destroy
	Route  Route  // with one verb, which takes the argument input
}

const abilityPath = "/wp-abilities/v1/abilities/"

// ParseAbilities reads the answer of /wp-abilities/v1/abilities.
func ParseAbilities(body []byte) ([]Ability, error) {
	var raw []lenient[struct {
		Name, Label, Description, Category phpText

		InputSchema json.RawMessage `json:"input_schema"`
		Meta        lenient[struct {
			Annotations lenient[struct{ Readonly, Destructive, Idempotent lenient[bool] }]
		}]
	}]
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, ErrIndex
	}
	var all []Ability
	for _, each := range raw {
		r, name := each.value, string(each.value.Name)
		if name == "" || strings.ContainsAny(name, "?#{}\\ ") || strings.Contains(name, "..") {
			continue
		}
		a := Ability{Name: name, Label: string(r.Label), Description: string(r.Description), Category: string(r.Category), Method: "POST", Effect: "change"}
		switch says := r.Meta.value.Annotations.value; {
		case says.Readonly.value:
			a.Method, a.Effect = "GET", "read"
		case says.Destructive.value && says.Idempotent.value:
			a.Method, a.Effect = "DELETE", "destroy"
		case says.Destructive.value:
			a.Effect = "destroy"
		}
		args := map[string]Schema{}
		if input := parseSchema(r.InputSchema, 0); len(input.Types) > 0 || len(input.Properties) > 0 {
			input.Required = input.Required || len(input.RequiredOf) > 0
			args["input"] = input
		}
		a.Route = Route{Namespace: "wp-abilities/v1", Template: abilityPath + name + "/run", Endpoints: []Verb{{a.Method, args}}}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Ability) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}
