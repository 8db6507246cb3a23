package operation

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// What a route of a plugin is called says more than its method where both differ: plugins delete on a POST, and purge on a GET. A word only
// raises an effect, so one that means something else costs a confirmation, never a site. Emptying a cache is a change, as it is for the
// built-in operations: what was in it is made again. Emptying all of something that is not known to be a cache destroys.
var (
	destroyingVerbs = []string{
		"delete", "remove", "destroy", "erase", "wipe", "truncate", "disable", "deactivate", "uninstall", "reset", "restore", "rollback", "revoke", "terminate",
		"drop", "rm", "unlink",
	}
	emptyingVerbs = []string{"purge", "clear", "flush", "empty", "clean", "cleanup", "prune", "invalidate"}
	// verbObjects are what a verb is written together with: deleteall, clearcache.
	verbObjects = []string{
		"all", "cache", "data", "setting", "option", "post", "page", "user", "plugin", "theme", "log", "db", "table", "file", "item", "everything", "site",
		"firewall", "order", "media",
		"backup", "transient", "license", "key", "by",
	}
	// everything are words for all of something; a trash has nothing else.
	everything = []string{"all", "everything", "trash", "bin", "database", "data"}
	cacheWords = []string{"cache", "cdn", "varnish", "transient", "litespeed", "rocket", "opcode"}
	// actionNames are the parameters by which plugins choose what a route does.
	actionNames = []string{"action", "do", "cmd", "command", "operation", "op", "task", "mode"}
)

// wordEffect is what the words of a route, and of what it is told to do, say that a request does; empty where they say nothing.
func wordEffect(route string, actions []string) Effect {
	texts := append(namedParts(route), actions...)
	effect, all, cache := Effect(""), false, false
	for _, text := range texts {
		text = strings.ToLower(text)
		cache = cache || slices.ContainsFunc(cacheWords, func(word string) bool { return strings.Contains(text, word) })
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			switch {
			case isVerb(word, destroyingVerbs):
				return Destroy
			case isVerb(word, emptyingVerbs):
				effect = Change
			}
			all = all || slices.ContainsFunc(everything, func(each string) bool { return strings.HasSuffix(word, each) })
		}
	}
	if effect == Change && all && !cache {
		return Destroy
	}
	return effect
}

func isVerb(word string, verbs []string) bool {
	return slices.ContainsFunc(verbs, func(verb string) bool {
		object, found := strings.CutPrefix(word, verb)
		return found && (object == "" || slices.ContainsFunc(verbObjects, func(known string) bool { return strings.HasPrefix(object, known) }))
	})
}

// namedParts are the parts of a route that a plugin chose as names. Those of core do what the method and the table say, and the rest are
// names of content. An ability's name counts where it is run.
func namedParts(route string) []string {
	for _, core := range []string{"/wp/v2/", "/wp-block-editor/", "/wp-site-health/", "/oembed/"} {
		if strings.HasPrefix(route, core) {
			return nil
		}
	}
	parts := strings.Split(strings.Trim(route, "/"), "/")
	if strings.HasPrefix(route, abilityRoute) {
		if parts[len(parts)-1] != "run" {
			return nil
		}
		return parts[3 : len(parts)-1]
	}
	return parts
}

const abilityRoute = "/wp-abilities/v1/abilities/"

// abilityOf is the name of the ability that the route runs, empty where it runs none.
func abilityOf(route string) string {
	name, found := strings.CutPrefix(route, abilityRoute)
	name, runs := strings.CutSuffix(name, "/run")
	if !found || !runs {
		return ""
	}
	return name
}

// actionsOf are the values that tell a route of a plugin what to do. One that holds a reference is judged again once it is filled in.
func actionsOf(r Request, sent, form variables) []string {
	var all []string
	for _, v := range []variables{sent, form} {
		for _, name := range actionNames {
			all = append(all, v.named(name)...)
		}
	}
	var body map[string]json.RawMessage
	if json.Unmarshal([]byte(r.Body), &body) != nil {
		return all
	}
	for name, raw := range body {
		var value string
		if slices.Contains(actionNames, strings.ToLower(name)) && json.Unmarshal(raw, &value) == nil && !strings.Contains(value, "{{") {
			all = append(all, value)
		}
	}
	return all
}
