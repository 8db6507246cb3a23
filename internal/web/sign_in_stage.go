package web

// signInStage is how far somebody has come who is signing in.
type signInStage int

// requiredStep is where somebody must go before the route is open to them, or empty.
func (s *Server) requiredStep(r route, v *requestContext) string {
	at, to := signInComplete, ""
	switch {
	case v.session.SecondFactorPending:
		at, to = secondFactorPending, "/second-step"
	case v.session.MustEnrol:
		at, to = secondFactorMissing, "/settings/second-factor"
	}
	if r.open >= at {
		return ""
	}
	return to
}
