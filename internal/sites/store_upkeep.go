package sites

import (
	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/database"
)

func (w write) putSetting(name, value string) error { return database.PutSetting(w.tx, name, value) }

func upkeepIn(tx *gorm.DB) (Upkeep, error) {
	text, err := database.Setting(tx, upkeepSetting)
	if err != nil {
		return Upkeep{}, err
	}
	return parseUpkeep(text)
}
