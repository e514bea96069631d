package server

import "net/http"

// failed reports whether the engine has ended.
func (s *Server) failed() bool {
	select {
	case <-s.engine.Failed():
		return true
	default:
		return false
	}
}

// health answers GET /healthz: is the process any good?
func (x *exchange) health() error {
	if x.s.failed() {
		return unavailable("the server has failed")
	}
	return x.replyOK()
}

// ready answers GET /readyz: would it answer requests?
func (x *exchange) ready() error {
	if x.s.failed() {
		return unavailable("the server has failed")
	}
	select {
	case <-x.s.stopping:
		return unavailable("the server is stopping")
	default:
	}
	st := x.s.engine.Status()
	switch {
	case st.Removed:
		return unavailable("this server was removed from the cluster")
	case st.Leader == 0:
		return unavailable("no leader is known")
	case st.Stale < 0 || st.Stale > x.s.limits.InStep:
		return unavailable("this server is not in step with its leader")
	}
	return x.replyOK()
}

func (x *exchange) replyOK() error {
	x.start(http.StatusOK, typePlain)
	return x.send([]byte("ok\n"))
}
