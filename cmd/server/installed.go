package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// withoutData are the commands that look at no data, or at data of their own.
var withoutData = []string{"demo", "install", "version", "help", "completion", "healthcheck"}

// installed returns the settings of the Drover that is installed on this machine, by name: every command is to work on its data. There are none
// where something else says which data that is.
func installed(flags *pflag.FlagSet) (map[string]string, error) {
	if saysWhere(flags) {
		return nil, nil
	}
	named := os.Getenv("DROVER_SETTINGS_FILE")
	file := cmp.Or(named, installedSettings)
	content, err := os.ReadFile(file) // #nosec G304 G703 -- whoever starts Drover names it
	switch {
	case errors.Is(err, fs.ErrNotExist) && named == "":
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, exit{exitRefused, fmt.Errorf("the settings of the installed Drover, %s, cannot be read; run this as its user, "+
			"sudo -u %s drover …, or set another data folder with --data", file, installedUser)}
	case err != nil:
		return nil, usage("settings: %w", err)
	}
	return readSettings(string(content)), nil
}

// saysWhere tells whether a flag or the environment says where the data is.
func saysWhere(flags *pflag.FlagSet) bool {
	return slices.ContainsFunc([]string{"data", "database-url", "server"}, func(name string) bool {
		return flags.Changed(name) || os.Getenv(environmentName(name)) != ""
	})
}

// topLevel is the command below drover itself that the command belongs to.
func topLevel(cmd *cobra.Command) *cobra.Command {
	for cmd.HasParent() && cmd.Parent().HasParent() {
		cmd = cmd.Parent()
	}
	return cmd
}

// readSettings reads lines of NAME=value as systemd does (systemd.exec(5), EnvironmentFile), without continued lines.
func readSettings(text string) map[string]string {
	settings := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(line, "=")
		if !found || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		value = strings.TrimSpace(value)
		if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		settings[strings.TrimSpace(name)] = value
	}
	return settings
}

// checkUser refuses to let root work in somebody else's data folder: the files that SQLite makes there would be root's, and the service that
// runs as the other user could not open them any more.
func checkUser(folder string) error {
	info, err := os.Stat(folder)
	if os.Geteuid() != 0 || err != nil {
		return nil
	}
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known || stat.Uid == 0 {
		return nil
	}
	name := strconv.FormatUint(uint64(stat.Uid), 10)
	if owner, err := user.LookupId(name); err == nil {
		name = owner.Username
	}
	return exit{exitRefused, fmt.Errorf("the data folder %s belongs to the user %s; run this as that user: sudo -u %s drover …", folder, name, name)}
}
