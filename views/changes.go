package views

import (
	"slices"
	"strings"
	"time"
)

// PendingChange is a change that was requested and that a second person decides on.
type PendingChange struct {
	ID             int64
	Entry          AuditRow // as the audit log would tell it, were it done
	Actor          string
	State          string
	DecidedBy      string
	At, Until      time.Time
	Own, CanDecide bool
}

// ChangesPage lists the changes that wait.
type ChangesPage struct {
	Frame   Frame
	Changes []PendingChange
}

// ChangePage is one of them, with the one-time link that it made when it was just approved.
type ChangePage struct {
	Frame  Frame
	Change PendingChange
	Link   string
}

func (c PendingChange) href() string { return "/changes/" + id(c.ID) }

// title names the change as an attempt: it has not been made.
func (c PendingChange) title() string {
	text := verbsOf[c.Entry.Action].attempt
	if name := c.Entry.subject("run").Text; name != "" {
		text += " " + name
	}
	if text == "" {
		return c.Entry.Action
	}
	return capital(text)
}

// facts are what the change holds beside fields that have a before and an after.
func (c PendingChange) facts() []auditChange {
	var all []auditChange
	for field, value := range c.Entry.Detail {
		if _, pair := value.(map[string]any); !pair && written(value) != "" {
			all = append(all, auditChange{Field: fieldName(field), After: written(value)})
		}
	}
	slices.SortFunc(all, func(a, b auditChange) int { return strings.Compare(a.Field, b.Field) })
	return all
}

// fieldNames are the fields of the audit log whose names say too little on a page.
var fieldNames = map[string]string{"home": "URL", "reach": "access", "lifts_second_factor": "removes the second factor"}

func fieldName(field string) string {
	if name, known := fieldNames[field]; known {
		return name
	}
	return strings.ReplaceAll(field, "_", " ")
}

// decided says how the request ended.
func (c PendingChange) decided() string {
	switch c.State {
	case "done":
		return "Approved by " + c.DecidedBy + ". The change was made."
	case "declined":
		return "Declined by " + c.DecidedBy + ". Nothing was changed."
	case "withdrawn":
		return "Withdrawn by " + c.DecidedBy + ". Nothing was changed."
	case "expired":
		return "Nobody approved it within 24 hours. Nothing was changed."
	case "superseded":
		return "Ended by Drover: its application password was rotated and no longer works. Nothing was changed."
	}
	return ""
}
