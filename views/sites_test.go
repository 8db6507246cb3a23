package views

import "testing"

// What is broken comes first, whatever the states are called.
func TestStatesByUrgency(t *testing.T) {
	t.Parallel()
	text := ""
	for _, c := range inWords([]Chip{{Label: "broken"}, {Label: "ready"}, {Label: "unchecked"}, {Label: "warning"}}) {
		text += c.Label + " "
	}
	if text != "Broken Warning Not checked Ready " {
		t.Errorf("%q", text)
	}
}
