package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/itchyny/gojq"
)

// Bounds of one answer's expressions, and of all answers of a table.
const (
	exprTime   = time.Second
	tableTime  = 20 * time.Second
	mostMemory = 256 << 20
	mostExpr   = 2000
	mostCell   = 256 << 10
	checkEvery = 4
)

var (
	errMemory = fault("The expression needs too much memory. Choose a smaller part of the answer.")
	errLate   = fault("The expression took longer than %s. Choose a smaller part of the answer.", exprTime)
	errBudget = fault("This table took longer than %s altogether, so the rest was left out. Choose fewer sites, or simpler columns.", tableTime)
	errCell   = fault("A value is larger than %d KB. Choose a part of it.", mostCell>>10)
)

// compileJQ compiles without access to the environment, files or other inputs. An expression reads an answer and may not write into it:
// a single .[500000000] = 1 takes 8 GB and cannot be stopped.
func compileJQ(text string) (*gojq.Code, error) {
	if len(text) > mostExpr {
		return nil, fmt.Errorf("an expression has at most %d characters", mostExpr)
	}
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a jq expression: %w", text, err)
	}
	if word := writing(reflect.ValueOf(query)); word != "" {
		return nil, fmt.Errorf("%q cannot be used: a table reads only, so leave out %s", text, word)
	}
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil }))
	if err != nil {
		return nil, fmt.Errorf("%q cannot be used: %w", text, err)
	}
	return code, nil
}

var (
	assignments = []gojq.Operator{gojq.OpAssign, gojq.OpModify, gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod, gojq.OpUpdateAlt}
	writers     = []string{"setpath", "pick", "fromstream", "debug", "stderr", "input_line_number", "halt", "halt_error"}
)

// writing looks through a parsed expression for what writes, and returns its name.
func writing(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		if f, is := v.Interface().(*gojq.Func); is && slices.Contains(writers, f.Name) {
			return f.Name
		}
		return writing(v.Elem())
	case reflect.Struct:
		if q, is := v.Interface().(gojq.Query); is && slices.Contains(assignments, q.Op) {
			return q.Op.String()
		}
		for i := range v.NumField() {
			if word := writing(v.Field(i)); word != "" {
				return word
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if word := writing(v.Index(i)); word != "" {
				return word
			}
		}
	}
	return ""
}

// meter is a context that ends when the expression has taken too much memory. gojq asks Done at every step, in one goroutine; what is
// done within one step cannot be ended.
type meter struct {
	context.Context
	steps  int
	limit  uint64
	sample []metrics.Sample
	full   chan struct{}
	failed error
}

// metered gives the context that an expression runs in.
func metered(ctx context.Context) *meter {
	m := &meter{Context: ctx, sample: []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}, full: make(chan struct{})}
	m.limit = m.heap() + mostMemory
	return m
}

func (m *meter) Done() <-chan struct{} {
	if m.failed != nil {
		return m.full
	}
	if m.steps++; m.steps%checkEvery == 0 && m.heap() > m.limit {
		if runtime.GC(); m.heap() > m.limit { // what was only left lying does not count
			m.failed = errMemory
			close(m.full)
			return m.full
		}
	}
	return m.Context.Done()
}

func (m *meter) Err() error {
	if m.failed != nil {
		return m.failed
	}
	return m.Context.Err()
}

func (m *meter) heap() uint64 {
	metrics.Read(m.sample)
	return m.sample[0].Value.Uint64()
}

// said is what to tell of a failure.
func said(failure error) string {
	if errors.Is(failure, context.DeadlineExceeded) {
		return errLate.Error()
	}
	return failure.Error()
}

// settled is a value that jq gave, fit to be a cell: not too large, and with numbers that JSON can write.
func settled(value any) (any, error) {
	left, odd := mostCell, false
	weigh(value, &left, &odd)
	if left < 0 {
		return nil, errCell
	}
	if !odd {
		return value, nil
	}
	text, err := gojq.Marshal(value) // writes nan as null, and infinite as the largest number
	if err != nil {
		return nil, err
	}
	return value, decode(text, &value)
}

// weigh takes what a value weighs from left, and looks no further when nothing is left: jq's values may share their parts, and be endless
// when written out.
func weigh(value any, left *int, odd *bool) {
	if *left -= 16; *left < 0 {
		return
	}
	switch v := value.(type) {
	case string:
		*left -= len(v)
	case json.Number:
		*left -= len(v)
	case *big.Int:
		*left -= v.BitLen() / 3
	case float64:
		*odd = *odd || math.IsNaN(v) || math.IsInf(v, 0)
	case []any:
		for i := 0; i < len(v) && *left >= 0; i++ {
			weigh(v[i], left, odd)
		}
	case map[string]any:
		for key, each := range v {
			if *left -= len(key); *left < 0 {
				return
			}
			weigh(each, left, odd)
		}
	}
}

// longestNumber is more digits than any number has that means something; a longer one only costs time.
const longestNumber = 40

// plain makes texts of numbers that no computer can hold, in place.
func plain(value any) any {
	switch v := value.(type) {
	case json.Number:
		if len(v) > longestNumber || !sane(v) {
			return v.String()
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	}
	return value
}
