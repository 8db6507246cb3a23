package access

import "fmt"

// ErrNeedsApproval means that the team's policy wants a second person for the change. It is ErrForbidden.
var ErrNeedsApproval = fmt.Errorf("%w: two people must make this change together", ErrForbidden)

// Approval is a second person's decision that the actor's change may be made. Without one in By it is a trial: everything is checked, and
// nothing is done.
type Approval struct {
	Change int64 // the pending change that the approval is for
	By     *Actor
	Taken  bool // a change has used it
}
