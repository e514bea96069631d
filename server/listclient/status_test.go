package listclient

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"paxos/server/value"
)

func TestStatusAndMembersAreRead(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 2)
	doors[0].kill()
	c := open(t, names)
	st, err := c.Status(background(t), names[1])
	if err != nil || !st.Leads || st.Length != 3 || st.Stale() != 40*time.Millisecond || len(st.Members) != 1 {
		t.Errorf("%+v, %v", st, err)
	}
	m, err := c.Members(background(t))
	if err != nil || !m.Changing || m.Members[0] != (Member{ID: 2, Address: "y:1"}) {
		t.Errorf("%+v, %v", m, err)
	}
	if leader, err := c.Transfer(background(t), 2); leader != 2 || err != nil {
		t.Errorf("%v, %v", leader, err)
	}
	if _, err := c.AddMember(background(t), "z:1"); !errors.Is(err, ErrConflict) || !errors.Is(err, ErrNotDone) {
		t.Errorf("%v", err)
	}
	if _, err := c.Status(background(t), "elsewhere"); !errors.Is(err, ErrBadRequest) {
		t.Errorf("%v", err)
	}
}

func TestTheStatusOfADeadServerIsAnError(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 2)
	doors[1].kill()
	c := open(t, names, func(cfg *Config) { cfg.GiveUp = 10 * time.Millisecond })
	var e *Error
	if _, err := c.Status(background(t), names[1]); !errors.As(err, &e) || e.Code != "unreachable" || e.Server != names[1] {
		t.Errorf("%v", err)
	}
}

func TestTheOldEndpointGivesTheWholeList(t *testing.T) {
	f := newFake()
	f.fill(3)
	doors, names := f.open(t, 2)
	doors[0].kill()
	c := open(t, names)
	list, err := c.AppendOld(background(t), "", value.Int(7))
	if err != nil || len(list) != 4 || list[3] != value.Int(7) || list[0] != value.Int(0) {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := c.AppendOld(background(t), "", value.String("7")); !errors.Is(err, ErrBadRequest) {
		t.Errorf("%v", err)
	}
}

func TestTheOldEndpointIsNotAskedTwiceWhereItMayHaveBeenDone(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 2)
	c := open(t, names)
	for _, what := range []fault{resetAfter, timeoutAfter, cutAnswer} {
		before := f.count("/proposer/client-request")
		for _, d := range doors {
			d.always("/proposer/client-request", what)
		}
		if _, err := c.AppendOld(background(t), "", value.Int(7)); err == nil || errors.Is(err, ErrNotDone) {
			t.Errorf("fault %d: %v", what, err)
		}
		if n := f.count("/proposer/client-request") - before; n != 1 {
			t.Errorf("fault %d: %d requests", what, n)
		}
	}
}

func TestTheTokenGoesWithEachRequest(t *testing.T) {
	var without atomic.Int32
	f := newFake()
	d := &door{f: f}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer right" {
			without.Add(1)
			refuse(w, 401, "unauthorized", "not_done")
			return
		}
		d.ServeHTTP(w, r)
	}))
	defer s.Close()
	name := strings.TrimPrefix(s.URL, "http://")
	c := open(t, []string{name}, func(cfg *Config) { cfg.Token = "right" })
	mustAppend(t, c, value.Int(1))
	if _, err := c.Get(background(t), 0); err != nil || without.Load() > 0 {
		t.Errorf("%v, %d without", err, without.Load())
	}
	wrong := open(t, []string{name}, func(cfg *Config) { cfg.Token = "wrong" })
	if _, err := wrong.Append(background(t), value.Int(1)); !errors.Is(err, ErrUnauthorized) || !errors.Is(err, ErrNotDone) {
		t.Errorf("%v", err)
	}
	if _, err := wrong.Get(background(t), 0); !errors.Is(err, ErrUnauthorized) || without.Load() != 2 {
		t.Errorf("%v after %d requests", err, without.Load())
	}
}

func TestTLSIsUsedAndCertificatesAreChecked(t *testing.T) {
	s := httptest.NewTLSServer(&door{f: newFake()})
	s.Config.ErrorLog = nil
	defer s.Close()
	name := strings.TrimPrefix(s.URL, "https://")
	trusting := s.Client().Transport.(*http.Transport).TLSClientConfig
	c := open(t, []string{name}, func(cfg *Config) { cfg.TLS = &tls.Config{RootCAs: trusting.RootCAs} })
	for i := range 3 {
		mustAppend(t, c, value.Int(int64(i)))
	}
	if got := collect(t, c, 0); len(got) != 3 {
		t.Errorf("%v", got)
	}
	strict := open(t, []string{name}, func(cfg *Config) { cfg.TLS, cfg.GiveUp = &tls.Config{}, 10*time.Millisecond })
	if _, err := strict.Append(background(t), value.Int(1)); !errors.Is(err, ErrUnavailable) || !errors.Is(err, ErrNotDone) {
		t.Errorf("%v", err)
	}
}

func TestConfigurationsAreChecked(t *testing.T) {
	for what, cfg := range map[string]Config{
		"no servers":   {},
		"a path":       {Servers: []string{"http://x:1"}},
		"empty":        {Servers: []string{""}},
		"token":        {Servers: []string{"x"}, Token: "a\r\nb"},
		"pipeline":     {Servers: []string{"x"}, Pipeline: 17},
		"queue":        {Servers: []string{"x"}, QueueBytes: 100},
		"value":        {Servers: []string{"x"}, MaxValue: 1 << 20},
		"a time":       {Servers: []string{"x"}, Timeout: -1},
		"several rows": {Servers: []string{"x\r\nHost: y"}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	for name, want := range map[string]string{"x": "x:5000", "x:1": "x:1", "::1": "[::1]:5000", "[::1]": "[::1]:5000", "[::1]:7": "[::1]:7"} {
		if got, err := hostPort(name); err != nil || got != want {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
}
