package runs

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/droverhq/drover/internal/endpoint"
)

// withoutSecrets is the spec as it is stored and shown, and whether something was taken out. The params that are sent are sealed until the
// run has ended.
func withoutSecrets(spec Spec) (Spec, bool) {
	spec.Form = endpoint.Redact(spec.Form).Text
	clean := maps.Clone(spec.Params)
	for name, value := range spec.Params {
		switch name {
		case "path", "body", "urls":
			clean[name] = endpoint.RedactTemplate(value).Text
		case "headers":
			clean[name] = endpoint.RedactHeaderLines(value)
		case "rows":
			clean[name] = endpoint.RedactRows(value, spec.Params["body"]+"\n"+spec.Params["path"])
		}
	}
	taken := !maps.Equal(clean, spec.Params)
	spec.Params = clean
	return spec, taken
}

// sealed is the spec as it is stored and shown, and what seals the params that are sent under the run's id. Where no secret was taken out,
// nothing is to be sealed.
func (r *Runner) sealed(spec Spec) (stored Spec, seal func(run int64) ([]byte, error)) {
	stored, taken := withoutSecrets(spec)
	return stored, func(run int64) ([]byte, error) {
		if !taken {
			return nil, nil
		}
		text, err := json.Marshal(spec.Params)
		if err != nil {
			return nil, err
		}
		return r.registry.SealForRun(run, text)
	}
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
