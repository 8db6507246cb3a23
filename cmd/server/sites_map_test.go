package main

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/sites"
)

// --map corrects what was recognized, and leaves the rest of it as it is.
func TestMapAddsToWhatIsRecognized(t *testing.T) {
	t.Parallel()
	recognized := []sites.Column{{Header: "Web", Field: "url"}, {Header: "Login", Field: "username"},
		{Header: "Application Password", Field: "application_password"},
		{Header: "Remarks"}}
	const secret = "Application Password"
	for name, c := range map[string]struct{ mapped, want map[string]string }{
		"one named":       {map[string]string{"url": "Web"}, map[string]string{"url": "Web", "username": "Login", "application_password": secret}},
		"a corrected one": {map[string]string{"username": "Remarks"}, map[string]string{"url": "Web", "username": "Remarks", "application_password": secret}},
		"taken for other": {map[string]string{"client": "Login"},
			map[string]string{"url": "Web", "client": "Login", "application_password": secret}},
		"the third column": {map[string]string{"tags": "#4"},
			map[string]string{"url": "Web", "username": "Login", "application_password": secret, "tags": "#4"}},
	} {
		if got := withRecognized(c.mapped, recognized); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	var out bytes.Buffer
	sayColumns(&out, sites.Preview{Columns: recognized})
	if !strings.Contains(out.String(), `confirm it with --map url="Web" --map username="Login" --map application_password="Application Password"`) {
		t.Errorf("a guess: %s", out.String())
	}
}
