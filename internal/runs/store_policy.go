package runs

import (
	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/database"
)

// PolicyIn returns the policy in force as the transaction sees it.
func PolicyIn(tx *gorm.DB) (Policy, error) {
	text, err := database.Setting(tx, policySetting)
	if err != nil {
		return Policy{}, err
	}
	return readPolicy(text)
}
