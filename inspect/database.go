package inspect

import (
	"errors"
	"fmt"

	"paxos/storage"
	"paxos/storage/kv"
	"paxos/storage/kv/pages"
)

// maxHeadBytes is far more than a list's head takes; what is longer is not read.
const maxHeadBytes = 1 << 30

// walk begins a walk over the database that reports what is wrong with its pages.
func (f *Folder) walk() *pages.Walk {
	path := f.path(storage.DatabaseName)
	return f.file.Walk(f.meta, func(p pages.Problem) {
		f.report(Finding{File: path, Offset: p.Offset, Detail: p.Detail})
	})
}

// stored is a value of the database that was read and checked.
type stored struct {
	key   []byte
	value []byte
	at    int64 // where in the file its key begins
}

// values visits the values of a bucket from a key on, in order, and reports those
// that are damaged.
func (f *Folder) values(b kv.Bucket, from []byte, visit func(stored) error) error {
	if !f.hasMeta {
		return nil
	}
	w := f.walk()
	tree, found, err := f.bucket(w, b)
	if err != nil || !found {
		return err
	}
	var buf []byte
	return w.Values(tree, from, func(e *pages.Element) error {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		var value []byte
		if buf, value = f.value(b, e, buf); value == nil {
			return nil
		}
		return visit(stored{e.Key, value, e.At})
	})
}

// bucket finds a bucket by its name.
func (f *Folder) bucket(w *pages.Walk, b kv.Bucket) (tree pages.Tree, found bool, err error) {
	enough := errors.New("enough")
	err = w.Each(w.Root(), []byte(b), func(e *pages.Element) error {
		if string(e.Key) == string(b) {
			tree, found = f.tree(e)
		}
		return enough
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return tree, found, err
}

// tree is the bucket that an element holds.
func (f *Folder) tree(e *pages.Element) (pages.Tree, bool) {
	tree, err := e.Tree()
	if err != nil {
		f.reportValue(e, "bucket %q: %v", e.Key, err)
		return tree, false
	}
	return tree, true
}

func (f *Folder) reportValue(e *pages.Element, format string, args ...any) {
	f.report(f.ofValue(e.At, e.Entry, fmt.Sprintf(format, args...)))
}

// ofValue is a finding about a value: what is damaged may be its entry, too.
func (f *Folder) ofValue(at, entry int64, detail string) Finding {
	detail = fmt.Sprintf("%s (its entry in the page's table is at offset %d)", detail, entry)
	return Finding{File: f.path(storage.DatabaseName), Offset: at, Detail: detail}
}

// value reads and checks a value, and reports it if it is damaged.
func (f *Folder) value(b kv.Bucket, e *pages.Element, buf []byte) (used, value []byte) {
	sealed, err := f.sealed(b, e, buf)
	if err == nil {
		value, err = storage.Unseal(b, e.Key, sealed)
	}
	if err != nil {
		f.reportValue(e, "%v", err)
		return buf, nil
	}
	return sealed, value
}

// sealed reads a value with its checksum.
func (f *Folder) sealed(b kv.Bucket, e *pages.Element, buf []byte) ([]byte, error) {
	switch {
	case e.Bucket:
		return nil, fmt.Errorf("key %q in bucket %s is a bucket, not a value", e.Key, b)
	case e.Bytes > maxHeadBytes:
		return nil, fmt.Errorf("the value of key %q in bucket %s has %d bytes", e.Key, b, e.Bytes)
	}
	return e.Value(buf)
}
