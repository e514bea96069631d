package servers

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"paxos/internal/config"
	"paxos/internal/process"
)

// Options say where a cluster lives and what it is made of.
type Options struct {
	// Dir is the cluster's folder; it is made if it is missing. What an earlier
	// cluster with the same servers left there is used again.
	Dir string
	// File is the cluster file. Empty: one is made in Dir, for Count servers on free
	// ports of 127.0.0.1, or in Network.
	File string
	// Count is how many servers a made file has; 0 means 3.
	Count int
	// Port is that of lines without one; 0 means config.DefaultPort.
	Port uint16
	// Binary is the program that understands `server --cluster FILE ...`; empty
	// means the one that is running.
	Binary string
	// Args are given to every server.
	Args []string
	// Network, if not nil, is where the servers run instead of this host's own
	// network. It stays the caller's to close, after the cluster.
	Network *Network

	// TLS and Token are what Ask needs to be answered.
	TLS   *tls.Config
	Token string
}

// Cluster is a set of list servers, numbered from 1 as in the cluster file. Its
// methods may be called by any goroutine.
type Cluster struct {
	options  Options
	name     string
	servers  config.Servers
	children *process.Set
	client   *http.Client

	mu     sync.Mutex
	latest map[int]*process.Process // the last start of each server
	added  config.Servers           // those that are no lines of the cluster file
}

// New makes the folder of a cluster, and starts nothing yet. Close must be called.
func New(o Options) (*Cluster, error) {
	if err := complete(&o); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the cluster's folder: %w", err)
	}
	if o.File == "" {
		o.File = filepath.Join(o.Dir, "servers")
		if err := writeFile(o); err != nil {
			return nil, err
		}
	}
	servers, err := config.LoadServers(o.File, o.Port)
	if err != nil {
		return nil, err
	}
	name, err := keptName(filepath.Join(o.Dir, "cluster-name"))
	if err != nil {
		return nil, err
	}
	return &Cluster{
		options: o, name: name, servers: servers, client: newClient(o),
		children: process.NewSet(), latest: make(map[int]*process.Process),
	}, nil
}

func complete(o *Options) (err error) {
	if o.Count == 0 {
		o.Count = 3
	}
	if o.Port == 0 {
		o.Port = config.DefaultPort
	}
	if o.Binary == "" {
		if o.Binary, err = process.Self(); err != nil {
			return err
		}
	}
	o.Dir, err = filepath.Abs(o.Dir)
	return err
}

// writeFile makes the cluster file, unless it is there: the stores belong to its servers.
func writeFile(o Options) error {
	if _, err := os.Stat(o.File); err == nil {
		return nil
	}
	var addresses []string
	if o.Network != nil {
		for i := range o.Count {
			addresses = append(addresses, o.Network.Host(i+1)+":"+strconv.Itoa(config.DefaultPort))
		}
	} else {
		var err error
		if addresses, err = FreeAddresses(o.Count); err != nil {
			return err
		}
	}
	text := "# made by paxos for a cluster on this host\n" + strings.Join(addresses, "\n") + "\n"
	if err := os.WriteFile(o.File, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the cluster file: %w", err)
	}
	return nil
}

// keptName returns the name in a file, and draws one where there is none yet. The
// file is in place before any store is, so that a store never has another name.
func keptName(path string) (string, error) {
	text, err := os.ReadFile(path)
	name := strings.TrimSpace(string(text))
	switch {
	case err == nil && name != "" && config.ValidName(name):
		return name, nil
	case err == nil:
		return "", fmt.Errorf("%s: no cluster name in it, but %q", path, name)
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("read the cluster's name: %w", err)
	}
	name = "local-" + rand.Text()
	draft := path + ".new"
	if err := os.WriteFile(draft, []byte(name+"\n"), 0o644); err != nil {
		return "", fmt.Errorf("keep the cluster's name: %w", err)
	}
	if err := os.Rename(draft, path); err != nil {
		return "", fmt.Errorf("keep the cluster's name: %w", err)
	}
	return name, nil
}

// newClient is an HTTP client that reaches the servers wherever they are.
func newClient(o Options) *http.Client {
	t := &http.Transport{TLSClientConfig: o.TLS, MaxIdleConnsPerHost: 16, IdleConnTimeout: 10 * time.Second}
	if o.Network != nil {
		t.DialContext = o.Network.DialContext
	}
	return &http.Client{Transport: t}
}

// Dir is the cluster's folder.
func (c *Cluster) Dir() string { return c.options.Dir }

// File is the cluster file.
func (c *Cluster) File() string { return c.options.File }

// Count is how many servers there are, with those that were added.
func (c *Cluster) Count() int { return len(c.all()) }

// Address is the host:port of server i.
func (c *Cluster) Address(i int) string { return c.all()[i-1].Address() }

// Addresses are the host:port of all servers.
func (c *Cluster) Addresses() []string { return c.all().Addresses() }

func (c *Cluster) all() config.Servers {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Concat(c.servers, c.added)
}

// Add adds a server that stands in no cluster file, on a free address of
// 127.0.0.1, and returns its number. It is started like the others, and joins the
// cluster then: it must be a member by that time. Its number is its id if
// servers become members in the order in which they are added here.
func (c *Cluster) Add() (int, error) {
	if c.options.Network != nil {
		return 0, errors.New("a server cannot be added to a network of namespaces")
	}
	addresses, err := FreeAddresses(1)
	if err != nil {
		return 0, err
	}
	s, err := config.ParseServer(addresses[0], c.options.Port)
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.added = append(c.added, s)
	return len(c.servers) + len(c.added), nil
}

// DataDir is the folder of server i's store.
func (c *Cluster) DataDir(i int) string { return filepath.Join(c.options.Dir, label(i)) }

// LogPath is the file with all that server i wrote to stderr, over all its starts.
func (c *Cluster) LogPath(i int) string { return filepath.Join(c.options.Dir, label(i)+".log") }

func label(i int) string { return "server-" + strconv.Itoa(i) }

// Check reports the first server that ended although nobody asked it to, and
// quotes the end of its log.
func (c *Cluster) Check() error { return c.children.Check() }

// Close kills what still runs and waits until all is gone. The folder stays.
func (c *Cluster) Close() {
	c.children.Close()
	c.client.CloseIdleConnections()
}
