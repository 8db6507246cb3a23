package expression

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// limitSelf limits this process to what it has now and the task's memory more, and lets everything else on the machine go first. What it
// has now counts, since the race detector alone takes terabytes of addresses.
func limitSelf(t task) error {
	size, data, err := memoryNow()
	if err != nil {
		return err
	}
	return limit(t, map[int]uint64{syscall.RLIMIT_AS: size + 2*t.Memory, syscall.RLIMIT_DATA: data + t.Memory})
}

// memoryNow is how many bytes of addresses this process has, and how many of them can be written.
func memoryNow() (size, data uint64, err error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		var to *uint64
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "VmSize":
			to = &size
		case "VmData":
			to = &data
		default:
			continue
		}
		_, after, _ := strings.Cut(line, ":")
		if _, err := fmt.Sscanf(after, "%d kB", to); err != nil {
			return 0, 0, err
		}
		*to <<= 10
	}
	return size, data, nil
}

// ownProgram is the binary that runs, also where another has taken its place on the disk.
func ownProgram() (string, error) { return "/proc/self/exe", nil }
