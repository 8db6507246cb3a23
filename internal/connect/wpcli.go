package connect

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// Script says for which sites WP-CLI is to create application passwords, and what an import then knows of them.
type Script struct {
	Sites    string // a list, one site to a line: ADDRESS, WHERE, USER; empty: the script reads the list itself
	Username string // the WordPress user where the list names none; empty: the first administrator of each site
	Client   string
	Tags     []string
}

//go:embed wpcli.sh
var scriptBody string

const scriptHead = `#!/bin/sh
# Creates an application password with WP-CLI on each site of a list, and prints them as CSV for Drover:
#
#     %s | drover sites import -
#
# The output holds the passwords. Where Drover is elsewhere, keep the file to yourself, and delete it after the import:
#
#     (umask 077; %s > sites.csv)
#
# A line of the list is ADDRESS, WHERE, USER. WHERE is the path of WordPress, an alias such as @acme, or an SSH host such as
# www@acme.example/srv/www; without it, WP-CLI runs in this directory. A line may also be a WHERE alone. Errors go to standard error, and the other
# sites go on. A site that already has a password of this name is skipped, so you can run the script again.
# Set WP to run WP-CLI in another way: WP='sudo -u www-data wp' sh connect.sh

wp=${WP:-wp}
user=%s
name=%s
client=%s
tags=%s

`

const (
	scriptReads = `
if [ $# -gt 0 ]; then
	exec 3<"$1"
else
	exec 3<&0
fi
sites
`
	scriptEnd = `
if [ "$failed" -gt 0 ]; then
	say "$failed sites failed"
	exit 1
fi
`
)

// WPCLI returns a POSIX shell script that creates an application password on each site with WP-CLI, under one name that is unique to the script. What it
// prints is a file that sites.Registry.Import takes. Whatever stands in the list is data to it, never a command.
func WPCLI(s Script) (string, error) {
	client, tags, p := sites.Grouping(s.Client, s.Tags)
	username := strings.TrimSpace(wordpress.Visible(s.Username))
	if problem := badLogin(username); problem != "" {
		p["username"] = problem
	}
	lines, problem := scriptSites(s.Sites)
	if problem != "" {
		p["addresses"] = problem
	}
	if err := p.OrNil(); err != nil {
		return "", err
	}
	call, end := "sh connect.sh", strings.Join(lines, "\n")+"\n"
	if len(lines) == 0 {
		call, end = "sh connect.sh sites.txt", scriptReads
	}
	head := fmt.Sprintf(scriptHead, call, call, quoted(username), quoted(appName("")), quoted(client), quoted(strings.Join(tags, ",")))
	return head + scriptBody + "\n" + end + scriptEnd, nil
}

var scriptSeparators = strings.NewReplacer(",", "\t", ";", "\t")

// scriptSites are the calls of the script for a list.
func scriptSites(list string) (calls []string, problem string) {
	number := 0
	for line := range strings.Lines(list) {
		number++
		cells := strings.Split(scriptSeparators.Replace(strings.TrimRight(line, "\r\n")), "\t")
		for i := range cells {
			cells[i] = strings.TrimSpace(wordpress.Visible(cells[i]))
			if strings.ContainsFunc(cells[i], unicode.IsControl) {
				return nil, fmt.Sprintf("Line %d contains a control character. Enter it again.", number)
			}
		}
		if cells[0] == "" || strings.HasPrefix(cells[0], "#") {
			continue
		}
		if len(calls) == mostAddresses {
			return nil, "The list has more than 20,000 sites. Split it, and create a script for each part."
		}
		if len(cells) > 2 && badLogin(cells[2]) != "" {
			return nil, fmt.Sprintf("Line %d: %s", number, badLogin(cells[2]))
		}
		call := "site"
		for _, cell := range cells[:min(3, len(cells))] {
			call += " " + quoted(cell)
		}
		calls = append(calls, call)
	}
	return calls, ""
}

// badLogin says why a text is no user whom WP-CLI and Drover take for the same one.
func badLogin(login string) string {
	switch {
	case strings.HasPrefix(login, "-"):
		return "WP-CLI reads a username that begins with a hyphen as an option. Use the user's email address."
	case login != "" && strings.Trim(login, "0123456789") == "":
		return "WP-CLI reads a number as a user ID. Enter the username or email address."
	case strings.ContainsFunc(login, unicode.IsControl) || len(login) > 200:
		return "This is not a username. Enter it again."
	}
	return ""
}

// quoted is a text as one word of a POSIX shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
