package main

import (
	"errors"
	"fmt"
	"os"
)

// diagnosis is one line of drover doctor.
type diagnosis struct {
	Check string `json:"check"`
	State string `json:"state"` // ok, warning or fix
	Found string `json:"found"`
	Fix   string `json:"fix,omitempty"` // what to do
}

func fine(check, format string, args ...any) diagnosis {
	return diagnosis{check, "ok", fmt.Sprintf(format, args...), ""}
}

func warn(check, found, fix string) diagnosis { return diagnosis{check, "warning", found, fix} }

func wrong(check, found, fix string) diagnosis {
	return diagnosis{check, "fix", found, fix}
}

// isMissing tells whether a file is not there.
func isMissing(err error) bool { return errors.Is(err, os.ErrNotExist) }
