package wordpress

import "testing"

func TestTheVersionOnAPage(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		`<meta name="generator" content="WordPress 6.9.2" />`:                                                          "6.9.2",
		`<META NAME='generator' CONTENT='WordPress 7.1'>`:                                                              "7.1",
		`<meta name="generator" content="WooCommerce 9.8.1">`:                                                          "",
		`<link href="https://a.example/wp-includes/css/dist/block-library/style.min.css?ver=6.5.2" rel="stylesheet">`:  "6.5.2",
		`{"concatemoji":"https:\/\/a.example\/wp-includes\/js\/wp-emoji-release.min.js?ver=6.4"}`:                      "6.4",
		`<script src="https://a.example/wp-includes/js/jquery/jquery.min.js?ver=3.7.1"></script>`:                      "",
		`<link href="/wp-content/plugins/x/wp-includes.css?ver=1.2">`:                                                  "",
		`<meta name="generator" content="WordPress 6.9.2"><script>"wp-includes/js/wp-embed.min.js?ver=6.5.2"</script>`: "6.9.2",
		``: "",
	} {
		if got := versionIn([]byte(page)); got != want {
			t.Errorf("%s: %q, want %q", page, got, want)
		}
	}
}
