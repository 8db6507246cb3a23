package runs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/wordpress"
)

type runRow struct {
	ID          int64 `gorm:"primaryKey"`
	Operation   string
	Title       string
	Effect      operation.Effect
	Spec        string
	State       State
	ActorKind   access.Kind
	ActorID     int64
	ActorName   string
	ActorToken  int64
	Addr        string
	Total       int
	RerunOf     int64
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	StartedAt   int64
	EndedAt     int64
	CancelledAt int64
	CancelledBy string
	DeadlineAt  int64
	StartsAt    int64
	Delayed     bool

	Approval      approval
	ApprovalUntil int64
	ApprovedBy    string
	Fault         string
	Expired       Expired
}

func (runRow) TableName() string { return "runs" }

type batchRow struct {
	ID         int64 `gorm:"primaryKey"`
	RunID      int64
	Done       bool
	Owner      string
	LeaseUntil int64
	Failures   int
	RetryAt    int64
}

func (batchRow) TableName() string { return "batches" }

type targetRow struct {
	ID        int64 `gorm:"primaryKey;autoIncrement:false"` // made by the database, and not asked for when it is
	RunID     int64
	BatchID   int64
	SiteID    int64
	SiteName  string
	SortName  string // natural.Key of the site's name; empty in the targets of an older Drover
	Home      string
	Client    string
	State     TargetState
	Outcome   wordpress.Outcome
	Reason    wordpress.Reason
	Status    int
	Code      string
	Message   string
	Note      string
	Location  string
	Attempts  int
	StartedAt int64
	EndedAt   int64
	TookUs    int64
	Verified  Verified
	Samples   string `gorm:"column:proof"`
}

func (targetRow) TableName() string { return "targets" }

type attemptRow struct {
	ID          int64 `gorm:"primaryKey;autoIncrement:false"` // made by the database, and not asked for when it is
	TargetID    int64
	N           int
	Method      string
	URL         string
	Override    string
	RequestBody string
	Sent        bool
	Status      int
	Header      string
	Body        []byte
	BodyCut     bool
	Fault       string
	Outcome     wordpress.Outcome
	Reason      wordpress.Reason
	Address     string
	StartedAt   int64
	TookUs      int64
	WaitedUs    int64
}

func (attemptRow) TableName() string { return "attempts" }

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func (r runRow) run() (Run, error) {
	run := Run{
		ID: r.ID, Title: r.Title, Effect: r.Effect, State: r.State, Total: r.Total, RerunOf: r.RerunOf,
		Actor:     access.Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName, Token: r.ActorToken, Addr: r.Addr},
		CreatedAt: moment(r.CreatedAt), StartedAt: moment(r.StartedAt), EndedAt: moment(r.EndedAt), CancelledAt: moment(r.CancelledAt), CancelledBy: r.CancelledBy,
		DeadlineAt: moment(r.DeadlineAt), ApprovedBy: r.ApprovedBy, Fault: r.Fault, Expired: r.Expired,
	}
	if r.Delayed {
		run.StartsAt = moment(r.StartsAt)
	}
	if r.Approval == approvalRequested && r.EndedAt == 0 {
		run.State, run.ApprovalUntil = AwaitingApproval, moment(r.ApprovalUntil)
	}
	if err := json.Unmarshal([]byte(r.Spec), &run.Spec); err != nil {
		return run, fmt.Errorf("runs: spec of run %d: %w", r.ID, err)
	}
	return run, nil
}

func (r targetRow) target() Target {
	var samples []Sample
	if r.Samples != "" {
		_ = json.Unmarshal([]byte(r.Samples), &samples) // written by rowOf; without it, the verdict still stands
	}
	return Target{
		ID: r.ID, RunID: r.RunID, SiteID: r.SiteID, SiteName: r.SiteName, Home: r.Home, Client: r.Client, State: r.State, Outcome: r.Outcome, Reason: r.Reason,
		Status: r.Status, Code: r.Code, Message: r.Message, Note: r.Note, Location: r.Location, Attempts: r.Attempts,
		StartedAt: moment(r.StartedAt), EndedAt: moment(r.EndedAt), Took: time.Duration(r.TookUs) * time.Microsecond,
		Verified: r.Verified, Samples: samples,
	}
}

func rowOf(t Target, batch int64) targetRow {
	var samples []byte
	if len(t.Samples) > 0 {
		samples, _ = json.Marshal(t.Samples) // texts and numbers always have a JSON form
	}
	return targetRow{
		ID: t.ID, RunID: t.RunID, BatchID: batch, SiteID: t.SiteID, SiteName: t.SiteName, Home: t.Home, Client: t.Client, State: t.State,
		Outcome: t.Outcome, Reason: t.Reason,
		Status: t.Status, Code: t.Code, Message: t.Message, Note: t.Note, Location: t.Location, Attempts: t.Attempts,
		StartedAt: micros(t.StartedAt), EndedAt: micros(t.EndedAt), TookUs: t.Took.Microseconds(),
		Verified: t.Verified, Samples: string(samples),
	}
}

func (r attemptRow) attempt() (Attempt, error) {
	a := Attempt{
		N: r.N, Method: r.Method, URL: r.URL, Override: r.Override, RequestBody: r.RequestBody, Sent: r.Sent, Status: r.Status, Header: http.Header{},
		Body: r.Body, BodyCut: r.BodyCut, Fault: r.Fault, Outcome: r.Outcome, Reason: r.Reason, Address: r.Address,
		StartedAt: moment(r.StartedAt), Took: time.Duration(r.TookUs) * time.Microsecond, Waited: time.Duration(r.WaitedUs) * time.Microsecond,
	}
	if r.Header == "" {
		return a, nil
	}
	return a, json.Unmarshal([]byte(r.Header), &a.Header)
}

func attemptRowOf(target int64, a Attempt) (attemptRow, error) {
	header, err := json.Marshal(a.Header)
	return attemptRow{
		TargetID: target, N: a.N, Method: a.Method, URL: a.URL, Override: a.Override, RequestBody: a.RequestBody, Sent: a.Sent, Status: a.Status,
		Header: string(header), Body: a.Body, BodyCut: a.BodyCut, Fault: a.Fault, Outcome: a.Outcome, Reason: a.Reason, Address: a.Address,
		StartedAt: micros(a.StartedAt), TookUs: a.Took.Microseconds(), WaitedUs: a.Waited.Microseconds(),
	}, err
}
