package endpoint

import "testing"

func TestParseAbilities(t *testing.T) {
	all, err := ParseAbilities([]byte(`[
		{"name":"core/info","label":"Info",
			"input_schema":{"type":"object","properties":{"fields":{"type":"array","items":{"type":"string","enum":["name"]}}}},
			"meta":{"annotations":{"readonly":true}}},
		{"name":"acme/trash","input_schema":[],"meta":{"annotations":{"destructive":true,"idempotent":true}}},
		{"name":"acme/wipe","meta":{"annotations":{"destructive":true,"idempotent":null}}},
		{"name":"acme/mail","input_schema":{"type":"object","required":["to"],"properties":{"to":{"type":"string"}}},"meta":[]},
		{"name":"../x"}]`))
	if err != nil || len(all) != 4 {
		t.Fatalf("%+v, %v", all, err)
	}
	for i, want := range []string{"acme/mail POST change", "acme/trash DELETE destroy", "acme/wipe POST destroy", "core/info GET read"} {
		if got := all[i].Name + " " + all[i].Method + " " + all[i].Effect; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	form := FormOf(all[0].Route, all[0].Route.Endpoints[0])
	if _, problems := form.Fill(nil); problems["input.to"] == "" {
		t.Errorf("%+v", problems)
	}
	filled, problems := form.Fill(map[string][]string{"input.to": {"a@b.example"}})
	if len(problems) > 0 || filled.Path != "/wp-abilities/v1/abilities/acme/mail/run" || filled.Body != "{\n  \"input\": {\n    \"to\": \"a@b.example\"\n  }\n}" {
		t.Errorf("%+v %v", filled, problems)
	}
	read := FormOf(all[3].Route, all[3].Route.Endpoints[0])
	if filled, _ := read.Fill(map[string][]string{"input.fields": {"name"}}); filled.Path !=
		"/wp-abilities/v1/abilities/core/info/run?input%5Bfields%5D%5B%5D=name" {
		t.Errorf("%+v", filled)
	}
	odd, err := ParseAbilities([]byte(`[{"name":"acme/shop/orders/count","label":7,"description":[],"meta":{"annotations":{"readonly":true}},
		"input_schema":{"type":"object","properties":{"open":{"type":"boolean"},"all":{"type":"boolean"}}}},7,{"name":["x"]}]`))
	if err != nil || len(odd) != 1 || odd[0].Label != "7" {
		t.Fatalf("%+v, %v", odd, err)
	}
	count := FormOf(odd[0].Route, odd[0].Route.Endpoints[0])
	filled, problems = count.Fill(map[string][]string{"input.open": {"true"}, "input.all": {"false"}})
	if len(problems) > 0 || filled.Path != "/wp-abilities/v1/abilities/acme/shop/orders/count/run?input%5Ball%5D=0&input%5Bopen%5D=1" {
		t.Errorf("%+v %v", filled, problems)
	}
	if _, err := ParseAbilities([]byte(`{"code":"rest_no_route"}`)); err == nil {
		t.Error("an error passed for abilities")
	}
}
