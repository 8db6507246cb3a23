// Package operation is what can be done to a site, as pure code: effects, the table of routes, and the judgement of a request.
package operation

import (
	"net/http"
	"strings"
)

// Effect is what an operation does to a site: it decides who may run it, how it is confirmed and what is retried.
type Effect string

// The effects, from the least to the most.
const (
	Read    Effect = "read"
	Change  Effect = "change"
	Destroy Effect = "destroy"
)

var weight = map[Effect]int{Read: 1, Change: 2, Destroy: 3}

// LessThan tells whether e does less than other. The zero Effect does the least.
func (e Effect) LessThan(other Effect) bool { return weight[e] < weight[other] }

// Most is the effect that does the most.
func Most(effects ...Effect) Effect {
	var most Effect
	for _, e := range effects {
		if most.LessThan(e) {
			most = e
		}
	}
	return most
}

// EffectOf is what a method may do where nothing else is known of the request.
func EffectOf(method string) Effect {
	switch strings.ToUpper(method) {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return Read
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return Change
	}
	return Destroy
}
