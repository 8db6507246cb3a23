package main

import (
	"io"
	"log/slog"

	"github.com/spf13/pflag"
)

// logOptions say how Drover logs.
type logOptions struct{ format, level string }

func (o *logOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.format, "log-format", "text", "format of the log on standard error: text or json")
	f.StringVar(&o.level, "log-level", "", "lowest level to log: debug, info, warn or error (default info for serve, warn for other commands)")
}

func (o *logOptions) check() error {
	if o.format != "text" && o.format != "json" {
		return usage("--log-format: %q is not valid; use text or json", o.format)
	}
	if _, err := o.least(slog.LevelInfo); err != nil {
		return usage("--log-level: %q is not valid; use debug, info, warn or error", o.level)
	}
	return nil
}

func (o *logOptions) least(usual slog.Level) (slog.Level, error) {
	if o.level == "" {
		return usual, nil
	}
	var level slog.Level
	return level, level.UnmarshalText([]byte(o.level))
}

func (o *logOptions) logger(to io.Writer, usual slog.Level) *slog.Logger {
	level, err := o.least(usual)
	if err != nil {
		level = usual // check refused it
	}
	options := &slog.HandlerOptions{Level: level}
	if o.format == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}
