package main

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed drover.service
var unitText string

// installing is the flags of drover install.
type installing struct {
	root string // of the file system; another one for trying it out
	yes  bool
}

// Where things go, below the root.
const (
	installedProgram  = "/usr/local/bin/drover"
	installedSettings = "/etc/drover/drover.env"
	installedUnit     = "/etc/systemd/system/drover.service"
	installedData     = "/var/lib/drover"
	installedUser     = "drover"
)

// step is one thing that install does.
type step struct {
	text string
	do   func() error
}

func installCommand(c *config) *cobra.Command {
	var i installing
	cmd := &cobra.Command{
		Use:   "install --public-url URL",
		Short: "Install Drover as a systemd service on this machine; without --yes, only show the steps",
		Long: `Install Drover as a systemd service: a user of its own, the folder /var/lib/drover, settings in /etc/drover/drover.env, a hardened unit, and start it.
Without --yes, it only shows the steps. Existing settings are kept. Run it again with a newer program to upgrade.

With --tls-email, Drover gets its own certificate from Let's Encrypt. Without, it listens on 127.0.0.1:8080 for a TLS proxy on the same machine.`,
		Example: "  drover install --public-url https://drover.agency.example --tls-email you@agency.example\n  sudo drover install --public-url " +
			"https://drover.agency.example --yes",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if i.yes && cmd.Flags().Changed("dry-run") {
				return usage("choose one of --yes and --dry-run")
			}
			steps, err := i.steps(c, cmd)
			if err != nil {
				return err
			}
			return i.run(cmd.OutOrStdout(), steps)
		},
	}
	cmd.Flags().BoolVar(&i.yes, "yes", false, "make the changes")
	cmd.Flags().Bool("dry-run", true, "only show the steps; so does leaving out --yes")
	cmd.Flags().StringVar(&i.root, "root", "", "install below this folder instead, without a user and without starting anything")
	return cmd
}

func (i *installing) run(out io.Writer, steps []step) error {
	for n, s := range steps {
		fmt.Fprintf(out, "%d. %s\n", n+1, s.text)
		if !i.yes {
			continue
		}
		if err := s.do(); err != nil {
			return fmt.Errorf("step %d: %w; the earlier steps are done, and you can run it again", n+1, err)
		}
	}
	if !i.yes {
		fmt.Fprintln(out, "\nNothing was changed. To install, run: sudo drover install … --yes")
		return nil
	}
	fmt.Fprintf(out, `
The one-time link that sets up the owner's account: sudo journalctl -u drover | grep /setup/
Then check the installation: sudo -u %[1]s drover doctor
Every command works on its data: sudo -u %[1]s drover sites import sites.csv
`, installedUser)
	return nil
}

// settingsText is what /etc/drover/drover.env says.
func (c *config) settingsText(flags map[string]bool) (text string, binds bool) {
	lines := []string{"# Settings of Drover; drover help settings lists all of them.", "DROVER_DATA=" + installedData, "DROVER_PUBLIC_URL=" + c.publicURL,
		"DROVER_BACKUP_DIR=" + cmp.Or(c.backup.dir, installedData+"/backups")}
	switch {
	case c.tls.email != "":
		lines = append(lines, "DROVER_TLS=auto", "DROVER_TLS_EMAIL="+c.tls.email)
		binds = true
	case flags["tls-cert"]:
		lines = append(lines, "DROVER_TLS_CERT="+c.tls.certificate, "DROVER_TLS_KEY="+c.tls.key)
		binds = true
	default:
		lines = append(lines, "DROVER_ADDR="+c.addr, "DROVER_TRUSTED_PROXIES="+cmp.Or(strings.Join(c.proxies, ","), "127.0.0.1"))
	}
	if c.databaseURL != "" {
		lines = append(lines, "DROVER_DATABASE_URL="+c.databaseURL)
	}
	return strings.Join(lines, "\n") + "\n", binds
}

// unit is the systemd unit: who gets a certificate may listen on the ports below 1024, nobody else may do anything.
func unit(binds bool, backups string) string {
	capability, writable := "", ""
	if binds {
		capability = "CAP_NET_BIND_SERVICE"
	}
	if backups != "" && !strings.HasPrefix(backups, installedData+"/") {
		writable = backups
	}
	return strings.NewReplacer("{{program}}", installedProgram, "{{settings}}", installedSettings, "{{capability}}", capability, "{{writable}}",
		writable).Replace(unitText)
}

func (i *installing) steps(c *config, cmd *cobra.Command) ([]step, error) {
	if runtime.GOOS != "linux" {
		return nil, usage("install needs Linux with systemd; see /help/install for other ways")
	}
	if !cmd.Flags().Changed("public-url") {
		return nil, usage("set --public-url to the URL that people will open, such as https://drover.agency.example")
	}
	if i.yes && i.root == "" && os.Geteuid() != 0 {
		return nil, exit{exitRefused, errors.New("only root can install a service; run it with sudo")}
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, binds := c.settingsText(map[string]bool{"tls-cert": c.tls.certificate != ""})
	at := func(path string) string { return filepath.Join(i.root, path) }
	steps := []step{
		{"Copy " + program + " to " + installedProgram, func() error { return copyProgram(program, at(installedProgram)) }},
		{"Write the settings to " + installedSettings + ", unless they exist:\n" + indented(hidden(text)),
			func() error { return writeOnce(at(installedSettings), text) }},
		{"Write the unit " + installedUnit, func() error { return writeFile(at(installedUnit), unit(binds, c.backup.dir), 0o644) }},
	}
	if i.root != "" {
		return steps, nil
	}
	return append(append([]step{{"Create the user " + installedUser + " with the folder " + installedData + ", unless they exist", createUser}}, steps...),
		step{"Let only root and " + installedUser + " read the settings", func() error { return systemCommand("chown", "root:"+installedUser, installedSettings) }},
		step{"Start Drover now and at boot: systemctl enable --now drover", func() error {
			return errors.Join(systemCommand("systemctl", "daemon-reload"), systemCommand("systemctl", "enable", "drover"), systemCommand("systemctl", "restart",
				"drover"))
		}}), nil
}

// hidden leaves the password of the database out of what is shown.
func hidden(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "DROVER_DATABASE_URL=") {
			line = "DROVER_DATABASE_URL=…\n"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

func indented(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n      ")
}

func createUser() error {
	if _, err := user.Lookup(installedUser); err != nil {
		if err := systemCommand("useradd", "--system", "--home-dir", installedData, "--shell", "/usr/sbin/nologin", "--user-group", installedUser); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(installedData, 0o700); err != nil {
		return err
	}
	return systemCommand("chown", installedUser+":"+installedUser, installedData)
}

func systemCommand(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput() // #nosec G204 -- the programs above, by name
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// copyProgram puts the program in place at once, also over one that runs.
func copyProgram(from, to string) error {
	if from == to {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { // #nosec G301 -- programs are for everyone
		return err
	}
	out, err := os.OpenFile(to+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755) // #nosec G302 -- as above
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}

func writeFile(name, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { // #nosec G301 -- /etc is for everyone
		return err
	}
	return os.WriteFile(name, []byte(text), mode)
}

// writeOnce leaves what somebody has written already as it is.
func writeOnce(name, text string) error {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	return writeFile(name, text, 0o640)
}
