package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// stage is one stage of the Dockerfile: its instructions in order.
type stage []instruction

type instruction struct{ word, rest string }

func dockerfile(t *testing.T) []stage {
	t.Helper()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var stages []stage
	for line := range strings.Lines(regexp.MustCompile(`\\\n\s*`).ReplaceAllString(string(text), "")) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word == "" || strings.HasPrefix(word, "#") {
			continue
		}
		if word == "FROM" {
			stages = append(stages, nil)
		}
		stages[len(stages)-1] = append(stages[len(stages)-1], instruction{word, rest})
	}
	return stages
}

func (s stage) find(word string) string {
	i := slices.IndexFunc(s, func(i instruction) bool { return i.word == word })
	if i < 0 {
		return ""
	}
	return s[i].rest
}

// The image runs as nobody, says how healthy it is, and copies only what is there; every image is pinned to a version.
func TestDockerfile(t *testing.T) {
	stages := dockerfile(t)
	final := stages[len(stages)-1]
	if user := final.find("USER"); user == "" || strings.HasPrefix(user, "0") || user == "root" {
		t.Errorf("it runs as %q", user)
	}
	if check := final.find("HEALTHCHECK"); !strings.Contains(check, `CMD ["/drover", "healthcheck"]`) {
		t.Errorf("health check %q", check)
	}
	if final.find("VOLUME") != "/data" || !strings.Contains(final.find("ENV"), "DROVER_DATA=/data") {
		t.Error("the data is not in the volume")
	}
	tagged := regexp.MustCompile(`^[a-z0-9./-]+:[a-z0-9.-]+( AS [a-z]+)?$`)
	for _, s := range stages {
		for _, i := range s {
			switch {
			case i.word == "FROM" && (!tagged.MatchString(i.rest) || strings.Contains(i.rest, "latest")):
				t.Errorf("FROM %s names no version", i.rest)
			case i.word == "ADD" || i.word == "RUN" && strings.Contains(i.rest, "curl"):
				t.Errorf("%s %s fetches what nobody checked", i.word, i.rest)
			case i.word == "COPY" && !strings.HasPrefix(i.rest, "--from"):
				from := strings.Fields(i.rest)
				for _, name := range from[:len(from)-1] {
					if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
						t.Errorf("COPY %s: %v", i.rest, err)
					}
				}
			}
		}
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	if version == nil || !strings.Contains(stages[1].find("FROM"), "golang:"+string(version[1])+"-") {
		t.Errorf("it is built with %s, go.mod wants %s", stages[1].find("FROM"), version)
	}
}

// What the container does, done by hand: an empty folder, its environment and its command; the health check follows.
func TestContainerStarts(t *testing.T) {
	t.Parallel() // it waits more than it works
	final := dockerfile(t)[2]
	addr := freeAddress(t)
	env := []string{"DROVER_DATABASE_URL="}
	for setting := range strings.FieldsSeq(final.find("ENV")) {
		name, _, _ := strings.Cut(setting, "=")
		env = append(env, map[string]string{"DROVER_DATA": "DROVER_DATA=" + t.TempDir(), "DROVER_ADDR": "DROVER_ADDR=" + addr}[name])
	}
	p := start(t, env, strings.Trim(final.find("CMD"), `[]"`))
	p.wait(t, "/setup/")
	p.wait(t, "listens")
	if code, _ := run(t, env, "healthcheck"); code != 0 {
		t.Errorf("health check: exit %d", code)
	}
	p.stop(t)
	if code, _ := run(t, env, "healthcheck"); code != 1 {
		t.Errorf("health check without a server: exit %d", code)
	}
}

// The examples of Compose are YAML, read-only, without rights, and keep their data in volumes that they declare.
func TestComposeFiles(t *testing.T) {
	for _, file := range []string{"../../compose.yaml", "../../deploy/compose.postgres.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var compose struct {
			Services map[string]struct {
				Image    string   `yaml:"image"`
				ReadOnly bool     `yaml:"read_only"`
				CapDrop  []string `yaml:"cap_drop"`
				Volumes  []string `yaml:"volumes"`
			} `yaml:"services"`
			Volumes map[string]any `yaml:"volumes"`
		}
		if err := yaml.Unmarshal(text, &compose); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		drovers := 0
		for name, s := range compose.Services {
			if s.Image == "drover" {
				drovers++
				if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.Volumes) == 0 {
					t.Errorf("%s: %s is not held to what it needs: %+v", file, name, s)
				}
			} else if !strings.Contains(s.Image, ":") {
				t.Errorf("%s: %s names no version", file, name)
			}
			for _, volume := range s.Volumes {
				source, _, _ := strings.Cut(volume, ":")
				if _, declared := compose.Volumes[source]; !declared && !strings.HasPrefix(source, ".") {
					t.Errorf("%s: the volume %s is not declared", file, source)
				}
			}
		}
		if drovers == 0 {
			t.Errorf("%s runs no Drover", file)
		}
	}
}
