package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/validation"
)

// AnswerLine is one row of a run's answers. As JSON it is an object: site, then the columns in their order, and error where something is
// wrong with the row. A column that is itself named site or error gets an underscore at its end.
type AnswerLine struct {
	Site    string
	Columns []string
	Cells   []any // nil, bool, json.Number, string, or json.RawMessage for a list or an object
	Error   string
}

// AnswerQuery says what of the answers is wanted. Without either, it is what the run's saved operation shows, else each whole answer.
type AnswerQuery struct {
	Columns []string // paths such as version or title.rendered; * stands for those of the saved operation, else those that suit the answers
	JQ      string   // a jq expression; each of its results is one row with the column value
}

// Values is the query as parameters of an address.
func (q AnswerQuery) Values() url.Values {
	values := url.Values{}
	if len(q.Columns) > 0 {
		values["columns"] = q.Columns
	}
	if q.JQ != "" {
		values.Set("jq", q.JQ)
	}
	return values
}

// queryOf reads what Values wrote; commas separate columns too.
func queryOf(values url.Values) AnswerQuery {
	q := AnswerQuery{JQ: values.Get("jq")}
	for _, text := range values["columns"] {
		for column := range strings.SplitSeq(text, ",") {
			if column = strings.TrimSpace(column); column != "" {
				q.Columns = append(q.Columns, column)
			}
		}
	}
	return q
}

// Names of the members that every line may have, and of the one column of a whole answer and of a jq expression.
const (
	siteMember   = "site"
	errorMember  = "error"
	answerColumn = "answer"
	valueColumn  = "value"
)

// MarshalJSON writes the object described above.
func (l AnswerLine) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	member := func(name string, value any) error {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		if err := encoder.Encode(name); err != nil {
			return err
		}
		b.WriteByte(':')
		return encoder.Encode(value)
	}
	err := member(siteMember, l.Site)
	for i, name := range l.Columns {
		if name == siteMember || name == errorMember {
			name += "_"
		}
		if i < len(l.Cells) {
			err = errors.Join(err, member(name, l.Cells[i]))
		}
	}
	if l.Error != "" {
		err = errors.Join(err, member(errorMember, l.Error))
	}
	return []byte("{" + b.String() + "}"), err
}

// UnmarshalJSON reads what MarshalJSON wrote, with the columns in their order.
func (l *AnswerLine) UnmarshalJSON(text []byte) error {
	*l = AnswerLine{}
	return eachMember(text, func(name string, value json.RawMessage) error {
		switch name {
		case siteMember:
			return json.Unmarshal(value, &l.Site)
		case errorMember:
			return json.Unmarshal(value, &l.Error)
		}
		cell, err := cellOf(value)
		l.Columns, l.Cells = append(l.Columns, name), append(l.Cells, cell)
		return err
	})
}

// Opened is the line with a column for each member of the object that is its only cell; false where it is none.
func (l AnswerLine) Opened() (AnswerLine, bool) {
	if len(l.Cells) != 1 {
		return l, false
	}
	object, is := l.Cells[0].(json.RawMessage)
	if !is || object[0] != '{' {
		return l, false
	}
	opened := AnswerLine{Site: l.Site, Error: l.Error}
	err := eachMember(object, func(name string, value json.RawMessage) error {
		cell, err := cellOf(value)
		opened.Columns, opened.Cells = append(opened.Columns, name), append(opened.Cells, cell)
		return err
	})
	return opened, err == nil && len(opened.Columns) > 0
}

// eachMember reads a JSON object member by member, in its order.
func eachMember(text []byte, each func(string, json.RawMessage) error) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return errors.Join(errors.New("this is not a JSON object"), err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err == nil {
			err = decoder.Decode(&value)
		}
		if err == nil {
			err = each(fmt.Sprint(name), value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cellOf reads one value; a list or an object stays the text that it is.
func cellOf(value json.RawMessage) (any, error) {
	if len(value) > 0 && (value[0] == '{' || value[0] == '[') {
		return value, nil
	}
	var cell any
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	err := decoder.Decode(&cell)
	return cell, err
}

// EachAnswer calls each with the rows of a run's answers within the actor's scope, site by site as they are read: neither the answers nor the
// rows of all sites are in memory together. A query that cannot be read is validation.Problems; each's own error ends it.
func EachAnswer(ctx context.Context, runner *runs.Runner, actor access.Actor, place *expression.Place, id int64, q AnswerQuery,
	each func(AnswerLine) error) error {
	run, err := runner.Run(ctx, actor, id)
	if err != nil {
		return err
	}
	if run.Expired >= runs.AnswersExpired {
		return validation.Problems{"run": "The answers of this run were removed after the retention period (Settings, Retention)."}
	}
	s := answerStream{place: place, each: each}
	defer s.close()
	if err := s.plan(q, run.Spec.Table); err != nil {
		return err
	}
	return runner.Answers(ctx, actor, id, func(a endpoint.Answer) error { return s.answer(ctx, a) })
}

// answerStream makes lines of answers, one answer after another.
type answerStream struct {
	place    *expression.Place
	query    endpoint.Query
	complete bool // each page of an answer is a line
	ready    bool // the query has its columns
	table    *endpoint.Table
	each     func(AnswerLine) error
}

// plan decides on the columns; those that suit the answers are known once the first one is there.
func (s *answerStream) plan(q AnswerQuery, saved endpoint.Query) error {
	problems := validation.Problems{}
	switch {
	case q.JQ != "" && len(q.Columns) > 0:
		problems["jq"] = "Choose columns or a jq expression, not both."
	case q.JQ != "":
		s.query, s.ready = endpoint.Query{Rows: q.JQ, Columns: []endpoint.Column{{Name: valueColumn, Expr: "."}}}, true
	case len(q.Columns) > 0 && q.Columns[0] != "*":
		for _, text := range q.Columns {
			s.query.Columns = append(s.query.Columns, pathColumn(text))
		}
		s.query.Rows, s.ready = saved.Rows, true
	case len(saved.Columns) > 0:
		s.query, s.ready = saved, true
	default:
		s.complete = len(q.Columns) == 0
	}
	if s.ready {
		if err := s.query.Check(); err != nil {
			problems[map[bool]string{true: "jq", false: "columns"}[q.JQ != ""]] = sentenceOf(err)
		}
	}
	return problems.OrNil()
}

var plainPath = regexp.MustCompile(`^[\pL\pN_ :/-]+(\.[\pL\pN_ :/-]+)*$`)

// pathColumn reads a column as people write one: version and title.rendered are paths, anything else is jq.
func pathColumn(text string) endpoint.Column {
	name := strings.TrimPrefix(text, ".")
	if !plainPath.MatchString(name) {
		return endpoint.Column{Name: name, Expr: text}
	}
	var steps []any
	for step := range strings.SplitSeq(name, ".") {
		steps = append(steps, step)
	}
	return endpoint.Column{Name: name, Expr: endpoint.Path(steps...)}
}

func (s *answerStream) answer(ctx context.Context, a endpoint.Answer) error {
	if s.complete {
		for _, page := range a.Pages {
			if err := s.each(AnswerLine{Site: a.Home, Columns: []string{answerColumn}, Cells: []any{json.RawMessage(page)}}); err != nil {
				return err
			}
		}
		return nil
	}
	if s.table == nil {
		if !s.ready {
			s.query = endpoint.SuggestQuery(a.Pages[0])
			if len(s.query.Columns) == 0 {
				s.query.Columns = []endpoint.Column{{Name: valueColumn, Expr: "."}}
			}
		}
		table, err := endpoint.NewStream(s.query, s.place)
		if err != nil {
			return validation.Problems{"columns": sentenceOf(err)}
		}
		s.table = table
	}
	rows, err := s.table.Add(ctx, a)
	if err != nil {
		return err
	}
	for _, r := range rows {
		line := AnswerLine{Site: a.Home, Cells: r.Cells, Error: r.Error}
		for _, c := range s.query.Columns {
			line.Columns = append(line.Columns, c.Name)
		}
		if err := s.each(line); err != nil {
			return err
		}
	}
	return nil
}

func (s *answerStream) close() { s.table.Close() }
