package database

import (
	"database/sql/driver"
	"strings"
	"unicode"

	"github.com/glebarez/go-sqlite"
	"gorm.io/gorm"
)

// lowerOfAll is a function of SQLite like its own lower, which leaves every letter beyond ASCII as it is.
const lowerOfAll = "drover_lower"

func init() {
	sqlite.MustRegisterDeterministicScalarFunction(lowerOfAll, 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		if text, is := args[0].(string); is {
			return strings.ToLower(text), nil
		}
		return args[0], nil
	})
}

// Lower is the name of the SQL function that makes a column comparable with the words, which are in lower case already: SQLite's own, which is
// quicker, where they hold no letter that it does not know. No index may be built with it: the file is SQLite's for other programs too.
func Lower(db *gorm.DB, words string) string {
	if db.Name() != "sqlite" || !strings.ContainsFunc(words, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "lower"
	}
	return lowerOfAll
}
