package vault

import (
	"fmt"
	"os"
	"time"
)

func stat(path string) (fingerprint, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fingerprint{}, fmt.Errorf("vault: %w", err)
	}
	return fingerprint{info.ModTime(), info.Size()}, nil
}

// fingerprint tells whether a file was replaced.
type fingerprint struct {
	at   time.Time
	size int64
}
