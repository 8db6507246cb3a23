package main

import (
	"errors"
	"fmt"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
)

// Exit codes, as the command line promises them.
const (
	exitOK      = 0
	exitTrouble = 1 // a target failed, or Drover could not do what was asked
	exitUsage   = 2
	exitRefused = 3
)

// exit is an error that carries its exit code; without err, everything was said already.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// usage marks an error as one of the call's words.
func usage(format string, args ...any) error {
	return exit{exitUsage, fmt.Errorf(format, args...)}
}

func exitCode(err error) int {
	var coded exit
	var problems validation.Problems
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, access.ErrForbidden):
		return exitRefused
	case errors.As(err, &problems):
		return exitUsage
	}
	return exitTrouble
}

// asUsage makes a member's problems an error of usage.
func asUsage(err error) error {
	if problems, is := errors.AsType[validation.Problems](err); is {
		return exit{exitUsage, problems}
	}
	return err
}
