package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/web"
)

func TestWhatWasNotSentIsNotPrintedAsFailed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	printGroups(&out, []web.TargetLine{{Site: "https://a.example", Outcome: "failed", Reason: "cancelled"},
		{Site: "https://b.example", Outcome: "failed", Reason: "timeout"}})
	if text := out.String(); !strings.Contains(text, "1 × not sent: ") || strings.Count(text, "× failed: ") != 1 {
		t.Errorf("%s", text)
	}
}
