package servers

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
)

// TestMain lets the test binary play a server, as the real binary would.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "server" {
		os.Exit(play(os.Args[2:]))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // or with -race each child would take a second to end
	os.Exit(m.Run())
}

// played is what the flags of a played server say.
type played struct {
	cluster, node, name, dir string
	port                     int
	init, join               bool

	leads   bool
	leader  int
	members string // more of its status
	token   string
	exit    int           // end with that code
	after   time.Duration // then
}

func play(args []string) int {
	var p played
	f := flag.NewFlagSet("server", flag.ExitOnError)
	f.StringVar(&p.cluster, "cluster", "", "")
	f.StringVar(&p.node, "node", "", "")
	f.StringVar(&p.name, "cluster-name", "", "")
	f.StringVar(&p.dir, "data-dir", "", "")
	f.IntVar(&p.port, "port", 0, "")
	f.BoolVar(&p.init, "init", false, "")
	f.BoolVar(&p.join, "join", false, "")
	f.BoolVar(&p.leads, "leads", false, "")
	f.IntVar(&p.leader, "leader", 0, "")
	f.StringVar(&p.members, "members", "", "")
	f.StringVar(&p.token, "token", "", "")
	f.IntVar(&p.exit, "exit", -1, "")
	f.DurationVar(&p.after, "after", 0, "")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if p.exit >= 0 {
		time.Sleep(p.after)
		fmt.Fprintln(os.Stderr, "this is why")
		return p.exit
	}
	return p.serve()
}

func (p *played) serve() int {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	if p.init || p.join {
		_ = os.MkdirAll(p.dir, 0o755)
		_ = os.WriteFile(filepath.Join(p.dir, "identity"), nil, 0o644)
	}
	l, err := net.Listen("tcp", p.node)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	http.HandleFunc("/v1/status", func(w http.ResponseWriter, r *http.Request) {
		if p.token != "" && r.Header.Get("Authorization") != "Bearer "+p.token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"id": 1, "leads": %t, "leader": %d, "length": 7%s}`, p.leads, p.leader, p.members)
	})
	http.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if p.leader == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	http.HandleFunc("/flags", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "%t %s", p.init, p.name) })
	http.HandleFunc("/joins", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "%t", p.join) })
	http.HandleFunc("/reach", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, reach(r.Context(), r.URL.Query().Get("to")))
	})
	http.HandleFunc("/say", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, say(r.URL.Query().Get("to")))
	})
	go func() { _ = http.Serve(l, nil) }()
	<-asked
	return 0
}

// say sends a datagram to a group, through the server's interface.
func say(to string) error {
	ifi, err := net.InterfaceByName(PortInterface)
	if err != nil {
		return err
	}
	conn, err := net.ListenPacket("udp4", ":0")
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := ipv4.NewPacketConn(conn).SetMulticastInterface(ifi); err != nil {
		return err
	}
	group, err := net.ResolveUDPAddr("udp4", to)
	if err == nil {
		_, err = conn.WriteTo([]byte("heard"), group)
	}
	return err
}

// reach reports whether a TCP connection can be made. Nobody is so far away
// that 300 ms would not do, unless the network is cut or this host has much else to do.
func reach(ctx context.Context, to string) bool {
	for range 10 {
		d := net.Dialer{Timeout: 300 * time.Millisecond}
		conn, err := d.DialContext(ctx, "tcp", to)
		if err == nil {
			conn.Close()
			return true
		}
		if strings.Contains(err.Error(), "timeout") {
			return false
		}
	}
	return false
}
