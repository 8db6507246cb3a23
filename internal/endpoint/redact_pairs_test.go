package endpoint

import (
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
)

const planted = "S3CRETzq9Value"

// wrappings are the ways in which a name and its value come: each must lose the value and keep the name.
var wrappings = map[string]func(key, value string) string{
	"member":                func(k, v string) string { return fmt.Sprintf(`{%q:%q}`, k, v) },
	"pair":                  func(k, v string) string { return fmt.Sprintf(`[%q,%q]`, k, v) },
	"list of pairs":         func(k, v string) string { return fmt.Sprintf(`[["title","x"],[%q,%q],["b","c"]]`, k, v) },
	"pair with white space": func(k, v string) string { return fmt.Sprintf("[ %q ,\n\t%q ]", k, v) },
	"pair of an object":     func(k, v string) string { return fmt.Sprintf(`[%q,{"value":%q}]`, k, v) },
	"name and value":        func(k, v string) string { return fmt.Sprintf(`[{"name":%q,"value":%q}]`, k, v) },
	"value and name":        func(k, v string) string { return fmt.Sprintf(`[{"value":%q,"name":%q}]`, v, k) },
	"key and val":           func(k, v string) string { return fmt.Sprintf(`{"key":%q,"label":"L","val":%q}`, k, v) },
	"value far before": func(k, v string) string {
		return fmt.Sprintf(`{"meta_value":%q,"note":{"a":[1,"}"]},"meta_key":%q}`, v, k)
	},
	"value of a list": func(k, v string) string { return fmt.Sprintf(`{"field":%q,"values":["a",%q]}`, k, v) },
	"option":          func(k, v string) string { return fmt.Sprintf(`{"option_name":%q,"option_value":%q}`, k, v) },
	"current value": func(k, v string) string {
		return fmt.Sprintf(`{"id":%q,"label":"L","currentValue":%q,"default":""}`, k, v)
	},
	"label and value": func(k, v string) string { return fmt.Sprintf(`{"label":%q,"value":%q}`, k, v) },
	"columns and rows": func(k, v string) string {
		return fmt.Sprintf(`{"columns":["id",%q],"rows":[["1",%q],["2",%q]]}`, k, v, v)
	},
	"header and list": func(k, v string) string { return fmt.Sprintf(`[["id",%q,"x"],["1",%q,"y"]]`, k, v) },
	"flat list":       func(k, v string) string { return fmt.Sprintf(`["title","x",%q,%q]`, k, v) },
	"query":           func(k, v string) string { return "/x?a=1&" + url.QueryEscape(k) + "=" + v + "&b=2" },
	"query in a string": func(k, v string) string {
		return fmt.Sprintf(`{"url":"https://a.example/?a=1&%s=%s&b=2"}`, url.QueryEscape(k), v)
	},
	"escaped query": func(k, v string) string {
		return fmt.Sprintf(`{"next":"https://a.example/?to=%s"}`, url.QueryEscape("/x?a=1&"+k+"="+v+"&b=2"))
	},
	"twice escaped query": func(k, v string) string {
		return fmt.Sprintf(`{"next":"?to=%s"}`, url.QueryEscape(url.QueryEscape("/x?a=1&"+k+"="+v+"&b=2")))
	},
	"HTML query":         func(k, v string) string { return fmt.Sprintf(`<a href="/x?a=1&amp;%s=%s&amp;b=2">`, k, v) },
	"numeric HTML query": func(k, v string) string { return fmt.Sprintf(`<a href='/x?a=1&#038;%s=%s&#038;b=2'>`, k, v) },
	"multipart": func(k, v string) string {
		var b strings.Builder
		w := multipart.NewWriter(&b)
		_ = w.WriteField("title", "x")
		_ = w.WriteField(k, v)
		_ = w.Close()
		return b.String()
	},
	"multipart with a type": func(k, v string) string {
		return "--b\r\nContent-Disposition: form-data; name=" + k + "\r\nContent-Type: text/plain\r\n\r\n" + v + "\r\n--b--\r\n"
	},
	"multipart in JSON": func(k, v string) string {
		return asJSON("--b\r\nContent-Disposition: form-data; name=\"" + k + "\"\r\n\r\n" + v + "\r\n--b--\r\n")
	},
	"XML-RPC": func(k, v string) string {
		return "<struct><member><name>" + k + "</name><value><string>" + v + "</string></value></member></struct>"
	},
	"XML-RPC with white space": func(k, v string) string {
		return "<member>\n  <name> " + k + " </name>\n  <value>\n <string><![CDATA[" + v + "]]></string></value></member>"
	},
	"XML-RPC without a type": func(k, v string) string { return "<member><name>" + k + "</name><value>" + v + "</value></member>" },
	"XML-RPC in JSON": func(k, v string) string {
		return asJSON("<member><name>" + k + "</name><value><string>" + v + "</string></value></member>")
	},
	"plist":                  func(k, v string) string { return "<dict><key>" + k + "</key><string>" + v + "</string></dict>" },
	"XML attribute":          func(k, v string) string { return `<option name="` + k + `" value="` + v + `"/>` },
	"XML attributes swapped": func(k, v string) string { return `<input value="` + v + `" type="hidden" name="` + k + `">` },
	"XML with attributes":    func(k, v string) string { return "<" + strings.Map(tagByte, k) + ` type="string">` + v + "</x>" },
	"XML named element":      func(k, v string) string { return `<field name="` + k + `">` + v + "</field>" },
	"table row":              func(k, v string) string { return "<tr><td>" + k + "</td><td>" + v + "</td></tr>" },
	"table head":             func(k, v string) string { return "<tr><th>" + k + "</th>\n<td>" + v + "</td></tr>" },
	"definition":             func(k, v string) string { return "<dt>" + k + "</dt><dd>" + v + "</dd>" },
	"PHP serialized":         func(k, v string) string { return fmt.Sprintf(`a:1:{s:%d:"%s";s:%d:"%s";}`, len(k), k, len(v), v) },
	"PHP serialized in JSON": func(k, v string) string {
		return asJSON(fmt.Sprintf(`a:1:{s:%d:"%s";s:%d:"%s";}`, len(k), k, len(v), v))
	},
	"print_r":         func(k, v string) string { return "Array\n(\n    [" + k + "] => " + v + "\n)" },
	"var_export":      func(k, v string) string { return "array (\n  '" + k + "' => '" + v + "',\n)" },
	"define":          func(k, v string) string { return "define( '" + k + "', '" + v + "' );" },
	"define in JSON":  func(k, v string) string { return asJSON("define('" + k + "', '" + v + "');") },
	"a call":          func(k, v string) string { return `update_option("` + k + `", "` + v + `")` },
	"script":          func(k, v string) string { return "var s = {'" + k + "': '" + v + "'};" },
	"environment":     func(k, v string) string { return "A=1\n" + k + "=" + v + "\nB=2" },
	"header":          func(k, v string) string { return "X-A: 1\r\n" + k + ": " + v + "\r\nX-B: 2" },
	"YAML":            func(k, v string) string { return "a:\n  " + k + ": " + v + "\n" },
	"CSV with a head": func(k, v string) string { return "id," + k + ",x\n1," + v + ",y\n2," + v + ",z\n" },
	"cookie":          func(k, v string) string { return "Cookie: " + k + "=" + v + "; a=b" },
}

func asJSON(text string) string {
	raw, _ := json.Marshal(map[string]string{"body": text})
	return string(raw)
}

func tagByte(r rune) rune {
	if r == '[' || r == ']' || r == ' ' {
		return '-'
	}
	return r
}

// A secret never survives beside its name, however the two are written, also as a text within JSON within JSON.
func TestSecretsInPairs(t *testing.T) {
	for _, key := range []string{"api_key", "password", "clientSecret", "AUTH_KEY", "access-token"} {
		for name, wrap := range wrappings {
			text := wrap(key, planted)
			if !strings.Contains(text, planted) {
				t.Fatalf("%s: %s does not hold it", name, text)
			}
			for depth, each := range []string{text, asJSON(text), asJSON(asJSON(text)), "Warning: x in y.php\n" + text} {
				got := Redact(each)
				if strings.Contains(got.Text, planted) {
					t.Errorf("%s of %s, %d deep: %s", name, key, depth, got.Text)
				}
				if json.Valid([]byte(each)) && !json.Valid([]byte(got.Text)) {
					t.Errorf("%s of %s, %d deep, is no JSON any more: %s", name, key, depth, got.Text)
				}
			}
		}
	}
}

// What stands beside names of no secret stays.
func TestPlainPairsStay(t *testing.T) {
	for name, wrap := range wrappings {
		for _, key := range []string{"title", "password_protected", "tokens_used", "meta_key"} {
			for _, text := range []string{wrap(key, "plain value"), asJSON(wrap(key, "plain value"))} {
				if got := Redact(text).Text; got != text {
					t.Errorf("%s of %s: %s became %s", name, key, text, got)
				}
			}
		}
	}
	for _, text := range []string{
		`["title","password"]`, `{"required":["username","password"]}`, `{"enum":["token","secret","none"]}`, `["api_key"]`,
		`{"columns":["id","title"],"rows":[["1","x"]]}`,
		`{"type":"object","properties":{"password":{"type":"string","description":"A password."}},"required":["password","title"]}`,
		`<th>Password</th><th>Title</th>`, `<label>Password</label><label>Name</label>`, "id,title\n1,x\n", `<p>Choose a password</p><p>Then go on.</p>`,
	} {
		if got := Redact(text).Text; got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
}

// FuzzSecretsInPairs puts a secret beside its name in every way, with other text around and in both.
func FuzzSecretsInPairs(f *testing.F) {
	f.Add("api_key", "", "", uint8(0))
	f.Add("user[password]", "Warning: {", "}<p>", uint8(3))
	f.Fuzz(func(t *testing.T, key, before, after string, depth uint8) {
		if len(before)+len(after) > 2000 || strings.ContainsAny(key, "<>\"'\\&=,;:\r\n\t#%+/?()|{}") || key != strings.TrimSpace(key) || !SecretKey(key) {
			return
		}
		for _, r := range key {
			if r < ' ' || r > '~' {
				return
			}
		}
		if strings.Contains(before+after+key, planted) {
			return
		}
		for name, wrap := range wrappings {
			text := wrap(key, planted)
			for range depth % 3 {
				text = asJSON(text)
			}
			for _, each := range []string{text, "debris\n" + text + "\n" + after} {
				if got := Redact(each).Text; strings.Contains(got, planted) {
					t.Errorf("%s of %q: %q gave %q", name, key, each, got)
				}
			}
		}
	})
}
