package torture

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The folders in a run's folder. Its files have their names in package report.
const (
	logsFolder = "logs"
	// clusterFolder has stores, config and outputs while the run goes on, and stays only
	// if a check failed.
	clusterFolder = "cluster"
	disksFolder   = "disks" // mount points; empty, and gone in the end
)

// DefaultDir is where a run with these options leaves its folder, below a root.
func DefaultDir(root string, o *Options, now time.Time) string {
	names := strings.Join(o.Nemeses, "+")
	return filepath.Join(root, fmt.Sprintf("%s-%s-%s", now.Format("20060102T150405"), o.Workload, names))
}

// makeFolder makes a run's folder, in which there must be nothing.
func makeFolder(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if len(found) > 0 {
		return "", fmt.Errorf("%w: the folder %s is not empty: name an empty or a missing one", ErrUsage, dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, logsFolder), 0o755); err != nil {
		return "", fmt.Errorf("make the run's folder: %w", err)
	}
	return dir, nil
}

// settings are the options as config.json has them, with the names of the flags.
type settings struct {
	Workload    string    `json:"workload"`
	Program     string    `json:"program,omitempty"`
	Nodes       int       `json:"nodes"`
	Concurrency int       `json:"concurrency"`
	Rate        float64   `json:"rate"`
	TimeLimit   string    `json:"time_limit"`
	Nemesis     []string  `json:"nemesis"`
	Interval    string    `json:"nemesis_interval"`
	Seed        uint64    `json:"seed"`
	Members     []string  `json:"members"`
	Network     string    `json:"network"`
	Disks       string    `json:"disks"`
	Began       time.Time `json:"began"`
}

func (r *run) settings() settings {
	o, s := &r.Options, settings{Network: "loopback", Disks: "of this host", Began: time.Now()}
	s.Workload, s.Program, s.Nodes, s.Concurrency, s.Rate, s.Seed = o.Workload, o.Program, o.Nodes, o.Concurrency, o.Rate, o.Seed
	s.TimeLimit, s.Interval, s.Nemesis = o.TimeLimit.String(), o.Interval.String(), o.Nemeses
	for _, m := range r.world.fleet.members() {
		s.Members = append(s.Members, m.name)
	}
	if r.plan.network {
		s.Network = "namespaces"
	}
	if r.plan.disks {
		s.Disks = fmt.Sprintf("tmpfs of %d MiB for each member", diskBytes>>20)
	}
	return s
}

func (r *run) path(name string) string { return filepath.Join(r.Dir, name) }

func (r *run) writeJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.WriteFile(r.path(name), append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// writeFile makes a file of the run's folder.
func (r *run) writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(r.path(name))
	if err != nil {
		return fmt.Errorf("make a file of the run: %w", err)
	}
	out := bufio.NewWriter(f)
	if err := errors.Join(write(out), out.Flush(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// collectLogs moves the members' logs to where people look for them.
func (r *run) collectLogs() error {
	var errs []error
	for i, m := range r.world.fleet.members() {
		err := os.Rename(r.world.fleet.log(i), filepath.Join(r.Dir, logsFolder, m.name+".log"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("keep the log of %s: %w", m.name, err))
		}
	}
	return errors.Join(errs...)
}

// keepStores leaves the stores for people who look for what went wrong, or removes them.
func (r *run) keepStores(keep bool) error {
	if !keep {
		return os.RemoveAll(r.path(clusterFolder))
	}
	if r.world.disks == nil {
		return nil
	}
	var errs []error
	for i := range r.world.fleet.members() {
		errs = append(errs, r.world.disks.keep(i, r.world.fleet.store(i)))
	}
	return errors.Join(errs...)
}
