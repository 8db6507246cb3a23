//go:build unix

package expression

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// niceness lets the server, and everything else, go first.
const niceness = 10

// closeInherited closes what the parent got without wanting it: Go's own files are never given on.
func closeInherited() error {
	files, err := os.ReadDir("/dev/fd")
	if err != nil {
		return err
	}
	for _, f := range files {
		n, err := strconv.Atoi(f.Name())
		if err != nil || n <= 2 {
			continue
		}
		flags, _, failed := syscall.Syscall(syscall.SYS_FCNTL, uintptr(n), syscall.F_GETFD, 0)
		if failed == 0 && flags&syscall.FD_CLOEXEC == 0 {
			_ = syscall.Close(n)
		}
	}
	return nil
}

func limit(t task, bounds map[int]uint64) error {
	if err := closeInherited(); err != nil {
		return err
	}
	bounds[syscall.RLIMIT_CPU], bounds[syscall.RLIMIT_CORE], bounds[syscall.RLIMIT_FSIZE] = t.CPU, 0, 0
	for which, most := range bounds {
		var now syscall.Rlimit
		if err := syscall.Getrlimit(which, &now); err != nil {
			return err
		}
		most = min(most, now.Max)
		if err := syscall.Setrlimit(which, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return err
		}
	}
	// Of the whole group: on Linux each thread has a priority of its own.
	if err := syscall.Setpriority(syscall.PRIO_PGRP, 0, niceness); err != nil && !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.EACCES) {
		return err
	}
	return nil
}

// ownGroup keeps a terminal's signals from the child: the server ends it.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// outOfTime tells whether the system ended the child for its processor time.
func outOfTime(status syscall.WaitStatus) bool {
	return status.Signaled() && (status.Signal() == syscall.SIGXCPU || status.Signal() == syscall.SIGKILL)
}
