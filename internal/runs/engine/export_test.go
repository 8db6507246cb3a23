package engine

// Draining is closed when no further target may be sent.
func (e *Engine) Draining() <-chan struct{} { return e.drain }
