package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"paxos/internal/process"
	"paxos/protocol"
)

// Options say where a cluster lives and what it is made of.
type Options struct {
	// Dir is the cluster's folder; it is made if it is missing and must hold no
	// other cluster's data.
	Dir string
	// Binary is the program that understands `acceptor --id 1 ...`; empty means
	// the one that is running.
	Binary string
	// Acceptors is the size of the membership; 0 means 3.
	Acceptors int
	// Interface is the network interface; empty means lo.
	Interface string
	// Args are given to every role.
	Args []string
	// Within, if not nil, says of each role which command it is started within,
	// see process.Spec.
	Within func(role protocol.Role, id int) []string
	// NoOutput throws away what learners print: writing it to a file would take
	// the disk's time from what is measured.
	NoOutput bool
}

// Cluster is a set of child processes. Its methods may be called by any goroutine.
type Cluster struct {
	options  Options
	children *process.Set

	mu        sync.Mutex
	processes []*Process // all that were ever started
}

// New makes the folder and the config file of a cluster, and starts nothing yet.
// Close must be called.
func New(o Options) (*Cluster, error) {
	if err := complete(&o); err != nil {
		return nil, err
	}
	for _, dir := range []string{"data", "logs"} {
		if err := os.MkdirAll(filepath.Join(o.Dir, dir), 0o755); err != nil {
			return nil, fmt.Errorf("make the cluster's folder: %w", err)
		}
	}
	c := &Cluster{options: o, children: process.NewSet()}
	if err := c.writeConfig(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func complete(o *Options) error {
	if o.Acceptors == 0 {
		o.Acceptors = 3
	}
	if o.Interface == "" {
		o.Interface = "lo"
	}
	if o.Binary == "" {
		self, err := process.Self()
		if err != nil {
			return err
		}
		o.Binary = self
	}
	dir, err := filepath.Abs(o.Dir)
	o.Dir = dir
	return err
}

// writeConfig keeps a config file that is there: the stores belong to its cluster.
func (c *Cluster) writeConfig() error {
	if _, err := os.Stat(c.ConfigPath()); err == nil {
		return nil
	}
	groups, err := FreeGroups()
	if err != nil {
		return err
	}
	text := "# made by paxos for a cluster on this host\n"
	for g, addr := range groups {
		text += fmt.Sprintf("%-9s %s %d\n", protocol.Group(g), addr.Addr(), addr.Port())
	}
	text += fmt.Sprintf("interface %s\nacceptor_count %d\ncluster %s\n", c.options.Interface, c.options.Acceptors, randomName())
	if err := os.WriteFile(c.ConfigPath(), []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the cluster's config file: %w", err)
	}
	return nil
}

// Dir is the cluster's folder.
func (c *Cluster) Dir() string { return c.options.Dir }

// ConfigPath is the cluster's config file.
func (c *Cluster) ConfigPath() string { return filepath.Join(c.options.Dir, "cluster.conf") }

// DataDir is the folder of a role's store.
func (c *Cluster) DataDir(role protocol.Role, id int) string {
	return filepath.Join(c.options.Dir, "data", name(role, id))
}

// LogPath is the file with all that a role wrote to stderr, over all its starts.
func (c *Cluster) LogPath(role protocol.Role, id int) string {
	return filepath.Join(c.options.Dir, "logs", name(role, id)+".log")
}

// OutputPath is the file with what a role wrote to stdout since its last start.
func (c *Cluster) OutputPath(role protocol.Role, id int) string {
	if role == protocol.RoleLearner && c.options.NoOutput {
		return os.DevNull
	}
	return filepath.Join(c.options.Dir, name(role, id)+".out")
}

func name(role protocol.Role, id int) string { return role.String() + "-" + strconv.Itoa(id) }

// Start starts a role, with args after the usual ones. A role that has no store
// yet is told to make one. Only a client may end by itself, see Check.
func (c *Cluster) Start(role protocol.Role, id int, args ...string) (*Process, error) {
	return c.launch(role, id, args, role == protocol.RoleClient)
}

// StartTask is Start for a role that ends by itself when its args say so.
func (c *Cluster) StartTask(role protocol.Role, id int, args ...string) (*Process, error) {
	return c.launch(role, id, args, true)
}

func (c *Cluster) launch(role protocol.Role, id int, args []string, task bool) (*Process, error) {
	var within []string
	if c.options.Within != nil {
		within = c.options.Within(role, id)
	}
	child, err := c.children.Start(process.Spec{
		Within: within,
		Name:   fmt.Sprintf("%s %d", role, id),
		Binary: c.options.Binary,
		Args:   c.arguments(role, id, args),
		Log:    c.LogPath(role, id),
		Output: c.OutputPath(role, id), // anew at each start: a learner prints from the first value on
		Stdin:  role == protocol.RoleClient,
		Task:   task,
	})
	if err != nil {
		return nil, err
	}
	p := &Process{Process: child, Role: role, ID: id, args: args}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processes = append(c.processes, p)
	return p, nil
}

func (c *Cluster) arguments(role protocol.Role, id int, more []string) []string {
	args := []string{role.String(), "--id", strconv.Itoa(id), "--config", c.ConfigPath(), "--log-json"}
	if role != protocol.RoleClient {
		args = append(args, "--data-dir", c.DataDir(role, id))
		// The file `identity` is written last: without it nobody has voted.
		if _, err := os.Stat(filepath.Join(c.DataDir(role, id), "identity")); errors.Is(err, os.ErrNotExist) {
			args = append(args, "--init")
		}
	}
	return slices.Concat(args, c.options.Args, more)
}

// Restart starts the role of an ended process again, on the same store.
func (c *Cluster) Restart(p *Process) (*Process, error) { return c.Start(p.Role, p.ID, p.args...) }

// Check reports the first process that ended although nobody asked it to, other
// than a client or a task that was done. It names the process and quotes the
// end of its log.
func (c *Cluster) Check() error { return c.children.Check() }

// Living returns the processes that run.
func (c *Cluster) Living() []*Process {
	return slices.DeleteFunc(c.all(), func(p *Process) bool { return p.Ended() })
}

func (c *Cluster) all() []*Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.processes)
}

// Stop stops every process that runs, cleanly, and reports those that did not manage.
func (c *Cluster) Stop() error { return c.children.Stop() }

// Close kills what still runs and waits until all is gone. The folder stays.
func (c *Cluster) Close() { c.children.Close() }

// DiskBytes is what the stores of all roles take on the disk, in bytes.
func (c *Cluster) DiskBytes() (int64, error) {
	return process.DiskBytes(filepath.Join(c.options.Dir, "data"))
}
