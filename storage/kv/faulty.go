package kv

import "sync"

// Op is a set of kinds of operation.
type Op uint8

// The kinds of operation that [Faulty] counts and fails.
const (
	OpOpen Op = 1 << iota
	OpView
	OpPut    // Put, Delete and Clear
	OpCommit // fails before anything is durable
	OpAfter  // fails when all is durable, as a sync does whose success got lost

	OpAny    = OpOpen | OpView | OpPut | OpCommit | OpAfter
	OpChange = OpPut | OpCommit | OpAfter
)

// Fault says which operation fails, and how.
type Fault struct {
	Kinds Op    // of which kinds; 0 means OpAny
	N     int   // the N-th of these fails, counted from 1; 0: none
	Err   error // what it returns
}

// Faulty passes everything on to databases that another opener opens, except
// for the one operation that its [Fault] picks. It is safe for concurrent use.
type Faulty struct {
	under Opener
	mu    sync.Mutex
	fault Fault
	seen  int
}

// NewFaulty returns an opener over under with a fault armed.
func NewFaulty(under Opener, fault Fault) *Faulty {
	f := &Faulty{under: under}
	f.Arm(fault)
	return f
}

// Arm replaces the fault, and counts afresh towards its N.
func (f *Faulty) Arm(fault Fault) {
	if fault.Kinds == 0 {
		fault.Kinds = OpAny
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.seen = fault, 0
}

// Seen is how many operations of the fault's kinds there were since it was armed.
func (f *Faulty) Seen() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

func (f *Faulty) check(op Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault.Kinds&op == 0 {
		return nil
	}
	if f.seen++; f.seen == f.fault.N {
		return f.fault.Err
	}
	return nil
}

// Open is an [Opener].
func (f *Faulty) Open(path string, create bool) (DB, error) {
	if err := f.check(OpOpen); err != nil {
		return nil, err
	}
	db, err := f.under(path, create)
	if err != nil {
		return nil, err
	}
	return &faultyDB{DB: db, faults: f}, nil
}

type faultyDB struct {
	DB
	faults *Faulty
}

func (d *faultyDB) View(read func(Tx) error) error {
	if err := d.faults.check(OpView); err != nil {
		return err
	}
	return d.DB.View(read)
}

func (d *faultyDB) Update(change func(Tx) error) error {
	err := d.DB.Update(func(tx Tx) error {
		if err := change(faultyTx{tx, d.faults}); err != nil {
			return err
		}
		return d.faults.check(OpCommit)
	})
	if err != nil {
		return err
	}
	return d.faults.check(OpAfter)
}

type faultyTx struct {
	Tx
	faults *Faulty
}

func (t faultyTx) Put(b Bucket, key, value []byte) error {
	if err := t.faults.check(OpPut); err != nil {
		return err
	}
	return t.Tx.Put(b, key, value)
}

func (t faultyTx) Delete(b Bucket, key []byte) error {
	if err := t.faults.check(OpPut); err != nil {
		return err
	}
	return t.Tx.Delete(b, key)
}

func (t faultyTx) Clear(b Bucket) error {
	if err := t.faults.check(OpPut); err != nil {
		return err
	}
	return t.Tx.Clear(b)
}
