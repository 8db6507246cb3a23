package web

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rates bound how often requests may come, in requests a second and in a row. A zero field stands for the usual rate.
type Rates struct {
	Member, Address           rate.Limit
	MemberBurst, AddressBurst int
}

// The usual rates: far more than people click, and few enough that nobody fills the audit log or keeps the server from others. Several
// members may share an address.
const (
	memberRate, memberBurst   = 20, 300
	addressRate, addressBurst = 60, 900
)

func (r Rates) orUsual() Rates {
	if r.Member == 0 {
		r.Member, r.MemberBurst = memberRate, memberBurst
	}
	if r.Address == 0 {
		r.Address, r.AddressBurst = addressRate, addressBurst
	}
	return r
}

// rateLimits holds a limiter for each key that came of late.
type rateLimits struct {
	limit rate.Limit
	burst int

	guard sync.Mutex
	known map[string]*rate.Limiter
}

// mostLimiters bounds the table: about 2 MB.
const mostLimiters = 10_000

func newRateLimits(limit rate.Limit, burst int) *rateLimits {
	return &rateLimits{limit: limit, burst: burst, known: map[string]*rate.Limiter{}}
}

// take takes one request of the key's share, or tells how long to wait for the next.
func (l *rateLimits) take(key string, now time.Time) (wait time.Duration, taken bool) {
	l.guard.Lock()
	defer l.guard.Unlock()
	limiter := l.known[key]
	if limiter == nil {
		l.makeRoom(now)
		limiter = rate.NewLimiter(l.limit, l.burst)
		l.known[key] = limiter
	}
	if limiter.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - limiter.TokensAt(now)
	return time.Duration(missing / float64(l.limit) * float64(time.Second)), false
}

// makeRoom drops those that have their whole share back, and any where that is not enough.
func (l *rateLimits) makeRoom(now time.Time) {
	if len(l.known) < mostLimiters {
		return
	}
	for key, limiter := range l.known {
		if limiter.TokensAt(now) >= float64(l.burst) {
			delete(l.known, key)
		}
	}
	for key := range l.known {
		if len(l.known) < mostLimiters {
			return
		}
		delete(l.known, key)
	}
}

// limit returns errRate, and tells the browser when to come back, where the key sends too many requests.
func (v *requestContext) limitRate(limits *rateLimits, key string) error {
	wait, taken := limits.take(key, time.Now())
	if taken {
		return nil
	}
	v.Header("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	return errRate
}

// limitAddress bounds the requests of one address. Built files are aside.
func (v *requestContext) limitAddress() error {
	if v.FullPath() == "/static/*file" {
		return nil
	}
	return v.limitRate(v.server.byAddress, networkOf(v.addr()))
}

// limitMember bounds the requests of one member, tokens included. A run's page asks by itself, and is aside.
func (v *requestContext) limitMember(r route, member int64) error {
	if r.method == http.MethodGet && r.path == "/runs/:id/stream" {
		return nil
	}
	return v.limitRate(v.server.byMember, strconv.FormatInt(member, 10))
}
