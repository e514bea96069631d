package pages

// LargeKey is the key of a large value (package kv says which are) in the bucket of its
// own that it has in place of standing beside the others.
const LargeKey = "v"

// Values is Each for a bucket of values: it shows a large value in place of its bucket,
// with the key that the bucket has.
func (w *Walk) Values(t Tree, from []byte, visit func(*Element) error) error {
	return w.Each(t, from, func(e *Element) error {
		if e.Bucket {
			return w.large(e, visit)
		}
		return visit(e)
	})
}

// large visits the large value that an element names.
func (w *Walk) large(e *Element, visit func(*Element) error) error {
	t, err := e.Tree()
	switch {
	case err != nil:
		w.wrong(e.Entry, "the bucket of the large value with key %x: %v", e.Key, err)
		return nil
	case t.Inline():
		w.wrong(e.Entry, "the large value with key %x is kept in the page of its name", e.Key)
		return nil
	case t.Sequence != 0:
		w.wrong(e.ValueAt(), "the bucket of the large value with key %x has the sequence %d: none is ever set", e.Key, t.Sequence)
	}
	found := false
	err = w.Each(t, nil, func(value *Element) error {
		if found || value.Bucket || string(value.Key) != LargeKey {
			w.wrong(value.At, "key %x does not belong in the bucket of the large value with key %x", value.Key, e.Key)
			return nil
		}
		found, value.Key = true, e.Key
		return visit(value)
	})
	if err == nil && !found {
		w.wrong(e.Entry, "the large value with key %x is missing", e.Key)
	}
	return err
}
