package endpoint

import "testing"

func TestRedactValues(t *testing.T) {
	for text, want := range map[string]string{
		`{"dsn":"mysql://shop:hunter2hunter@db.example/wp"}`:                          `{"dsn":"mysql://shop:[removed]@db.example/wp"}`,
		`{"cdn":"https:\/\/u:hunter2hunter@cdn.example\/"}`:                           `{"cdn":"https:\/\/u:[removed]@cdn.example\/"}`,
		`{"header":"Basic dTpodW50ZXIyaHVudGVy"}`:                                     `{"header":"Basic [removed]"}`,
		`{"value":"bearer eyJhbGciOiJIUzI1NiJ9.e30.abc123"}`:                          `{"value":"bearer [removed]"}`,
		`{"pass_word":"hunter2hunter"}`:                                               `{"pass_word":"[removed]"}`,
		`{"text":"basic information for the bearer of documents"}`:                    `{"text":"basic information for the bearer of documents"}`,
		`{"link":"https://acme.example:8443/a@b"}`:                                    `{"link":"https://acme.example:8443/a@b"}`,
		`{"header":"BASIC dTpodW50ZXIyaHVudGVy"}`:                                     `{"header":"BASIC [removed]"}`,
		`{"header":"baſic dTpodW50ZXIyaHVudGVy"}`:                                     `{"header":"baſic [removed]"}`,
		"baſic dTpodW50ZXIyaHVudGVy":                                                  "baſic [removed]",
		`{"key":"sk_live_4eC39HqLyjWDarjt"}`:                                          `{"key":"[removed]"}`,
		`push to ghp_16C7e42F292c6912E7710c838347Ae178B4a now`:                        `push to [removed] now`,
		`{"x":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"}`:                   `{"x":"[removed]"}`,
		`{"pem":"-----BEGIN PRIVATE KEY-----\nMIIEvQ+/=\n-----END PRIVATE KEY-----"}`: `{"pem":"-----BEGIN PRIVATE KEY-----[removed]-----END PRIVATE KEY-----"}`,
		`{"hook":"https:\/\/hooks.slack.com\/services\/T000\/B000\/XXXX"}`:            `{"hook":"https:\/\/hooks.slack.com\/services\/[removed]"}`,
		`<a href="https://b.example/f?X-Amz-Signature=0123456789ab&x=1">`:             `<a href="https://b.example/f?X-Amz-Signature=[removed]&x=1">`,
		`https://a.example/wp-login.php?action=rp&key=Ab3kQ2vL&login=ada`:             `https://a.example/wp-login.php?action=rp&key=[removed]&login=ada`,
		`?action=rp&amp;login=ada&amp;key=Ab3kQ2vL`:                                   `?action=rp&amp;login=ada&amp;key=[removed]`,
		`{"h":"authorization=Bearer hunter2hunter"}`:                                  `{"h":"authorization=[removed] [removed]"}`,
		`<input value="hunter2hunter" class="x" type="password">`:                     `<input value="[removed]" class="x" type="password">`,
		`<input type='password' id=p value='hunter2hunter'>`:                          `<input type='password' id=p value='[removed]'>`,
		`{"ｐａｓｓｗｏｒｄ":"hunter2hunter","mot_de_passe":"hunter3hunter"}`:                 `{"ｐａｓｓｗｏｒｄ":"[removed]","mot_de_passe":"[removed]"}`,
		`{"Passwort":"hunter2hunter","contraseña":"hunter3hunter"}`:                   `{"Passwort":"[removed]","contraseña":"[removed]"}`,
		`{"auth":"hunter2hunter","security_code":"hunter3hunter"}`:                    `{"auth":"[removed]","security_code":"[removed]"}`,
		`{"auth":true,"author":"Ada","passerby":"x","action":"rp","key":"a"}`:         `{"auth":true,"author":"Ada","passerby":"x","action":"rp","key":"a"}`,
		`<input type="text" value="Ada"><input type="password">`:                      `<input type="text" value="Ada"><input type="password">`,
		`{"link":"https://acme.example/signature=none?sig=short"}`:                    `{"link":"https://acme.example/signature=none?sig=short"}`,
		`{"dsn":"mysql://u:[removed]@h/db"}`:                                          `{"dsn":"mysql://u:[removed]@h/db"}`,
	} {
		if got := Redact(text).Text; got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
