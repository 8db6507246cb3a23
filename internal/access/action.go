package access

import (
	"slices"
	"strconv"
)

// Action is what is done, as noun.verb.
type Action string

// The actions.
const (
	AuditArchive       Action = "audit.archive"    // move old entries into a signed file
	AuditCheckpoint    Action = "audit.checkpoint" // sign what the audit log is
	AuditExport        Action = "audit.export"
	AuditRead          Action = "audit.read"
	AuditVerify        Action = "audit.verify"
	ChangeApprove      Action = "change.approve" // let a change be made that somebody else requested
	ChangeDecline      Action = "change.decline"
	ChangeRead         Action = "change.read"
	ChangeRequest      Action = "change.request"  // a change that a second person must approve
	ChangeWithdraw     Action = "change.withdraw" // one's own request
	ConnectBegin       Action = "connect.begin"   // go to a site to approve Drover there
	ConnectFinish      Action = "connect.finish"  // come back from it
	ConnectQueue       Action = "connect.queue"   // the queue of sites to connect
	DatabaseBackup     Action = "database.backup"
	DatabaseRestore    Action = "database.restore" // put a backup back
	KeysRotate         Action = "keys.rotate"
	MemberAdd          Action = "member.add"
	MemberConfirm      Action = "member.confirm"      // proving who one is, in between
	MemberEdit         Action = "member.edit"         // one's own name and password
	MemberEndSessions  Action = "member.end_sessions" // of another member
	MemberFactor       Action = "member.factor"       // one's own second factor
	MemberInvite       Action = "member.invite"
	MemberUninvite     Action = "member.uninvite" // revoke an invitation that nobody has accepted
	MemberJoin         Action = "member.join"
	MemberAccess       Action = "member.reach" // which sites and operations a member is held to
	MemberRead         Action = "member.read"
	MemberRemove       Action = "member.remove"
	MemberReset        Action = "member.reset" // making a link that resets another's password
	MemberRole         Action = "member.role"
	MemberSignIn       Action = "member.sign_in"
	MemberSignOut      Action = "member.sign_out"
	OperationRemove    Action = "operation.remove"
	OperationSave      Action = "operation.save"
	RunApprove         Action = "run.approve" // let a run begin that somebody else asked for
	RunRequestApproval Action = "run.ask"     // for a run that a second person must approve
	RunCancel          Action = "run.cancel"
	RunDecline         Action = "run.decline"
	RunFail            Action = "run.fail" // Drover itself could not work a part of it
	RunFinish          Action = "run.finish"
	RunPolicy          Action = "run.policy" // which runs a second person must approve
	RunRead            Action = "run.read"
	RunStart           Action = "run.start"
	RetentionChange    Action = "retention.change"  // how long what runs leave is kept
	RunExpire          Action = "run.expire"        // Drover removed what was kept long enough
	RunLower           Action = "run.lower"         // say that a request does less than its method may
	RunStartNow        Action = "run.start_now"     // end the wait of a run that a person started
	RunStartDestroy    Action = "run.start_destroy" // the right to start a run whose effect is destroy; recorded as run.start
	SettingsChange     Action = "settings.change"
	SiteAdd            Action = "site.add"
	SiteCheck          Action = "site.check"
	SiteCredential     Action = "site.credential"
	SiteEdit           Action = "site.edit"
	SiteImport         Action = "site.import"
	SiteIndex          Action = "site.index" // read what a site's REST API offers, with its credential
	SiteDetect         Action = "site.learn" // how to speak to a site, found out while a run went on
	SiteRead           Action = "site.read"
	SiteRestore        Action = "site.restore"
	SiteRetire         Action = "site.retire"
	SiteLimit          Action = "site.limit"  // make a user on the site who may only clear the cache
	SiteRotate         Action = "site.rotate" // replace an application password by a new one, made with the old one
	SiteTag            Action = "site.tag"
	SiteUpkeep         Action = "site.upkeep" // what the team wants to know of its sites without asking
	TokenMake          Action = "token.make"
	TokenRevoke        Action = "token.revoke"
	TokenUse           Action = "token.use" // by a program; recorded now and then, what it changes each time
	GalleryRead        Action = "gallery.read"
	DroverStart        Action = "drover.start"
)

// leastRole is the table of rights: the least role that may do each action.
var leastRole = map[Action]Role{
	AuditArchive:       Owner,
	AuditCheckpoint:    Admin,
	AuditExport:        Viewer,
	AuditRead:          Viewer,
	AuditVerify:        Viewer,
	ChangeApprove:      Admin,
	ChangeDecline:      Admin,
	ChangeRead:         Admin,
	ChangeRequest:      Admin,
	ChangeWithdraw:     Admin,
	ConnectBegin:       Admin,
	ConnectFinish:      Admin,
	ConnectQueue:       Admin,
	DatabaseBackup:     Owner,
	DatabaseRestore:    Owner,
	KeysRotate:         Owner,
	MemberAdd:          Admin,
	MemberConfirm:      Viewer,
	MemberEdit:         Viewer,
	MemberEndSessions:  Admin,
	MemberFactor:       Viewer,
	MemberInvite:       Admin,
	MemberUninvite:     Admin,
	MemberJoin:         Viewer,
	MemberAccess:       Admin,
	MemberRead:         Viewer,
	MemberRemove:       Admin,
	MemberReset:        Admin,
	MemberRole:         Admin,
	MemberSignIn:       Viewer,
	MemberSignOut:      Viewer,
	OperationRemove:    Operator,
	OperationSave:      Operator,
	RunApprove:         Admin,
	RunRequestApproval: Operator,
	RunCancel:          Operator,
	RunDecline:         Admin,
	RunFail:            Owner,
	RunFinish:          Owner,
	RunPolicy:          Owner,
	RunRead:            Viewer,
	RunStart:           Operator,
	RetentionChange:    Admin,
	RunExpire:          Owner,
	RunLower:           Admin,
	RunStartNow:        Operator,
	RunStartDestroy:    Admin,
	SettingsChange:     Admin,
	SiteAdd:            Admin,
	SiteCheck:          Operator,
	SiteCredential:     Admin,
	SiteEdit:           Admin,
	SiteImport:         Admin,
	SiteIndex:          Operator,
	SiteDetect:         Owner,
	SiteRead:           Viewer,
	SiteRestore:        Admin,
	SiteRetire:         Admin,
	SiteLimit:          Admin,
	SiteRotate:         Admin,
	SiteTag:            Admin,
	SiteUpkeep:         Admin,
	TokenMake:          Viewer,
	TokenRevoke:        Viewer,
	TokenUse:           Viewer,
	GalleryRead:        Viewer,
	DroverStart:        Owner,
}

// everySite lists what concerns all sites at once: nobody whose scope is limited to some of them may do it.
var everySite = map[Action]bool{
	RunPolicy:       true,
	AuditArchive:    true,
	AuditCheckpoint: true, AuditVerify: true, DatabaseBackup: true, DatabaseRestore: true, RetentionChange: true, KeysRotate: true, OperationRemove: true,
	OperationSave:  true,
	SettingsChange: true, SiteUpkeep: true,
}

// LeastRole is the least role that may do the action, empty for an action that does not exist.
func LeastRole(action Action) Role { return leastRole[action] }

// Actions lists all actions in alphabetical order.
func Actions() []Action {
	all := make([]Action, 0, len(leastRole))
	for action := range leastRole {
		all = append(all, action)
	}
	slices.Sort(all)
	return all
}

// Subject is what an action is done to, as kind:id, such as site:12. Empty where there is no single one.
type Subject string

// On names the subject of a kind with an id.
func On(kind string, id int64) Subject { return Subject(kind + ":" + strconv.FormatInt(id, 10)) }
