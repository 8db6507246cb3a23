package web

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/connect"
)

// What a request carries along: its number, and whose it is once that is known.
const (
	requestKey = "request"
	memberKey  = "member"
)

// log names the request and writes one line about it. One-time links are secrets of a sort: their token is left out.
func (s *Server) log(c *gin.Context) {
	id, began := rand.Text()[:10], time.Now()
	c.Set(requestKey, id)
	c.Header("X-Request-Id", id)
	c.Next()
	if !strings.HasPrefix(c.Writer.Header().Get("Content-Type"), "text/event-stream") { // a stream lasts as long as somebody watches
		s.Metrics.Request(c.Request.Method, c.FullPath(), c.Writer.Status(), time.Since(began))
	}
	s.Logger.InfoContext(c.Request.Context(), "request", "req", id, "method", c.Request.Method, "path", withoutToken(c), "status", c.Writer.Status(), "took",
		time.Since(began),
		"addr", c.ClientIP(), "member", c.GetInt64(memberKey))
}

// recover turns a panic into a page with the request's id, and the log's only stack.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		caught := recover()
		if caught == nil {
			return
		}
		if caught == http.ErrAbortHandler {
			panic(caught)
		}
		s.Logger.ErrorContext(c.Request.Context(), "panic", "req", c.GetString(requestKey), "err", fmt.Sprint(caught), "stack", string(debug.Stack()))
		v := &requestContext{Context: c, server: s}
		v.showProblem(problemOf(fmt.Errorf("panic")))
	}()
	c.Next()
}

// policy lets pages load what Drover serves and nothing else: no inline script or style, no other site, no frame around.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

func (s *Server) headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	if strings.Contains(c.FullPath(), ":token") || c.FullPath() == connect.ReturnPath {
		h.Set("Referrer-Policy", "no-referrer")
	}
	c.Next()
}

// refuse ends a request before any handler sees it.
func (s *Server) refuse(c *gin.Context, err error) {
	v := &requestContext{Context: c, server: s}
	v.finish(err)
	c.Abort()
}

// sameOrigin refuses what another site's page makes a browser send.
func (s *Server) sameOrigin() gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	if u, err := url.Parse(s.PublicURL); err == nil {
		// Behind a proxy the Host header may not be the one that people use.
		_ = protection.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	return func(c *gin.Context) {
		if protection.Check(c.Request) != nil || s.secure && insecureOrigin(c.Request) {
			s.refuse(c, errOtherOrigin)
		}
	}
}

// insecureOrigin reports whether only the Origin header says where the request comes from, and names another scheme than HTTPS. The check of
// net/http compares hosts then: a page over plain HTTP, which anybody on the network can write, would count as ours.
func insecureOrigin(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") != "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	origin := r.Header.Get("Origin")
	u, err := url.Parse(origin)
	return origin != "" && (err != nil || u.Scheme != "https")
}

// readable refuses an address with bytes that no text holds: PostgreSQL stores neither them nor the audit entry of a refusal that names them.
func (s *Server) readable(c *gin.Context) {
	if c.FullPath() == connect.ReturnPath {
		return // it looks itself, and draws no page at an address with a credential in it
	}
	query, err := url.QueryUnescape(c.Request.URL.RawQuery)
	if err != nil || !storable(query) || !storable(c.Request.URL.Path) {
		s.refuse(c, errBadAddress)
	}
}

func storable(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }
