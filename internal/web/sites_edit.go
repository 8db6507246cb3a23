package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
)

// manyEdit reads what the form of the list is to change of the chosen sites.
func manyEdit(form url.Values) (sites.ManyEdit, error) {
	var e sites.ManyEdit
	switch client := strings.TrimSpace(form.Get("new_client")); {
	case form.Get("no_client") == "1":
		none := ""
		e.Client = &none
	case client != "":
		e.Client = &client
	}
	tags := sites.SplitTags(form.Get("new_tag"))
	switch how := form.Get("tags"); {
	case how == "replace":
		e.Add, e.Replace = tags, true
	case how == "remove":
		e.Remove = tags
	default:
		e.Add = tags
	}
	if e.Nothing() {
		return e, validation.Problems{"tags": "Nothing was changed. Go back, and enter a client or tags."}
	}
	return e, nil
}

// editSites changes the client and the tags of the chosen sites.
func (s *Server) editSites(v *requestContext) error {
	found, err := s.chosen(v)
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	edit, err := manyEdit(form)
	if err != nil {
		return err
	}
	if _, err := v.change(changes.Change{Action: access.SiteEdit, Sites: idsOf(found), Many: &edit}); err != nil {
		return err
	}
	return s.changedSites(v, fmt.Sprintf("Edited %s.", countedSites(len(found))), restoring(found))
}

// undoStep takes back what was done to some sites: it gives them the client and tags that they had, or retires or restores them.
type undoStep struct {
	Action access.Action
	Client string
	Tags   []string
	Sites  []int64
}

// restoring are the steps that give the sites the clients and tags that they have now.
func restoring(found []sites.Site) (steps []undoStep) {
	at := map[string]int{}
	for _, site := range found {
		key := site.Client + "\n" + strings.Join(site.Tags, "\n")
		i, known := at[key]
		if !known {
			i = len(steps)
			at[key] = i
			steps = append(steps, undoStep{Action: access.SiteEdit, Client: site.Client, Tags: site.Tags})
		}
		steps[i].Sites = append(steps[i].Sites, site.ID)
	}
	return steps
}

// changedSites says what was done, with a button that undoes it, on the list with the filter that it had.
func (s *Server) changedSites(v *requestContext, message string, steps []undoStep) error {
	text, err := json.Marshal(steps)
	if err != nil {
		return err
	}
	// The steps are kept, sealed, as a form that was begun: it is this member's, and expires.
	note, err := s.Runner.SaveDraft(v.Request.Context(), v.actor(), "", url.Values{"undo": {string(text)}})
	if err != nil {
		return err
	}
	v.setFlashUndo("ok", message, "/sites/undo?note="+url.QueryEscape(note))
	return v.redirect("/sites" + chosenFilter(v))
}

// undoSites takes back what the note of a message says.
func (s *Server) undoSites(v *requestContext) error {
	d, err := s.Runner.Draft(v.Request.Context(), v.Query("note"))
	if err != nil {
		return err
	}
	if d.Member != v.member.ID || len(d.Form["undo"]) != 1 {
		return runs.ErrNoDraft
	}
	var steps []undoStep
	if err := json.Unmarshal([]byte(d.Form["undo"][0]), &steps); err != nil {
		return err
	}
	var ids []int64
	for _, step := range steps {
		change := changes.Change{Action: step.Action, Sites: step.Sites}
		if step.Action == access.SiteEdit {
			change.Many = &sites.ManyEdit{Client: &step.Client, Add: step.Tags, Replace: true}
		}
		if _, err := v.change(change); err != nil {
			return err
		}
		ids = append(ids, step.Sites...)
	}
	v.setFlash("ok", fmt.Sprintf("Undone for %s.", countedSites(len(slices.Compact(slices.Sorted(slices.Values(ids)))))))
	return v.redirect("/sites")
}
