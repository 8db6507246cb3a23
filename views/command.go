package views

import "strings"

func (c PageCommand) drover() string {
	if c.Server == "" {
		return strings.Join(c.Drover, "\n")
	}
	return "export DROVER_SERVER=" + c.Server + "\n" + strings.Join(c.Drover, "\n")
}
