// Command pagereader opens pages one after the other, as a person in a hurry, until its input ends. Then it prints how long each took, by
// page, in nanoseconds. It is a process of its own: in one with the simulated sites, their work would delay its clock.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
)

const between = 50 * time.Millisecond

// aRun is the path of a run; the list begins with the newest.
var aRun = regexp.MustCompile(`/runs/\d+`)

func main() {
	home := flag.String("home", "", "address of the dashboard")
	cookie := flag.String("cookie", "", "Cookie header of somebody who is signed in")
	flag.Parse()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	took, err := read(*home, *cookie, flag.Args(), ended)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(took)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pagereader:", err)
		os.Exit(1)
	}
}

// read opens the paths in turn. The newest run takes the place of "/runs/ID".
func read(home, cookie string, paths []string, ended <-chan struct{}) (map[string][]time.Duration, error) {
	took := map[string][]time.Duration{}
	client := &http.Client{Timeout: time.Minute}
	newest := "/runs"
	for i := 0; ; i++ {
		select {
		case <-ended:
			return took, nil
		case <-time.After(between):
		}
		path := paths[i%len(paths)]
		began := time.Now()
		page, err := get(client, home+strings.Replace(path, "/runs/ID", newest, 1), cookie)
		if err != nil {
			return nil, err
		}
		took[path] = append(took[path], time.Since(began))
		if found := aRun.Find(page); path == "/runs" && found != nil {
			newest = string(found)
		}
	}
}

func get(client *http.Client, url, cookie string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Cookie", cookie)
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return page, err
}
