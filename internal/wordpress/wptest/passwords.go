package wptest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// appPassword is one application password of the site's user.
type appPassword struct {
	uuid, appID, name, password string
	user                        string
	created, used               time.Time
}

// firstUUID is that of the password that every site has from the beginning.
const firstUUID = "5d8c1d7e-0000-4000-8000-00000000000a"

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newPassword is 24 letters and digits, as WordPress makes them.
func newPassword() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	var raw [24]byte
	_, _ = rand.Read(raw[:])
	for i, b := range raw {
		raw[i] = letters[int(b)%len(letters)]
	}
	return string(raw[:])
}

// users are the application passwords of one WordPress: of a site, or of all sites of a network.
type users struct {
	guard     sync.Mutex
	own       string // another spelling of the first password, which no other WordPress accepts
	passwords []appPassword

	lostRevocations, lostCreations int           // see LoseUpdates
	lost                           []appPassword // see LosePassword
}

func newUsers(number int) *users {
	return &users{own: fmt.Sprintf("site %04d EFGH 1234 ijkl MNOP", number), passwords: []appPassword{{uuid: firstUUID, name: "Drover", password: DefaultPassword,
		user: DefaultUser, created: time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)}}}
}

// joinNetworks gives the sites of each network one set of users.
func joinNetworks(all []*site) {
	first := map[string]*users{}
	for _, s := range all {
		if s.Network == "" {
			continue
		}
		if first[s.Network] == nil {
			first[s.Network] = s.users
		}
		s.users = first[s.Network]
	}
}

// knows returns the password that a request was signed with, and notes its use.
func (s *site) knows(user, password string) (appPassword, bool) {
	s.users.guard.Lock()
	defer s.users.guard.Unlock()
	name, _, _ := strings.Cut(user, "@")
	for i, p := range s.users.passwords {
		if strings.EqualFold(p.user, name) && (squeeze(p.password) == squeeze(password) || p.uuid == firstUUID && squeeze(password) == squeeze(s.users.own)) {
			s.users.passwords[i].used = time.Now()
			return s.users.passwords[i], true
		}
	}
	return appPassword{}, false
}

// create makes an application password. It is refused where one of the user's has the name already.
func (s *site) create(user, name, appID string) (appPassword, bool) {
	s.users.guard.Lock()
	defer s.users.guard.Unlock()
	if slices.ContainsFunc(s.users.passwords, func(p appPassword) bool { return p.user == user && p.name == name }) {
		return appPassword{}, false
	}
	p := appPassword{uuid: newUUID(), appID: appID, name: name, password: newPassword(), user: user, created: time.Now()}
	if s.users.lostCreations > 0 {
		s.users.lostCreations--
		return p, true
	}
	s.users.passwords = append(s.users.passwords, p)
	return p, true
}

func (p appPassword) object() object {
	o := object{"uuid": p.uuid, "app_id": p.appID, "name": p.name, "created": p.created.UTC().Format("2006-01-02T15:04:05"), "last_used": nil, "last_ip": nil}
	if !p.used.IsZero() {
		o["last_used"] = p.used.UTC().Format("2006-01-02T15:04:05")
	}
	return o
}

const passwordsRoute = "/wp/v2/users/me/application-passwords"

// applicationPasswords answers the routes of the user's application passwords.
func (s *site) applicationPasswords(w http.ResponseWriter, c call, fault Fault) {
	rest := strings.TrimPrefix(strings.TrimPrefix(c.route, passwordsRoute), "/")
	switch {
	case c.method == http.MethodOptions:
		allowed := "GET, POST, DELETE"
		if !c.signed {
			allowed = ""
		} else if fault == PasswordsKept {
			allowed = "GET"
		}
		w.Header().Set("Allow", allowed)
		reply(w, http.StatusOK, object{"namespace": "wp/v2", "methods": []string{"GET", "POST", "DELETE"}, "endpoints": []any{}})
	case !c.signed:
		wpError(w, http.StatusUnauthorized, "rest_cannot_list_application_passwords", "Sorry, you are not allowed to list application passwords for this user.")
	case rest == "introspect" && c.method == http.MethodGet:
		reply(w, http.StatusOK, c.with.object())
	case fault == PasswordsKept && c.method != http.MethodGet:
		wpError(w, http.StatusForbidden, "rest_cannot_create_application_passwords", "Sorry, you are not allowed to create application passwords for this user.")
	case rest == "" && c.method == http.MethodGet:
		reply(w, http.StatusOK, s.listPasswords(c.with.user))
	case rest == "" && c.method == http.MethodPost:
		s.postPassword(w, c)
	case c.method == http.MethodDelete:
		s.revoke(w, c.with.user, rest)
	default:
		noRoute(w)
	}
}

func (s *site) listPasswords(user string) []any {
	s.users.guard.Lock()
	defer s.users.guard.Unlock()
	all := []any{}
	for _, p := range s.users.passwords {
		if p.user == user {
			all = append(all, p.object())
		}
	}
	return all
}

func (s *site) postPassword(w http.ResponseWriter, c call) {
	var wanted struct {
		Name  string
		AppID string `json:"app_id"`
	}
	if json.Unmarshal(c.body, &wanted) != nil || strings.TrimSpace(wanted.Name) == "" {
		reply(w, http.StatusBadRequest, object{"code": "rest_missing_callback_param", "message": "Missing parameter(s): name", "data": object{"status": 400,
			"params": []string{"name"}}})
		return
	}
	p, made := s.create(c.with.user, wanted.Name, wanted.AppID)
	if !made {
		wpError(w, http.StatusBadRequest, "application_password_duplicate_name", "Each application name should be unique.")
		return
	}
	o := p.object()
	o["password"] = p.password
	reply(w, http.StatusCreated, o)
}

func (s *site) revoke(w http.ResponseWriter, user, uuid string) {
	s.users.guard.Lock()
	i := slices.IndexFunc(s.users.passwords, func(p appPassword) bool { return p.user == user && p.uuid == uuid })
	var gone appPassword
	if i >= 0 {
		gone = s.users.passwords[i]
		if s.users.lostRevocations > 0 {
			s.users.lostRevocations--
		} else {
			s.users.passwords = slices.Delete(s.users.passwords, i, i+1)
		}
	}
	s.users.guard.Unlock()
	if i < 0 {
		wpError(w, http.StatusNotFound, "rest_application_password_not_found", "Application password not found.")
		return
	}
	reply(w, http.StatusOK, object{"deleted": true, "previous": gone.object()})
}

// LoseUpdates makes WordPress answer the next changes of its passwords as usual and then lose them. WordPress keeps all passwords of a user in one value,
// which it reads, changes and writes back: a request at the same time, even the first use of a password that day, writes back what it read before.
// See WP_Application_Passwords::record_application_password_usage and ::delete_application_password.
func (f *Fake) LoseUpdates(i, revocations, creations int) {
	users := f.sites[i].users
	users.guard.Lock()
	defer users.guard.Unlock()
	users.lostRevocations, users.lostCreations = revocations, creations
}

// LosePassword takes away the password with the name, as another request does that writes back what it read before that password was made.
func (f *Fake) LosePassword(i int, name string) {
	users := f.sites[i].users
	users.guard.Lock()
	defer users.guard.Unlock()
	users.passwords = slices.DeleteFunc(users.passwords, func(p appPassword) bool {
		if p.name == name {
			users.lost = append(users.lost, p)
		}
		return p.name == name
	})
}

// ReturnPasswords brings back what LosePassword took away, as yet another request does that read the passwords before they were lost.
func (f *Fake) ReturnPasswords(i int) {
	users := f.sites[i].users
	users.guard.Lock()
	defer users.guard.Unlock()
	users.passwords, users.lost = append(users.passwords, users.lost...), nil
}

// Passwords returns the names of the application passwords that a site has, by their UUIDs.
func (f *Fake) Passwords(i int) map[string]string {
	s := f.sites[i]
	s.users.guard.Lock()
	defer s.users.guard.Unlock()
	all := map[string]string{}
	for _, p := range s.users.passwords {
		all[p.uuid] = p.name
	}
	return all
}

// Password returns what the site accepts besides DefaultPassword until that is revoked, and no other site does: for what must tell sites of a network,
// which share a password, from others.
func (f *Fake) Password(i int) string { return f.sites[i].users.own }

// Accepts tells whether the site knows the credential.
func (f *Fake) Accepts(i int, user, password string) bool {
	_, known := f.sites[i].knows(user, password)
	return known
}
