package runs

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/database"
)

// PolicyIn returns the policy in force as the transaction sees it.
func PolicyIn(tx *gorm.DB) (Policy, error) {
	text, err := database.Setting(tx, policySetting)
	if err != nil || text == "" {
		return Policy{}, err
	}
	var p Policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return Policy{}, fmt.Errorf("runs: policy: %w", err)
	}
	return p, nil
}
