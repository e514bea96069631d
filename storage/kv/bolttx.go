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
type boltTx struct{ tx *bbolt.Tx }

// largeValue is from how many bytes on a value has a bucket of its own.
const largeValue = 16 << 10

var largeKey = []byte(pages.LargeKey)

func (t boltTx) Get(b Bucket, key []byte) []byte {
	bucket := t.tx.Bucket([]byte(b))
	if bucket == nil {
		return nil
	}
	if value := bucket.Get(key); value != nil {
		return value
	}
	return getLarge(bucket, key)
}

// getLarge is the value of a key that has a bucket of its own, nil if there is none.
func getLarge(bucket *bbolt.Bucket, key []byte) []byte {
	if own := bucket.Bucket(key); own != nil {
		return own.Get(largeKey)
	}
	return nil
}

func (t boltTx) Each(b Bucket, from []byte, do func(key, value []byte) error) error {
	return t.walk(b, from, func(bucket *bbolt.Bucket, key, value []byte) error {
		if value == nil {
			value = getLarge(bucket, key)
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
	cursor := bucket.Cursor()
	for key, value := cursor.Seek(from); key != nil; key, value = cursor.Next() {
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
	if len(value) >= largeValue {
		return putLarge(bucket, key, value)
	}
	err = bucket.Put(key, value)
	if errors.Is(err, bolterrors.ErrIncompatibleValue) { // it was large
		if err := bucket.DeleteBucket(key); err != nil {
			return err
		}
		return bucket.Put(key, value)
	}
	return err
}

func putLarge(bucket *bbolt.Bucket, key, value []byte) error {
	own, err := bucket.CreateBucketIfNotExists(key)
	if errors.Is(err, bolterrors.ErrIncompatibleValue) { // it was small
		if err := bucket.Delete(key); err != nil {
			return err
		}
		own, err = bucket.CreateBucket(key)
	}
	if err != nil {
		return err
	}
	return own.Put(largeKey, value)
}

func (t boltTx) Delete(b Bucket, key []byte) error {
	bucket := t.tx.Bucket([]byte(b))
	if bucket == nil {
		return nil
	}
	err := bucket.Delete(key)
	if errors.Is(err, bolterrors.ErrIncompatibleValue) {
		return bucket.DeleteBucket(key)
	}
	return err
}

func (t boltTx) Clear(b Bucket) error {
	err := t.tx.DeleteBucket([]byte(b))
	if errors.Is(err, bolterrors.ErrBucketNotFound) {
		return nil
	}
	return err
}
