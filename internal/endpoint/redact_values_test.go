package endpoint

import "testing"

func TestRedactValues(t *testing.T) {
	for text, want := range map[string]string{
		`{"dsn":"mysql://shop:hunter2hunter@db.example/wp"}`:       `{"dsn":"mysql://shop:[removed]@db.example/wp"}`,
		`{"cdn":"https:\/\/u:hunter2hunter@cdn.example\/"}`:        `{"cdn":"https:\/\/u:[removed]@cdn.example\/"}`,
		`{"header":"Basic dTpodW50ZXIyaHVudGVy"}`:                  `{"header":"Basic [removed]"}`,
		`{"value":"bearer eyJhbGciOiJIUzI1NiJ9.e30.abc123"}`:       `{"value":"bearer [removed]"}`,
		`{"pass_word":"hunter2hunter"}`:                            `{"pass_word":"[removed]"}`,
		`{"text":"basic information for the bearer of documents"}`: `{"text":"basic information for the bearer of documents"}`,
		`{"link":"https://acme.example:8443/a@b"}`:                 `{"link":"https://acme.example:8443/a@b"}`,
		`{"header":"BASIC dTpodW50ZXIyaHVudGVy"}`:                  `{"header":"BASIC [removed]"}`,
		`{"header":"baſic dTpodW50ZXIyaHVudGVy"}`:                  `{"header":"baſic [removed]"}`,
		"baſic dTpodW50ZXIyaHVudGVy":                               "baſic [removed]",
		`{"dsn":"mysql://u:[removed]@h/db"}`:                       `{"dsn":"mysql://u:[removed]@h/db"}`,
	} {
		if got := Redact(text).Text; got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
