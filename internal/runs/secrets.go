package runs

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/validation"
)

// withoutSecrets is the spec as it is stored and shown, and whether something was taken out. The params that are sent are sealed until the
// run has ended.
func withoutSecrets(spec Spec) (Spec, bool) {
	clean := maps.Clone(spec.Params)
	for name, value := range spec.Params {
		switch name {
		case "path", "body", "urls":
			clean[name] = endpoint.RedactTemplate(value).Text
		case "headers":
			clean[name] = endpoint.RedactHeaderLines(value)
		case "rows":
			clean[name] = redactRows(value, spec.Params["body"]+"\n"+spec.Params["path"])
		}
	}
	taken := !maps.Equal(clean, spec.Params)
	spec.Params, spec.Form = clean, endpoint.Redact(spec.Form).Text
	return spec, taken
}

// redactRows removes a table as a whole where one of its columns holds secrets, by its name or by the key that it is filled in under.
func redactRows(text, template string) string {
	rows, err := endpoint.ReadRows(text)
	if err != nil || strings.TrimSpace(text) == "" {
		return text
	}
	filledIn := endpoint.Redact(template).Text != endpoint.RedactTemplate(template).Text
	for _, column := range rows.Columns {
		if endpoint.SecretKey(column) || filledIn && strings.Contains(template, "row."+column) {
			return endpoint.Removed
		}
	}
	return text
}

// notKept says, beside the fields, what a repeat of a run lacks.
func notKept(params map[string]string, p validation.Problems) {
	for name, value := range params {
		if strings.Contains(value, endpoint.Removed) {
			p[name] = "The secrets at " + endpoint.Removed + " were sent but not stored. Enter them again."
		}
	}
}

// seal is what the run sends, sealed for its id.
func (r *Runner) seal(id int64, params map[string]string) ([]byte, error) {
	text, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	return r.registry.SealForRun(id, text)
}

// opened is the run's spec with what was sealed, for who works or decides on it. It is never shown.
func (s *Store) opened(run Run) (Spec, error) {
	spec := run.Spec
	if len(spec.Sealed) == 0 {
		return spec, nil
	}
	text, err := s.open(run.ID, spec.Sealed)
	if err != nil {
		return spec, fmt.Errorf("runs: the sealed parameters of run %d: %w", run.ID, err)
	}
	spec.Params = nil
	return spec, json.Unmarshal(text, &spec.Params)
}
