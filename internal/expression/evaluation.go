package expression

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Evaluation makes the rows of one table, for one goroutine at a time.
type Evaluation struct {
	program *Program
	place   *Place
	limits  Limits
	spent   time.Duration
	child   *child
	ended   int  // children that were ended
	full    bool // no more rows are kept
	stream  bool // nothing of an answer is kept once its rows were returned
	cells   map[string]any
}

// Evaluate begins a table. Close ends what goes on for it.
func (p *Place) Evaluate(program *Program) *Evaluation {
	return &Evaluation{program: program, place: p, limits: p.pool.limits, cells: map[string]any{}}
}

// EvaluateStream is Evaluate for rows that go out as they come: what they may take in memory counts for one answer, not for all of them.
func (p *Place) EvaluateStream(program *Program) *Evaluation {
	e := p.Evaluate(program)
	e.stream, e.limits.Table = true, streamTime
	return e
}

// streamTime bounds what all answers of a stream may take together.
const streamTime = 5 * time.Minute

// Close ends the child, if there is one.
func (e *Evaluation) Close() {
	if e.child != nil {
		e.child.end()
		e.child = nil
	}
}

// Answer returns the rows of one answer's pages. What is wrong with the answer or the expressions is told by the last row; an error is the
// caller's own: the context's end.
func (e *Evaluation) Answer(ctx context.Context, pages [][]byte) ([]Row, error) {
	if e.stream {
		e.full, e.place.left, e.cells = false, e.limits.Kept, map[string]any{}
	}
	if reason := e.over(); reason != "" {
		return []Row{e.program.failed(reason)}, ctx.Err()
	}
	began := time.Now()
	defer func() { e.spent += time.Since(began) }()
	var rows []Row
	each := func(r Row) bool {
		switch {
		case len(rows) == maxRows:
			rows[maxRows-1].Error = fmt.Sprintf(tooManyRows, maxRows)
		case !e.keep(&r):
			e.full = true
			rows = append(rows, e.program.failed(e.over()))
		default:
			rows = append(rows, r)
			return true
		}
		return false
	}
	evaluate := e.byChild
	if e.program.paths != nil {
		evaluate = e.byPaths
	}
	reason, err := evaluate(ctx, pages, each)
	if reason != "" {
		rows = append(rows, e.program.failed(reason))
	}
	return rows, err
}

// over is why no more answers are looked at, or empty.
func (e *Evaluation) over() string {
	switch {
	case e.full:
		return fmt.Sprintf(tooLargeATable, e.limits.Kept>>20)
	case e.spent >= e.limits.Table:
		return fmt.Sprintf(tooSlowATable, seconds(e.limits.Table))
	case e.ended > e.limits.Restarts:
		return tooManyRestarts
	}
	return ""
}

func seconds(d time.Duration) string { return fmt.Sprintf("%g s", d.Seconds()) }

func (e *Evaluation) late() string { return fmt.Sprintf(tooSlow, seconds(e.limits.Answer)) }

// keep counts what a row takes in memory. Texts that many rows have are kept once.
func (e *Evaluation) keep(r *Row) bool {
	e.place.left -= 80 + 17*len(r.Cells) + len(r.Error)
	for i, cell := range r.Cells {
		text, is := cell.(string)
		if !is || len(text) > 64 {
			e.place.left -= sizeOf(cell)
			continue
		}
		known, is := e.cells[text]
		if !is {
			e.place.left -= 100 + len(text)
			known = cell
			e.cells[text] = cell
		}
		r.Cells[i] = known
	}
	return e.place.left >= 0
}

// byPaths follows the paths here. The reason is what a person is told where that took too long.
func (e *Evaluation) byPaths(ctx context.Context, pages [][]byte, each func(Row) bool) (reason string, err error) {
	limited, cancel := context.WithTimeout(ctx, e.limits.Answer)
	defer cancel()
	for _, page := range pages {
		more := true
		e.program.follow(page, func(r Row) bool {
			more = each(r) && limited.Err() == nil
			return more
		})
		if !more {
			break
		}
	}
	if ctx.Err() == nil && limited.Err() != nil {
		return e.late(), nil
	}
	return "", ctx.Err()
}

// byChild gives the pages to a child. The reason is what a person is told when it was ended.
func (e *Evaluation) byChild(ctx context.Context, pages [][]byte, each func(Row) bool) (reason string, err error) {
	limited, cancel := context.WithTimeout(ctx, min(e.limits.Answer, max(e.limits.Table-e.spent, time.Millisecond)))
	defer cancel()
	for _, page := range pages {
		if len(page) > maxPage {
			return fmt.Sprintf(tooLargeAnAnswer, maxPage>>20), nil
		}
		if e.child == nil {
			if e.child, err = start(e.program, e.limits); err != nil {
				return "", err
			}
		}
		more, err := e.child.page(limited, page, e.program, each)
		if err != nil {
			reason := e.reason(limited)
			return reason, ctx.Err()
		}
		if !more {
			break
		}
	}
	return "", nil
}

// page sends one page and reads its rows.
func (c *child) page(ctx context.Context, page []byte, p *Program, each func(Row) bool) (more bool, err error) {
	stop := context.AfterFunc(ctx, c.kill)
	defer stop()
	if err := writeFrame(c.in, page); err != nil {
		return false, err
	}
	more = true
	for {
		text, err := readFrame(c.out, maxOutput)
		if err != nil {
			return false, err
		}
		var o output
		if err := json.Unmarshal(text, &o); err != nil {
			return false, err
		}
		if o.End {
			return more, nil
		}
		if more && len(o.Cells) == 0 {
			each(p.failed(o.Error))
			more = false
		} else if more {
			more = each(p.read(o))
		}
	}
}

// read builds a row's cells; what a child sends is bounded as what a site sends.
func (p *Program) read(o output) Row {
	row := Row{Cells: make([]any, len(p.columns)), Error: o.Error}
	for i := range min(len(o.Cells), len(p.columns)) {
		cell, err := cellOf(o.Cells[i])
		row.put(i, p.columns[i].Name, cell, err)
	}
	return row
}

// reason tells why the child is gone, and forgets it.
func (e *Evaluation) reason(ctx context.Context) string {
	e.ended++
	ended := e.child.end()
	e.child = nil
	if ctx.Err() != nil || ended == endedByTime {
		return e.late()
	}
	if ended == endedByMemory {
		return outOfMemory
	}
	return withoutResult
}
