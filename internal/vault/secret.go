package vault

import (
	"fmt"
	"log/slog"
)

// Secret is a text that must not be seen. However it is printed, logged or encoded, it shows as [sealed]; only Reveal gives it.
type Secret struct{ text string }

const sealedWord = "[sealed]"

// NewSecret wraps the text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text itself. Whoever calls it answers for where it goes.
func (s Secret) Reveal() string { return s.text }

// String returns [sealed].
func (Secret) String() string { return sealedWord }

// GoString returns [sealed].
func (Secret) GoString() string { return sealedWord }

// Format writes [sealed] for every verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, sealedWord) }

// MarshalText returns [sealed], in JSON and everywhere else.
func (Secret) MarshalText() ([]byte, error) { return []byte(sealedWord), nil }

// LogValue returns [sealed].
func (Secret) LogValue() slog.Value { return slog.StringValue(sealedWord) }
