package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/validation"
)

// lines answers with one JSON object a line.
func lines[T any](v *requestContext, all []T, last ...any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	for _, each := range all {
		if err := encoder.Encode(each); err != nil {
			return err
		}
	}
	for _, each := range last {
		if err := encoder.Encode(each); err != nil {
			return err
		}
	}
	v.Data(http.StatusOK, "application/x-ndjson", text.Bytes())
	return nil
}

// read reads the body into a value; a name that it does not know is a problem, so that a slip of the pen is not passed over.
func (v *requestContext) read(into any) error {
	if kind, _, err := mime.ParseMediaType(v.GetHeader("Content-Type")); err != nil || kind != "application/json" {
		return errNotJSON
	}
	decoder := json.NewDecoder(http.MaxBytesReader(v.Writer, v.Request.Body, longestBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil && decoder.More() {
		err = errors.New("there is text after the object")
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return errTooMuch
	}
	if err != nil {
		return validation.Problems{"body": fmt.Sprintf("The body cannot be read: %s.", strings.TrimPrefix(err.Error(), "json: "))}
	}
	return nil
}

// limit reads how many lines are wanted.
func (v *requestContext) limit(usual int) (int, error) {
	text := v.Query("limit")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostListed {
		return 0, validation.Problems{"limit": fmt.Sprintf("Enter a number from 1 to %d.", mostListed)}
	}
	return n, nil
}
