package validation_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/droverhq/drover/internal/validation"
)

func TestProblemsAreListedInTheOrderOfTheirFields(t *testing.T) {
	p := validation.Problems{"url": "Write an address.", "client": "Choose a client.", "tags": "Write fewer tags."}
	for range 20 {
		if got, want := p.Error(), "client: Choose a client.; tags: Write fewer tags.; url: Write an address."; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		if got, want := p.Sentences(), "Choose a client. Write fewer tags. Write an address."; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func TestNoProblemsAreNoError(t *testing.T) {
	if err := (validation.Problems{}).OrNil(); err != nil {
		t.Errorf("no problems are the error %v", err)
	}
	wrapped := fmt.Errorf("sites: %w", validation.Problems{"url": "Write an address."}.OrNil())
	if p, is := errors.AsType[validation.Problems](wrapped); !is || p["url"] == "" {
		t.Errorf("the problems are lost in %v", wrapped)
	}
}
