package audit

import (
	"slices"
	"strconv"
)

// Action is what is done, as noun.verb.
type Action string

// The actions.
const (
	AuditCheckpoint   Action = "audit.checkpoint" // sign what the record is
	AuditRead         Action = "audit.read"
	AuditVerify       Action = "audit.verify"
	DatabaseBackup    Action = "database.backup"
	KeysRotate        Action = "keys.rotate"
	MemberAdd         Action = "member.add"
	MemberConfirm     Action = "member.confirm"      // proving who one is, in between
	MemberEdit        Action = "member.edit"         // one's own name and password
	MemberFactor      Action = "member.factor"       // one's own second factor
	MemberEndSessions Action = "member.end_sessions" // of another member
	MemberInvite      Action = "member.invite"
	MemberJoin        Action = "member.join"
	MemberRead        Action = "member.read"
	MemberRemove      Action = "member.remove"
	MemberReset       Action = "member.reset" // making a link that sets another's password anew
	MemberRole        Action = "member.role"
	MemberSignIn      Action = "member.sign_in"
	MemberSignOut     Action = "member.sign_out"
	OperationRemove   Action = "operation.remove"
	OperationSave     Action = "operation.save"
	RunCancel         Action = "run.cancel"
	RunFinish         Action = "run.finish"
	RunRead           Action = "run.read"
	RunStart          Action = "run.start"
	RunLower          Action = "run.lower"         // say that a request does less than its method may
	RunStartDestroy   Action = "run.start_destroy" // the right to start a run whose effect is destroy; recorded as run.start
	SettingsChange    Action = "settings.change"
	SiteAdd           Action = "site.add"
	SiteCheck         Action = "site.check"
	SiteCredential    Action = "site.credential"
	SiteEdit          Action = "site.edit"
	SiteImport        Action = "site.import"
	SiteIndex         Action = "site.index" // read what a site's REST API offers, with its credential
	SiteLearn         Action = "site.learn" // how to speak to a site, found out while a run went on
	SiteRead          Action = "site.read"
	SiteRestore       Action = "site.restore"
	SiteRetire        Action = "site.retire"
	SiteTag           Action = "site.tag"
	GalleryRead       Action = "gallery.read"
	DroverStart       Action = "drover.start"
)

var least = map[Action]Role{
	AuditCheckpoint:   Admin,
	AuditRead:         Viewer,
	AuditVerify:       Viewer,
	DatabaseBackup:    Owner,
	KeysRotate:        Owner,
	MemberAdd:         Admin,
	MemberConfirm:     Viewer,
	MemberEdit:        Viewer,
	MemberFactor:      Viewer,
	MemberEndSessions: Admin,
	MemberInvite:      Admin,
	MemberJoin:        Viewer,
	MemberRead:        Viewer,
	MemberRemove:      Admin,
	MemberReset:       Admin,
	MemberRole:        Admin,
	MemberSignIn:      Viewer,
	MemberSignOut:     Viewer,
	OperationRemove:   Operator,
	OperationSave:     Operator,
	RunCancel:         Operator,
	RunFinish:         Owner,
	RunRead:           Viewer,
	RunStart:          Operator,
	RunLower:          Admin,
	RunStartDestroy:   Admin,
	SettingsChange:    Admin,
	SiteAdd:           Admin,
	SiteCheck:         Operator,
	SiteCredential:    Admin,
	SiteEdit:          Admin,
	SiteImport:        Admin,
	SiteIndex:         Operator,
	SiteLearn:         Owner,
	SiteRead:          Viewer,
	SiteRestore:       Admin,
	SiteRetire:        Admin,
	SiteTag:           Admin,
	GalleryRead:       Viewer,
	DroverStart:       Owner,
}

// Actions lists all actions in alphabetical order.
func Actions() []Action {
	all := make([]Action, 0, len(least))
	for action := range least {
		all = append(all, action)
	}
	slices.Sort(all)
	return all
}

// Subject is what an action is done to, as kind:id, such as site:12. Empty where there is no single one.
type Subject string

// On names the subject of a kind with an id.
func On(kind string, id int64) Subject { return Subject(kind + ":" + strconv.FormatInt(id, 10)) }
