//go:build unix && !linux

package expression

import (
	"os"
	"syscall"
)

// limitSelf bounds the addresses by a size that holds Go's own reservations; macOS bounds no written memory.
func limitSelf(t task) error {
	return limit(t, map[int]uint64{syscall.RLIMIT_DATA: t.Memory})
}

func ownProgram() (string, error) { return os.Executable() }
