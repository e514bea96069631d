package sim

import (
	"errors"

	"paxos/storage/kv"
	"paxos/vfs"
)

// disk is what a machine keeps its store on: files for the log and databases, both
// behind ports at which faults come in.
type disk struct {
	mem   *vfs.Mem
	db    *kv.Memory
	files *vfs.Faulty
	bases *kv.Faulty
}

// dataDir is the store's folder on every disk.
const dataDir = "/store"

// errPower is why an operation fails that the power failed in.
var errPower = errors.New("the power failed")

func newDisk(seed uint64, tearSectors bool) *disk {
	mem := vfs.NewMem(seed)
	mem.TearSectors(tearSectors)
	return diskOf(mem, kv.NewMemory())
}

func diskOf(mem *vfs.Mem, db *kv.Memory) *disk {
	return &disk{mem: mem, db: db, files: vfs.NewFaulty(mem, vfs.Fault{}), bases: kv.NewFaulty(db.Open, kv.Fault{})}
}

// crashed is the disk as it is found after the power failed: what was not synced is
// gone, or there, or torn.
func (d *disk) crashed() *disk { return diskOf(d.mem.Crash(), d.db.Crash()) }

// kill is what becomes of open files when their process is killed: nothing is lost.
func (d *disk) kill() {
	d.mem.Kill()
	d.db.Kill()
}

// mend takes all faults away.
func (d *disk) mend() {
	d.files.Arm(vfs.Fault{})
	d.bases.Arm(kv.Fault{})
}
