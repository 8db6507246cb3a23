package runs

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// Errors of this package.
var (
	ErrNoRun    = errors.New("there is no such run")
	ErrNoTarget = errors.New("there is no such target")
	ErrEnded    = errors.New("the run has ended already")
	ErrBegun    = errors.New("the run has begun already")

	// ErrLeaseLost is returned to a worker whose batch is another worker's by now.
	ErrLeaseLost = errors.New("another worker has taken over the batch")
)

// State is how far a run is.
type State string

// The states of a run.
const (
	Waiting          State = "waiting"
	Running          State = "running"
	Done             State = "done"
	Cancelled        State = "cancelled" // ended before every target was sent
	AwaitingApproval State = "asked"     // nothing is sent before a second person approves
)

// approval is how far a second person's decision is.
type approval string

const (
	approvalRequested approval = "asked"
	approvalGiven     approval = "approved"
	approvalDeclined  approval = "declined"
	approvalExpired   approval = "expired"
)

// Run is one operation over many sites.
type Run struct {
	ID        int64
	Spec      Spec
	Title     string // "Clear the whole cache"
	Effect    operation.Effect
	State     State
	Actor     access.Actor
	Total     int
	RerunOf   int64
	CreatedAt time.Time
	StartedAt time.Time
	EndedAt   time.Time

	CancelledAt time.Time
	CancelledBy string
	DeadlineAt  time.Time // zero without a limit
	StartsAt    time.Time // nothing is sent before, and until then the run can be undone; zero for a run that started at once

	ApprovalUntil time.Time // when a run that waits for approval ends by itself
	ApprovedBy    string    // empty where no approval was needed or given

	Fault string // what kept Drover itself from working a part of the run, as a sentence; empty where nothing did

	Expired Expired // what was removed because it was old

	OutsideScope int // sites that are beyond the reach of who asked: Total is without them, and Spec does not tell what it was
}

// Ended tells whether nothing more will happen in the run.
func (r Run) Ended() bool { return r.State == Done || r.State == Cancelled }

// TargetState is how far a target is.
type TargetState string

// The states of a target.
const (
	TargetWaiting TargetState = "waiting"
	TargetRunning TargetState = "running" // its request may have been sent
	TargetDone    TargetState = "done"
)

// Target is one site in a run, as it was when the run started.
type Target struct {
	ID       int64
	RunID    int64
	SiteID   int64
	SiteName string
	Home     string
	Client   string // empty where the site belonged to none
	State    TargetState

	Outcome  wordpress.Outcome
	Reason   wordpress.Reason
	Status   int    // HTTP's, 0 when there was no answer
	Code     string // WordPress's own
	Message  string // WordPress's own, as text
	Note     string // for a person
	Location string // where a redirect points
	Attempts int

	StartedAt, EndedAt time.Time
	Took               time.Duration // from the first attempt's beginning to the last one's end

	Verified Verified // what looking at its pages showed, where the run was to look
	Samples  []Sample
}

// Attempt is one HTTP exchange of a target. It never holds a credential.
type Attempt struct {
	N           int
	Method, URL string
	Override    string
	RequestBody string
	Sent        bool
	Status      int
	Header      http.Header
	Body        []byte // at most MaxReadBody bytes of a read, else MaxBody; show it as text only
	BodyCut     bool
	Fault       string
	Outcome     wordpress.Outcome
	Reason      wordpress.Reason
	Address     string
	StartedAt   time.Time
	Took        time.Duration
	Waited      time.Duration // for its turn, before Took
}

// How much of an answer an attempt keeps, in bytes: all that was read where the answer is what the run is for.
const (
	MaxBody     = 64 << 10
	MaxReadBody = 1 << 20
)

// Counts are targets by outcome; the ones that have not ended stand under Waiting and Running. What a cancelled run did not send any more is
// NotSent, and not Failed.
type Counts struct {
	OK, Partial, Skipped, Failed, Unknown int
	NotSent                               int
	Waiting, Running                      int
}

// Ended is how many targets have ended.
func (c Counts) Ended() int {
	return c.OK + c.Partial + c.Skipped + c.Failed + c.Unknown + c.NotSent
}

// Trouble is how many need a person.
func (c Counts) Trouble() int { return c.Partial + c.Failed + c.Unknown }

// MarshalJSON writes the counts by outcome, without those that are 0.
func (c Counts) MarshalJSON() ([]byte, error) {
	all := map[string]int{"ok": c.OK, "partial": c.Partial, "skipped": c.Skipped, "failed": c.Failed, "unknown": c.Unknown, "not_sent": c.NotSent,
		"waiting": c.Waiting, "running": c.Running}
	for name, n := range all {
		if n == 0 {
			delete(all, name)
		}
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Counts) UnmarshalJSON(text []byte) error {
	var all map[string]int
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	*c = Counts{OK: all["ok"], Partial: all["partial"], Skipped: all["skipped"], Failed: all["failed"], Unknown: all["unknown"], NotSent: all["not_sent"],
		Waiting: all["waiting"], Running: all["running"]}
	return nil
}

func (c *Counts) add(state TargetState, outcome wordpress.Outcome, reason wordpress.Reason, n int) {
	switch {
	case state == TargetWaiting:
		c.Waiting += n
	case state == TargetRunning:
		c.Running += n
	case outcome == wordpress.OK:
		c.OK += n
	case outcome == wordpress.Partial:
		c.Partial += n
	case outcome == wordpress.Skipped:
		c.Skipped += n
	case outcome == wordpress.Failed && reason == wordpress.ReasonCancelled:
		c.NotSent += n
	case outcome == wordpress.Failed:
		c.Failed += n
	default:
		c.Unknown += n
	}
}

// Group is the targets of a run that share an outcome and a reason.
type Group struct {
	Outcome wordpress.Outcome
	Reason  wordpress.Reason
	Count   int
}

// Snapshot is a run as it is now.
type Snapshot struct {
	Run      Run
	Counts   Counts
	Verified map[Verified]int // targets whose pages were looked at, nil where the run was not to look
	Groups   []Group          // the troublesome first
	Latest   []Target         // the last ones that ended, the newest first
	Rate     float64          // targets a second over the last seconds, 0 when not known
	Left     time.Duration
}

// Batch is a part of a run that one worker works: targets, and what to send them.
type Batch struct {
	Run     Run
	Plan    operation.Plan
	Targets []Target
}

// TargetAttempt is an attempt with its target's id.
type TargetAttempt struct {
	Target  int64
	Attempt Attempt
}

// Progress is what happened in a batch: what its worker stores in one transaction.
type Progress struct {
	Begun     []int64 // targets that are about to be sent
	Withdrawn []int64 // targets that were about to be sent and then were not: they wait again
	Attempts  []TargetAttempt
	Ended     []Target
	Observed  []sites.Observed // what the requests told of the sites themselves
}

// Verified is what looking at a site's pages showed after its cache was cleared.
type Verified string

// What can be found. The zero value means that nobody looked.
const (
	VerifiedYes     Verified = "yes"
	VerifiedNo      Verified = "no"      // a page still came from the cache as it was before
	VerifiedUnclear Verified = "unclear" // no page was in the cache before, so nothing can be seen
)

// Sample is one public page before and after its cache was cleared.
type Sample struct {
	URL    string           `json:"url"`
	Before wordpress.Cached `json:"before"`
	After  wordpress.Cached `json:"after"`
	Found  Verified         `json:"found"`
	Waited time.Duration    `json:"waited"` // from the site's answer to the look that decided
}
