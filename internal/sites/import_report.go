package sites

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/spreadsheet"
)

// KeptReport is how long the bad lines of an import can be fetched.
const KeptReport = 24 * time.Hour

// BadLines are the bad lines of a member's last import.
type BadLines struct {
	Count     int
	CSV       []byte
	ExpiresAt time.Time
}

// Stored tells whether the line was stored, or changes nothing. The others come back as a file.
func (l Line) Stored() bool { return l.Result != LineBad && l.Result != LineTwice }

// BadCSV is the lines that were not stored as a file, to be corrected and imported: without their passwords, and with the reason as the last column.
func BadCSV(lines []Line) ([]byte, error) {
	var file bytes.Buffer
	w := spreadsheet.NewWriter(&file)
	if err := w.Write("line", "url", "username", "application_password", "name", "client", "tags", "reason"); err != nil {
		return nil, err
	}
	for _, line := range lines {
		if line.Stored() {
			continue
		}
		if err := w.Write(strconv.Itoa(line.Number), line.URL, line.Username, "", line.Name, line.Client, line.Tags, line.Reason); err != nil {
			return nil, err
		}
	}
	err := w.Flush()
	return file.Bytes(), err
}

// KeepBadLines keeps the bad lines of the member's import, instead of those of the one before, and drops what has expired.
func (r *Registry) KeepBadLines(ctx context.Context, actor access.Actor, lines []Line) error {
	bad := 0
	for _, line := range lines {
		if !line.Stored() {
			bad++
		}
	}
	file, err := BadCSV(lines)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := r.store.dropReports(ctx, actor.ID, now); err != nil || bad == 0 {
		return err
	}
	return r.store.putReport(ctx, reportRow{MemberID: actor.ID, BadLines: file, Bad: bad, ExpiresAt: now.Add(KeptReport).UnixMicro()})
}

// BadLines returns what the member's last import left, and false where there is nothing.
func (r *Registry) BadLines(ctx context.Context, actor access.Actor) (BadLines, bool, error) {
	row, found, err := r.store.importReport(ctx, actor.ID, time.Now())
	return BadLines{row.Bad, row.BadLines, time.UnixMicro(row.ExpiresAt)}, found, err
}
