package kv

import (
	"errors"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"paxos/storage/kv/pages"
)

// boltTx is a transaction of bbolt behind the port. Buckets come into being with
// their first key.
//
// A large value stands in a bucket of its own, under pages.LargeKey. For bbolt writes
// a leaf anew, with up to four values in it, when a key is added beside them: chunks of
// a mebibyte were written three to four times. So the leaves only name large values.
type boltTx struct {
	tx   *bbolt.Tx
	file *boltFile // the same pages, read without bbolt
	db   *boltDB
	made map[string]bool // buckets of large values that this transaction has made; nil if it only reads
	last *leafRange      // where around looked last; nil if it only reads
}

func (d *boltDB) transaction(tx *bbolt.Tx) boltTx {
	file := &boltFile{path: d.path, file: d.file, pages: uint64(tx.Size()) / boltPageBytes}
	t := boltTx{tx: tx, db: d, file: file}
	if tx.Writable() {
		t.made, t.last = map[string]bool{}, &leafRange{}
	}
	return t
}

// largeValue is from how many bytes on a value has a bucket of its own.
const largeValue = 16 << 10

var largeKey = []byte(pages.LargeKey)

func (t boltTx) Get(b Bucket, key []byte) []byte {
	bucket := t.tx.Bucket([]byte(b))
	if bucket == nil {
		return nil
	}
	t.look(bucket, key)
	if value := bucket.Get(key); value != nil {
		return value
	}
	return t.getLarge(b, bucket, key)
}

// getLarge is the value of a key that has a bucket of its own, nil if there is none.
func (t boltTx) getLarge(b Bucket, bucket *bbolt.Bucket, key []byte) []byte {
	if own := t.large(b, bucket, key); own != nil {
		return own.Get(largeKey)
	}
	return nil
}

// large is the bucket of a key's large value, nil if there is none. Before bbolt goes
// into one that it has from the file, we look: where damage leads back into a tree,
// bbolt would recurse until the stack is full. What is wrong is a panic, as bbolt's own
// are, for boltDB.guard.
func (t boltTx) large(b Bucket, bucket *bbolt.Bucket, key []byte) *bbolt.Bucket {
	own := bucket.Bucket(key)
	if own == nil || t.made[madeKey(b, key)] {
		return own
	}
	if err := t.file.largeValue(uint64(own.Root())); err != nil {
		panic(err)
	}
	return own
}

func madeKey(b Bucket, key []byte) string { return string(b) + "/" + string(key) }

func (t boltTx) Each(b Bucket, from []byte, do func(key, value []byte) error) error {
	return t.walk(b, from, func(bucket *bbolt.Bucket, key, value []byte) error {
		if value == nil {
			value = t.getLarge(b, bucket, key)
		}
		return do(key, value)
	})
}

func (t boltTx) Keys(b Bucket, from []byte, do func(key []byte) error) error {
	return t.walk(b, from, func(_ *bbolt.Bucket, key, _ []byte) error { return do(key) })
}

// walk calls do for each key, with no value where that is large.
func (t boltTx) walk(b Bucket, from []byte, do func(bucket *bbolt.Bucket, key, value []byte) error) error {
	bucket := t.tx.Bucket([]byte(b))
	if bucket == nil {
		return nil
	}
	guide := t.guide(bucket, from)
	cursor := bucket.Cursor()
	for key, value := cursor.Seek(from); key != nil; key, value = cursor.Next() {
		guide.reached(key)
		if err := do(bucket, key, value); err != nil {
			return err
		}
	}
	return nil
}

func (t boltTx) Put(b Bucket, key, value []byte) error {
	bucket, err := t.tx.CreateBucketIfNotExists([]byte(b))
	if err != nil {
		return err
	}
	bucket.FillPercent = 1 // keys come in order: leave no room between them
	t.around(bucket, key)
	if len(value) >= largeValue {
		return t.putLarge(b, bucket, key, value)
	}
	err = bucket.Put(key, value)
	if errors.Is(err, bolterrors.ErrIncompatibleValue) { // it was large
		if err := t.deleteLarge(b, bucket, key); err != nil {
			return err
		}
		return bucket.Put(key, value)
	}
	return err
}

func (t boltTx) putLarge(b Bucket, bucket *bbolt.Bucket, key, value []byte) error {
	own := t.large(b, bucket, key)
	if own == nil {
		if err := bucket.Delete(key); err != nil { // it was small, perhaps
			return err
		}
		var err error
		if own, err = bucket.CreateBucket(key); err != nil {
			return err
		}
		t.made[madeKey(b, key)] = true
	}
	return own.Put(largeKey, value)
}

func (t boltTx) deleteLarge(b Bucket, bucket *bbolt.Bucket, key []byte) error {
	t.large(b, bucket, key) // bbolt goes into what it deletes
	if t.db.deleted++; t.db.deleted%unmapAfter == 0 {
		t.db.unmapped(t.tx)
	}
	return bucket.DeleteBucket(key)
}

// unmapAfter deletions of large values, what they have read is let go. Of each a page is
// read through the memory map, and the kernel maps up to all that was written with it.
const unmapAfter = 4

func (t boltTx) Delete(b Bucket, key []byte) error {
	bucket := t.tx.Bucket([]byte(b))
	if bucket == nil {
		return nil
	}
	t.around(bucket, key)
	err := bucket.Delete(key)
	if errors.Is(err, bolterrors.ErrIncompatibleValue) {
		return t.deleteLarge(b, bucket, key)
	}
	return err
}

func (t boltTx) Clear(b Bucket) error {
	err := t.walk(b, nil, func(bucket *bbolt.Bucket, key, value []byte) error {
		if value == nil {
			t.large(b, bucket, key) // bbolt goes into what it deletes
		}
		return nil
	})
	if err == nil {
		err = t.tx.DeleteBucket([]byte(b))
	}
	if errors.Is(err, bolterrors.ErrBucketNotFound) {
		return nil
	}
	return err
}
