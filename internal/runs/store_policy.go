package runs

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
)

// PolicyIn returns the policy in force as the transaction sees it.
func PolicyIn(tx *gorm.DB) (Policy, error) {
	var text string
	if err := tx.Raw("SELECT value FROM settings WHERE name = ?", policySetting).Scan(&text).Error; err != nil || text == "" {
		return Policy{}, err
	}
	var p Policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return Policy{}, fmt.Errorf("runs: policy: %w", err)
	}
	return p, nil
}
