package sites

import "time"

func (w write) setRetired(site int64, at time.Time) error {
	var micros int64
	if !at.IsZero() {
		micros = at.UnixMicro()
	}
	return w.tx.Model(&siteRow{}).Where("id = ?", site).Updates(map[string]any{"retired_at": micros, "updated_at": w.now.UnixMicro()}).Error
}
