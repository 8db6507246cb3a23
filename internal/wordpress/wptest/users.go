package wptest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// madeUser is a user that was made over REST, beside the site's own.
type madeUser struct {
	id          int
	login, role string
}

const (
	usersRoute = "/wp/v2/users"
	firstMade  = 100
)

// madeBy returns the user of a password, where it was made over REST.
func (s *site) madeBy(login string) (madeUser, bool) {
	s.guard.Lock()
	defer s.guard.Unlock()
	i := slices.IndexFunc(s.made, func(u madeUser) bool { return u.login == login })
	if i < 0 {
		return madeUser{}, false
	}
	return s.made[i], true
}

// manages tells whether the call is one that manages users.
func manages(c call) bool {
	rest := strings.TrimPrefix(c.route, usersRoute)
	return c.route == usersRoute && (c.method == http.MethodPost || c.query.Has("search")) ||
		strings.HasPrefix(c.route, usersRoute+"/") && !strings.HasPrefix(rest, "/me")
}

// manageUsers answers an administrator who makes, changes and deletes users.
func (s *site) manageUsers(w http.ResponseWriter, c call, fault Fault) {
	_, made := s.madeBy(c.with.user)
	if made || fault != Administrator {
		wpError(w, http.StatusForbidden, "rest_cannot_create_user", "Sorry, you are not allowed to create new users.")
		return
	}
	id, below, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(c.route, usersRoute), "/"), "/")
	switch {
	case c.method == http.MethodGet:
		s.findUsers(w, c.query.Get("search"))
	case id == "":
		s.makeUser(w, c)
	case below == "application-passwords" && c.method == http.MethodPost:
		s.changeUser(w, id, func(u *madeUser) { c.with.user = u.login })
		if _, found := s.numbered(id); found {
			s.postPassword(w, c)
		}
	case below == "application-passwords" && c.method == http.MethodDelete:
		s.dropPasswords(w, id)
	case c.method == http.MethodDelete:
		s.deleteUser(w, id)
	default:
		var wanted struct{ Roles []string }
		_ = json.Unmarshal(c.body, &wanted)
		s.changeUser(w, id, func(u *madeUser) { u.role = strings.Join(wanted.Roles, "") })
		if u, found := s.numbered(id); found {
			reply(w, http.StatusOK, u.object())
		}
	}
}

func (u madeUser) object() object {
	return object{"id": u.id, "username": u.login, "name": u.login, "roles": []string{u.role}, "capabilities": object{"read": true, u.role: true}}
}

func (s *site) numbered(id string) (madeUser, bool) {
	s.guard.Lock()
	defer s.guard.Unlock()
	i := slices.IndexFunc(s.made, func(u madeUser) bool { return strconv.Itoa(u.id) == id })
	if i < 0 {
		return madeUser{}, false
	}
	return s.made[i], true
}

func (s *site) findUsers(w http.ResponseWriter, search string) {
	s.guard.Lock()
	defer s.guard.Unlock()
	all := []any{object{"id": 1, "username": "admin"}}
	for _, u := range s.made {
		if strings.Contains(u.login, search) {
			all = append(all, u.object())
		}
	}
	reply(w, http.StatusOK, all)
}

func (s *site) makeUser(w http.ResponseWriter, c call) {
	var wanted struct {
		Username, Email, Password string
		Roles                     []string
	}
	if json.Unmarshal(c.body, &wanted) != nil || wanted.Username == "" || !strings.Contains(wanted.Email, "@") || wanted.Password == "" {
		wpError(w, http.StatusBadRequest, "rest_missing_callback_param", "Missing parameter(s): username, email, password")
		return
	}
	if _, taken := s.madeBy(wanted.Username); taken {
		wpError(w, http.StatusInternalServerError, "existing_user_login", "Sorry, that username already exists!")
		return
	}
	s.guard.Lock()
	u := madeUser{firstMade + len(s.made), wanted.Username, strings.Join(wanted.Roles, "")}
	s.made = append(s.made, u)
	s.guard.Unlock()
	reply(w, http.StatusCreated, u.object())
}

// changeUser changes a user, or answers that there is none.
func (s *site) changeUser(w http.ResponseWriter, id string, change func(*madeUser)) {
	if _, found := s.numbered(id); !found {
		wpError(w, http.StatusNotFound, "rest_user_invalid_id", "Invalid user ID.")
		return
	}
	s.guard.Lock()
	defer s.guard.Unlock()
	for i := range s.made {
		if strconv.Itoa(s.made[i].id) == id {
			change(&s.made[i])
		}
	}
}

func (s *site) deleteUser(w http.ResponseWriter, id string) {
	u, found := s.numbered(id)
	if !found || s.Network != "" {
		wpError(w, http.StatusNotImplemented, "rest_cannot_delete", "The user cannot be deleted.")
		return
	}
	s.guard.Lock()
	defer s.guard.Unlock()
	s.made = slices.DeleteFunc(s.made, func(each madeUser) bool { return each.id == u.id })
	s.users.guard.Lock()
	defer s.users.guard.Unlock()
	s.users.passwords = slices.DeleteFunc(s.users.passwords, func(p appPassword) bool { return p.user == u.login })
	reply(w, http.StatusOK, object{"deleted": true, "previous": u.object()})
}

// dropPasswords revokes all application passwords of a user.
func (s *site) dropPasswords(w http.ResponseWriter, id string) {
	u, found := s.numbered(id)
	if !found {
		wpError(w, http.StatusNotFound, "rest_user_invalid_id", "Invalid user ID.")
		return
	}
	s.users.guard.Lock()
	defer s.users.guard.Unlock()
	before := len(s.users.passwords)
	s.users.passwords = slices.DeleteFunc(s.users.passwords, func(p appPassword) bool { return p.user == u.login })
	reply(w, http.StatusOK, object{"deleted": true, "count": before - len(s.users.passwords)})
}

// mayPurge tells whether the user of a call may call the plugin.
func (s *site) mayPurge(c call, fault Fault) bool {
	u, made := s.madeBy(c.with.user)
	if made {
		return slices.Contains(s.PurgeRoles, u.role)
	}
	return c.signed && fault != Forbidden
}

// Users returns the users that were made on a site over REST, with their roles.
func (f *Fake) Users(i int) map[string]string {
	s := f.sites[i]
	s.guard.Lock()
	defer s.guard.Unlock()
	all := map[string]string{}
	for _, u := range s.made {
		all[u.login] = u.role
	}
	return all
}
