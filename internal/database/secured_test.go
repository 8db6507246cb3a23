package database

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

func TestPostgresOnAnotherMachineIsEncrypted(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	for address, plain := range map[string]bool{
		"postgres://u:p@db.example/d": false, "postgres://u:p@10.0.0.7:5432/d?application_name=x": false, "postgres://u:p@[2001:db8::1]/d": false,
		"postgres://u:p@db.example/d?sslmode=require": false, "postgres:///d?host=db.example&user=u": false,
		"postgres://u:p@db.example/d?sslmode=disable": true, "postgres://u:p@127.0.0.1:5432/d": true, "postgres://u:p@localhost/d": true,
		"postgres://u:p@[::1]/d": true, "postgres:///d?host=/var/run/postgresql": true,
	} {
		text, err := secured(address)
		if err != nil {
			t.Fatal(err)
		}
		c, err := pgxpool.ParseConfig(text)
		if err != nil {
			t.Fatal(err)
		}
		may := c.ConnConfig.TLSConfig == nil
		for _, f := range c.ConnConfig.Fallbacks {
			may = may || f.TLSConfig == nil
		}
		if may != plain {
			t.Errorf("%s may be spoken to in plain text: %v", text, may)
		}
		if checked := c.ConnConfig.TLSConfig != nil && !c.ConnConfig.TLSConfig.InsecureSkipVerify; checked == plain && !strings.Contains(address, "require") {
			t.Errorf("%s: the certificate is checked: %v", text, checked)
		}
	}
	if _, err := secured("postgres://u:geheim@%zz/d"); !errors.Is(err, ErrConfig) || strings.Contains(err.Error(), "geheim") {
		t.Errorf("an address that cannot be read: %v", err)
	}
}
