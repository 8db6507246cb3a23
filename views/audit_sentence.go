package views

import (
	"fmt"
	"slices"
	"strings"
)

// phrase is a stretch of a sentence, with the page that it leads to.
type phrase struct {
	Text   string
	Href   string
	Strong bool
}

// sentence describes an audit entry the way one would tell a colleague.
func (e AuditRow) sentence() []phrase {
	if e.Action == "run.finish" && e.Outcome == "done" {
		return []phrase{e.subject("Run"), plain(e.Detail.finished())}
	}
	phrases := []phrase{{Text: e.Actor, Strong: true}, plain(" " + e.verb())}
	if e.Subject != "" && !e.namesItself() {
		phrases = append(phrases, plain(" "), e.subject("run"))
	}
	return append(phrases, plain(e.ending()))
}

// tone is what the entry's icon shows: of a run that ended or a site that was checked, with what result, not that it was done.
func (e AuditRow) tone() string {
	if e.Action == "site.check" && e.Outcome == "done" {
		switch e.Detail.text("state") {
		case "broken":
			return "failed"
		case "warning":
			return "attention"
		}
	}
	counts, is := e.Detail["counts"].(map[string]any)
	if e.Action != "run.finish" || e.Outcome != "done" || !is {
		return e.Outcome
	}
	n := AuditDetail(counts)
	switch trouble := n.number("failed") + n.number("unknown") + n.number("partial"); {
	case trouble == 0 && e.Detail.text("state") == "cancelled":
		return "cancelled"
	case trouble == 0:
		return e.Outcome
	case n.number("ok") == 0 && n.number("failed") > 0:
		return "failed"
	}
	return "attention"
}

func plain(s string) phrase { return phrase{Text: s} }

// actionVerbs is how an action reads: when it was done, and what was not allowed or did not work.
type actionVerbs struct{ done, attempt string }

var verbsOf = map[string]actionVerbs{
	"audit.read": {"viewed the audit log", "view the audit log"}, "audit.verify": {"verified the audit log", "verify the audit log"},
	"change.approve": {"approved a change", "approve a change"}, "change.decline": {"closed a request for a change", "decline a change"},
	"change.read":    {"viewed waiting changes", "view waiting changes"},
	"change.request": {"requested a change", "request a change"}, "change.withdraw": {"withdrew a request for a change", "withdraw a request for a change"},
	"connect.queue": {"changed the queue of sites to connect", "change the queue of sites to connect"}, "connect.begin": {"went to WordPress to approve",
		"go to WordPress to approve"},
	"connect.finish":  {"returned from WordPress for", "return from WordPress"},
	"database.backup": {"backed up the database", "back up the database"},
	"keys.rotate":     {"rotated the encryption key", "rotate the encryption key"},
	"drover.start":    {"started", "start"}, "gallery.read": {"opened the gallery", "open the gallery"},
	"member.add": {"added the member", "add a member"}, "member.edit": {"changed their account", "change an account"},
	"member.uninvite": {"revoked the invitation of", "revoke an invitation"},
	"member.invite":   {"invited", "invite a member"}, "member.join": {"joined the team", "join the team"},
	"retention.change": {"changed how long results are kept", "change how long results are kept"},
	"run.expire":       {"removed old results", "remove old results"},
	"database.restore": {"restored the database from a backup", "restore the database from a backup"},
	"member.confirm":   {"confirmed their identity", "confirm their identity"}, "member.factor": {"changed their second factor", "change a second factor"},
	"settings.change": {"changed a team setting", "change a team setting"},
	"member.read":     {"viewed the team", "view the team"}, "member.remove": {"removed the member", "remove the member"},
	"member.reset": {"created a password reset link for", "reset the password of"},
	"member.role":  {"changed the role of", "change the role of"}, "member.sign_in": {"signed in", "sign in"},
	"member.end_sessions": {"ended all sessions of", "end all sessions of"},
	"member.sign_out":     {"signed out", "sign out"}, "run.cancel": {"cancelled", "cancel"}, "run.finish": {"finished", "finish"},
	"run.read": {"viewed", "view"}, "run.start": {"started", "start a run"}, "run.start_now": {"started", "start a run at once"},
	"run.ask":    {"requested", "request"},
	"run.policy": {"changed which runs require approval", "change which runs require approval"}, "run.approve": {"approved", "approve"},
	"run.decline": {"declined", "decline"}, "run.start_destroy": {"started", "start a destructive run"},
	"member.reach": {"changed the access of", "change the access of"}, "token.make": {"created the token", "create a token"},
	"token.revoke": {"revoked the token", "revoke a token"},
	"token.use":    {"used a token", "use a token"}, "operation.save": {"saved the operation", "save an operation"},
	"operation.remove": {"removed the operation", "remove an operation"},
	"audit.archive":    {"archived old audit log entries", "archive old audit log entries"}, "audit.export": {"exported the audit log", "export the audit log"},
	"audit.checkpoint": {"signed a checkpoint of the audit log", "sign a checkpoint of the audit log"},
	"run.lower":        {"marked a request as doing less than its method suggests", "mark a request as doing less than its method suggests"},
	"site.learn":       {"updated the connection of", "update the connection of"}, "site.index": {"read the REST API index of", "read the REST API index of"},
	"site.add": {"added the site", "add a site"}, "site.check": {"checked", "check"},
	"site.credential": {"replaced the credential of", "replace the credential of"}, "site.edit": {"edited", "edit"},
	"site.import": {"imported sites", "import sites"}, "site.read": {"viewed", "view"}, "site.restore": {"restored", "restore"},
	"site.retire": {"retired", "retire"}, "site.tag": {"tagged", "tag"},
	"site.limit":  {"created a limited user on", "create a limited user on"},
	"site.rotate": {"rotated the application password of", "rotate the application password of"},
	"site.upkeep": {"changed the site check settings", "change the site check settings"},
}

func (e AuditRow) verb() string {
	t, known := verbsOf[e.Action]
	if !known {
		t = actionVerbs{e.Action, e.Action}
	}
	switch e.Outcome {
	case "refused":
		return "was not allowed to " + t.attempt
	case "failed":
		return "failed to " + t.attempt
	}
	return t.done
}

// namesItself tells whether the verb says already on whom.
func (e AuditRow) namesItself() bool {
	return slices.Contains([]string{"member.sign_in", "member.sign_out", "member.edit", "member.join", "member.confirm", "member.factor"}, e.Action)
}

// subject names and links what the entry is about.
func (e AuditRow) subject(run string) phrase {
	kind, id, _ := strings.Cut(e.Subject, ":")
	name := e.SubjectName
	if name == "" {
		name = e.Detail.text("name", "home", "email")
	}
	switch kind {
	case "run":
		return phrase{Text: run + " " + id, Href: "/runs/" + id, Strong: true}
	case "site":
		if name == "" {
			name = "site " + id
		}
		return phrase{Text: name, Href: "/sites/" + id, Strong: true}
	case "member":
		if name == "" {
			name = "member " + id
		}
		return phrase{Text: name, Href: "/team/" + id, Strong: true}
	case "change":
		return phrase{Text: "change " + id, Href: "/changes/" + id, Strong: true}
	case "connection":
		return phrase{Text: e.Detail.text("home"), Href: "/connect/" + id, Strong: true}
	case "token", "operation":
		if name == "" {
			name = kind + " " + id
		}
		return phrase{Text: name, Strong: true}
	}
	return phrase{Text: e.Subject, Strong: true}
}

// ending adds what the detail knows to the sentence.
func (e AuditRow) ending() string {
	if e.Outcome == "refused" {
		return ": " + whyRefused(e.Detail.text("why"))
	}
	switch e.Action {
	case "run.start", "run.ask":
		return e.Detail.started()
	case "run.approve", "run.decline":
		return fmt.Sprintf(", %s on %s, requested by %s", e.Detail.quoted(), counted(e.Detail.number("sites"), "site", "sites"), e.Detail.text("asked_by"))
	case "change.request", "change.approve", "change.decline", "change.withdraw":
		return ": " + verbsOf[e.Detail.text("change")].attempt + ", requested by " + e.Detail.text("requested_by")
	case "run.start_now":
		return fmt.Sprintf(", %s on %s, without waiting", e.Detail.quoted(), counted(e.Detail.number("sites"), "site", "sites"))
	case "run.cancel":
		return e.Detail.cancelled()
	case "site.check":
		return e.Detail.checked()
	case "site.edit", "member.role", "member.reach", "site.credential", "member.edit":
		return e.Detail.changed()
	case "site.learn":
		return e.Detail.learned()
	case "connect.queue":
		return e.Detail.counts("added", "reconnect", "skipped", "put_back", "removed")
	case "connect.finish":
		return map[string]string{"approved": ": approved", "rejected": ": not approved", "expired": ": expired", "other_site": ": a different site responded",
			"incomplete": ": without a credential"}[e.Detail.text("result")]
	case "site.limit":
		return map[string]string{"": ": ordered", "creating_user": ": started", "creating_password": ": user created", "choosing_role": ": password created",
			"storing": ": role chosen", "done": ": new password in use", "failed": ": reverted",
			"left_behind": ": reverted, but the user may still exist"}[e.Detail.text("step")]
	case "site.rotate":
		return map[string]string{"": ": started", "replaced": ": new password in use", "old_revoked": ": old password revoked", "blocked": ": not possible",
			"restored": ": old password in use again", "failed": ": reverted", "unrevoked": ": old password could not be revoked"}[e.Detail.text("result")]
	case "site.import":
		return e.Detail.counts("added", "updated", "unchanged", "bad")
	case "member.add", "member.invite", "member.uninvite", "member.join":
		if e.Detail.text("link") == "sign_in" {
			return " to sign in with a one-time link"
		}
		who := e.Detail.text("email")
		if who != "" && e.Subject == "" {
			who = " " + who
		} else {
			who = ""
		}
		if role := e.Detail.text("role"); role != "" {
			return who + " as " + role
		}
		return who
	case "audit.archive":
		return fmt.Sprintf(": entries %d to %d", e.Detail.number("first"), e.Detail.number("last"))
	case "site.tag":
		if tag := e.Detail.text("tag"); tag != "" {
			return " with " + tag
		}
	case "keys.rotate":
		return fmt.Sprintf(" (%s)", counted(e.Detail.number("resealed"), "credential", "credentials"))
	}
	return ""
}

func whyRefused(why string) string {
	switch why {
	case "role":
		return "the role does not allow it"
	case "reach":
		return "it is outside their access"
	case "operation":
		return "the operation is outside their access"
	case "own_request":
		return "members cannot approve their own requests"
	case "own_reach":
		return "members cannot change their own access"
	case "above_own_role", "beyond_own_reach":
		return "it is more than their own access"
	case "wrong_password":
		return "the password was wrong"
	case "wrong_code":
		return "the code was wrong"
	case "revoked":
		return "the sign-in, role or access changed in the meantime"
	case "not_independent":
		return "the approver must be independent of the requester"
	case "two_people":
		return "a second person must approve it"
	case "":
		return "no reason was logged"
	}
	return why
}
