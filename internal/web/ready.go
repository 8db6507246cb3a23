package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// readiness is what was found last: whoever asks often does not make the database answer often.
type readiness struct {
	guard sync.Mutex
	at    time.Time
	err   error
}

// How long an answer holds, and how long the database may take for it.
const (
	readyFor  = time.Second
	readyTime = 3 * time.Second
)

// ready tells a load balancer or an orchestrator whether to send requests here. What is wrong is in the log, and not for everybody.
func (s *Server) ready(c *gin.Context) {
	if err := s.readyNow(c.Request.Context()); err != nil {
		c.String(http.StatusServiceUnavailable, "not ready\n")
		return
	}
	c.String(http.StatusOK, "ok\n")
}

func (s *Server) readyNow(ctx context.Context) error {
	if s.Ready == nil {
		return nil
	}
	s.readiness.guard.Lock()
	defer s.readiness.guard.Unlock()
	if time.Since(s.readiness.at) < readyFor {
		return s.readiness.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTime)
	defer cancel()
	before := s.readiness.err
	s.readiness.err, s.readiness.at = s.Ready(ctx), time.Now()
	if s.readiness.err != nil && before == nil {
		s.Logger.ErrorContext(ctx, "not ready", "err", s.readiness.err)
	}
	return s.readiness.err
}
