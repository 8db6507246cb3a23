package database

import "gorm.io/gorm"

// setting is a value that holds for the whole installation.
type setting struct {
	Name  string `gorm:"primaryKey"`
	Value string
}

func (setting) TableName() string { return "settings" }

// Setting returns a setting of the installation as the transaction sees it, empty where it was never stored.
func Setting(tx *gorm.DB, name string) (string, error) {
	var s setting
	err := tx.Where("name = ?", name).Limit(1).Find(&s).Error
	return s.Value, err
}

// PutSetting stores a setting of the installation in the transaction.
func PutSetting(tx *gorm.DB, name, value string) error { return tx.Save(&setting{name, value}).Error }
