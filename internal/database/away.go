package database

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/glebarez/go-sqlite"
	"github.com/jackc/pgx/v5/pgconn"
	sqlite3 "modernc.org/sqlite/lib"
)

// Away tells whether the error means that the database cannot be reached or written at the moment: it is down, or its disk is full
// or read-only. Nothing was stored then, and trying again later is right.
func Away(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if lite, is := errors.AsType[*sqlite.Error](err); is {
		switch lite.Code() & 0xff { // the primary code (sqlite.org/rescode.html)
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY:
			return true
		}
		return false
	}
	if _, is := errors.AsType[*pgconn.ConnectError](err); is {
		return true
	}
	if answer, is := errors.AsType[*pgconn.PgError](err); is {
		// Classes of postgresql.org, "PostgreSQL Error Codes": connection, resources, operator intervention, system.
		for _, class := range []string{"08", "53", "57P", "58"} {
			if strings.HasPrefix(answer.Code, class) {
				return true
			}
		}
		return answer.Code == "25006" // read-only
	}
	_, isNet := errors.AsType[net.Error](err)
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) // a connection of the pool that ended with its server
	return isNet || cut || pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "conn closed")
}
