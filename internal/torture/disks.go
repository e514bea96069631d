package torture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"paxos/internal/process"
	"paxos/storage"
)

// diskBytes is the size of a member's disk, where it has one of its own.
const diskBytes = 64 << 20

// disks are small disks in memory (tmpfs), one for each member, that can be filled.
//
// They are mounted in the mount namespace of a process that does nothing else, and
// reached through /proc/PID/root. So nobody else sees them, and they go when that process
// goes, which it does when this one goes, however that happens. That needs root, and the
// programs nsenter, mount and sleep.
type disks struct {
	holder *process.Set
	points string   // the folder with the mount points, on the host: empty folders
	roots  []string // of the disks, as everybody reaches them
}

func newDisks(points string, all []member) (*disks, error) {
	d := &disks{holder: process.NewSet(), points: points}
	if err := d.mount(all); err != nil {
		d.close()
		return nil, fmt.Errorf("make small disks: %w", err)
	}
	return d, nil
}

func (d *disks) mount(all []member) error {
	if err := os.MkdirAll(d.points, 0o755); err != nil {
		return err
	}
	p, err := d.holder.Start(process.Spec{
		Name: "holder of a mount namespace", Binary: "/bin/sleep", Args: []string{"infinity"},
		Log: os.DevNull, NewMounts: true,
	})
	if err != nil {
		return err
	}
	for _, m := range all {
		point := filepath.Join(d.points, m.name)
		if err := os.Mkdir(point, 0o755); err != nil {
			return err
		}
		size := fmt.Sprintf("size=%d", diskBytes)
		line := []string{fmt.Sprintf("--mount=/proc/%d/ns/mnt", p.Pid()), "--", "mount", "-t", "tmpfs", "-o", size, "paxos-torture", point}
		if out, err := exec.Command("nsenter", line...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(line, " "), err, out)
		}
		d.roots = append(d.roots, fmt.Sprintf("/proc/%d/root%s", p.Pid(), point))
	}
	return nil
}

// lend makes a member's folder, which must be missing, one on its disk.
func (d *disks) lend(i int, folder string) error {
	store := filepath.Join(d.roots[i], "store")
	if err := os.Mkdir(store, 0o755); err != nil {
		return fmt.Errorf("make a store's folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return fmt.Errorf("make a store's folder: %w", err)
	}
	if err := os.Symlink(store, folder); err != nil {
		return fmt.Errorf("lay a store onto its disk: %w", err)
	}
	return nil
}

// keep replaces the link to a member's store by a copy of what it leads to.
func (d *disks) keep(i int, folder string) error {
	if err := os.Remove(folder); err != nil {
		return fmt.Errorf("keep a store: %w", err)
	}
	// A process that was killed leaves its socket behind, which is no file to copy.
	if err := os.Remove(filepath.Join(d.roots[i], "store", storage.SocketName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("keep a store: %w", err)
	}
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(d.roots[i], "store"))); err != nil {
		return fmt.Errorf("keep a store: %w", err)
	}
	return nil
}

func (d *disks) ballast(i int) string { return filepath.Join(d.roots[i], "ballast") }

// fill fills a disk to the last byte.
func (d *disks) fill(i int) error {
	f, err := os.OpenFile(d.ballast(i), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("fill a disk: %w", err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10} {
		block := make([]byte, size)
		for err = nil; err == nil; {
			_, err = f.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, io.ErrShortWrite) {
			return fmt.Errorf("fill a disk: %w", err)
		}
	}
	return nil
}

// free gives a disk's room back.
func (d *disks) free(i int) error {
	if err := os.Remove(d.ballast(i)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("free a disk: %w", err)
	}
	return nil
}

// close unmounts all, with what is on them. No process must use them any more.
func (d *disks) close() {
	d.holder.Close()
	for _, root := range d.roots {
		_ = os.Remove(filepath.Join(d.points, filepath.Base(root)))
	}
	_ = os.Remove(d.points) // but not what should not be in it
}
