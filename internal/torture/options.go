package torture

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"paxos/internal/process"
)

// The workloads: what clients do, and to which kind of cluster.
const (
	Append   = "append"   // to the list of list servers, and read it
	Register = "register" // write and read the last value of that list
	Roles    = "roles"    // submit values to the multicast roles
	KV       = "kv"       // read, write, compare and set the keys of a key-value store
)

// Workloads are all there are.
func Workloads() []string { return []string{Append, Register, Roles, KV} }

// Options say what a run is. The names are those of Jepsen's command line.
type Options struct {
	// Dir is the run's folder; it must be empty or missing.
	Dir string
	// Binary is the program that plays the members; empty means the one that is running.
	Binary string
	// Program plays the members for KV: any that keeps to docs/torture.md, "Your own
	// program".
	Program string

	Workload    string
	Nodes       int           // list servers, or acceptors: 1 to 7
	Concurrency int           // clients' processes: 1 to 100
	Rate        float64       // of all clients together, operations a second; 0: no limit
	TimeLimit   time.Duration // of clients and nemeses; then all is healed and checked
	Nemeses     []string      // see Nemeses
	Interval    time.Duration // between two deeds of the nemeses
	Seed        uint64        // clients and nemeses are drawn from it

	// Progress, if not nil, is told now and then how it goes.
	Progress func(Progress)

	loopback bool        // even as root, for tests
	started  func(fleet) // told when the cluster takes commands, for tests
}

// ErrUsage says that a run with these options is not possible here.
var ErrUsage = errors.New("this run is not possible")

// plan is what follows from the options.
type plan struct {
	kinds   []kind
	network bool // of the run's own
	disks   bool // of the run's own
}

func (o *Options) plan() (p plan, err error) {
	if err := o.check(); err != nil {
		return p, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if p.kinds, err = findKinds(o.Nemeses); err != nil {
		return p, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	root := os.Getuid() == 0
	p.disks = anyOf(p.kinds, func(k kind) bool { return k.disks })
	needsNetwork := anyOf(p.kinds, func(k kind) bool { return k.network })
	p.network = needsNetwork || root && !o.loopback && missing("ip", "nsenter", "iptables-restore") == nil
	if err := possible(p.kinds, o.Nodes, root); err != nil {
		return p, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return p, nil
}

func (o *Options) check() (err error) {
	for _, n := range []struct {
		flag     string
		is       int
		from, to int
	}{{"nodes", o.Nodes, 1, 7}, {"concurrency", o.Concurrency, 1, 100}} {
		if n.is < n.from || n.is > n.to {
			return fmt.Errorf("--%s %d: want %d to %d", n.flag, n.is, n.from, n.to)
		}
	}
	switch {
	case !slices.Contains(Workloads(), o.Workload):
		return fmt.Errorf("--workload %q: there are %s", o.Workload, strings.Join(Workloads(), ", "))
	case o.Rate < 0:
		return fmt.Errorf("--rate %g: want at least 0", o.Rate)
	case o.TimeLimit <= 0 || o.Interval <= 0:
		return fmt.Errorf("--time-limit %s --nemesis-interval %s: want more than 0", o.TimeLimit, o.Interval)
	}
	if o.Binary == "" {
		if o.Binary, err = process.Self(); err != nil {
			return err
		}
	}
	return o.checkProgram()
}

// checkProgram looks for the program that the workload kv needs, and no other.
func (o *Options) checkProgram() (err error) {
	switch {
	case o.Workload == KV && o.Program == "":
		return errors.New("--workload kv: name the --program that plays the nodes")
	case o.Workload != KV && o.Program != "":
		return fmt.Errorf("--program goes with --workload %s only", KV)
	case o.Workload != KV:
		return nil
	}
	if o.Program, err = exec.LookPath(o.Program); err == nil {
		o.Program, err = filepath.Abs(o.Program)
	}
	if err != nil {
		return fmt.Errorf("--program: %w", err)
	}
	return nil
}

// possible says which of the nemeses can't be had here, and why.
func possible(kinds []kind, nodes int, root bool) error {
	for _, k := range kinds {
		var err error
		switch {
		case nodes < k.least:
			err = fmt.Errorf("it needs --nodes %d at least", k.least)
		case (k.network || k.disks) && !root:
			err = errors.New("it needs root; kill and pause do without")
		case k.network:
			err = missing("ip", "nsenter", "iptables-restore")
		case k.disks:
			err = missing("nsenter", "mount")
		}
		if err != nil {
			return fmt.Errorf("nemesis %s: %w", k.name, err)
		}
	}
	return nil
}

// missing names the programs that are not installed.
func missing(programs ...string) error {
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			return fmt.Errorf("it needs the programs %s (Debian: apt-get install iproute2 iptables util-linux mount): %w",
				strings.Join(programs, ", "), err)
		}
	}
	return nil
}
