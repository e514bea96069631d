package server

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// route is an endpoint.
type route struct {
	method string
	path   string // as in http.ServeMux
	name   string // in metrics
	run    func(*exchange) error
	body   bool // requests may have one
	open   bool // needs no token

	took prometheus.Observer // of its good answers
}

// The endpoints, in the order of docs/http-api.md.
var routes = []route{
	{method: "GET", path: "/server_id", run: (*exchange).serverID},
	{method: "POST", path: "/proposer/client-request", run: (*exchange).clientRequest, body: true},
	{method: "POST", path: "/v1/list", run: (*exchange).append, body: true},
	{method: "POST", path: "/v1/sessions", run: (*exchange).openSession, body: true},
	{method: "GET", path: "/v1/list", run: (*exchange).list},
	{method: "GET", path: "/v1/list/length", run: (*exchange).length},
	{method: "GET", path: "/v1/list/{index}", run: (*exchange).entry},
	{method: "GET", path: "/v1/watch", run: (*exchange).watch},
	{method: "GET", path: "/v1/status", run: (*exchange).status},
	{method: "GET", path: "/v1/members", run: (*exchange).members},
	{method: "POST", path: "/v1/members", run: (*exchange).changeMembers, body: true},
	{method: "GET", path: "/v1/backup", run: (*exchange).backup},
	{method: "POST", path: "/v1/leader", run: (*exchange).moveLeader, body: true},
	{method: "GET", path: "/metrics", run: (*exchange).metricsPage},
	{method: "GET", path: "/healthz", run: (*exchange).health, open: true},
	{method: "GET", path: "/readyz", run: (*exchange).ready, open: true},
}

// pathPeer belongs to the servers among themselves.
const pathPeer = "/peer"

// Handler answers all requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for path, byMethod := range s.paths() {
		mux.Handle(path, s.pathHandler(byMethod))
	}
	if s.peer != nil {
		mux.Handle("GET "+pathPeer, s.peer)
	}
	nothing := s.refusal(notFound("there is no such path"))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.handle(nothing, w, r) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// ServeMux would redirect to the clean path, or refuse, with a page of HTML.
		if p := r.URL.Path; p == "" || p[0] != '/' || p != path.Clean(p) {
			s.handle(nothing, w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// paths are the routes by path and method. HEAD is GET without a body.
func (s *Server) paths() map[string]map[string]*route {
	paths := make(map[string]map[string]*route)
	for i := range s.routes {
		rt := &s.routes[i]
		if paths[rt.path] == nil {
			paths[rt.path] = make(map[string]*route)
		}
		paths[rt.path][rt.method] = rt
		if rt.method == http.MethodGet {
			paths[rt.path][http.MethodHead] = rt
		}
	}
	return paths
}

// pathHandler answers the requests to one path.
func (s *Server) pathHandler(byMethod map[string]*route) http.Handler {
	wrong := s.refusal(wrongMethod(slices.Sorted(maps.Keys(byMethod))))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rt := byMethod[r.Method]
		if rt == nil {
			rt = wrong
		}
		s.handle(rt, w, r)
	})
}

// refusal is the route that answers everything with f.
func (s *Server) refusal(f *failure) *route {
	rt := &route{name: "none", body: true, run: func(*exchange) error { return f }}
	s.metrics.add(rt)
	return rt
}

func wrongMethod(methods []string) *failure {
	allow := strings.Join(methods, ", ")
	return &failure{status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Outcome: notDone, allow: allow,
		Message: "the methods of this path are " + allow}
}
