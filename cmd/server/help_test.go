package main

import (
	"io"
	"strings"
	"testing"
)

// What is not known, or too little, is an error of usage that says what to write.
func TestWrongUseSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"help nonsense":           `unknown command "nonsense"`,
		"help sites nonsense":     `unknown command "sites nonsense"`,
		"completion tcsh":         "choose a shell",
		"completion":              "choose a shell",
		"restore":                 "write drover restore FILE",
		"restore one two":         "write drover restore FILE",
		"install --dry-run --yes": "choose one of --yes and --dry-run",
		"nonsense":                `unknown command "nonsense"`,
		"doctor --nonsense":       "unknown flag: --nonsense",
	} {
		root := command()
		root.SetArgs(strings.Fields(args))
		root.SetOut(io.Discard)
		if err := root.ExecuteContext(t.Context()); err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("drover %s: %v, want %q", args, err, want)
		}
	}
	for _, args := range []string{"help", "help settings", "help sites import", "help completion zsh", "completion bash"} {
		root := command()
		root.SetArgs(strings.Fields(args))
		root.SetOut(io.Discard)
		if err := root.ExecuteContext(t.Context()); err != nil {
			t.Errorf("drover %s: %v", args, err)
		}
	}
}
