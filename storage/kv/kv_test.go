package kv

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
)

// implementations runs a claim against every database there is.
func implementations(t *testing.T, claim func(t *testing.T, open Opener, path string)) {
	t.Run("bolt", func(t *testing.T) { claim(t, OpenBolt, filepath.Join(t.TempDir(), "db")) })
	t.Run("memory", func(t *testing.T) { claim(t, NewMemory().Open, "/db") })
	t.Run("faulty", func(t *testing.T) { claim(t, NewFaulty(NewMemory().Open, Fault{}).Open, "/db") })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, opener Opener, path string) DB {
	t.Helper()
	db, err := opener(path, true)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func put(t *testing.T, db DB, b Bucket, keysAndValues ...string) {
	t.Helper()
	must(t, db.Update(func(tx Tx) error {
		for i := 0; i < len(keysAndValues); i += 2 {
			if err := tx.Put(b, []byte(keysAndValues[i]), []byte(keysAndValues[i+1])); err != nil {
				return err
			}
		}
		return nil
	}))
}

// content lists a bucket as "key=value key=value".
func content(t *testing.T, db DB, b Bucket, from string) string {
	t.Helper()
	var list []byte
	must(t, db.View(func(tx Tx) error {
		return tx.Each(b, []byte(from), func(key, value []byte) error {
			list = fmt.Appendf(list, "%s=%s ", key, value)
			return nil
		})
	}))
	return string(bytes.TrimSpace(list))
}

func TestThereIsNoDatabaseUntilOneIsMade(t *testing.T) {
	implementations(t, func(t *testing.T, opener Opener, path string) {
		if _, err := opener(path, false); !errors.Is(err, ErrAbsent) {
			t.Errorf("before: %v", err)
		}
		must(t, open(t, opener, path).Close())
		db, err := opener(path, false)
		must(t, err)
		must(t, db.Close())
	})
}

func TestOnlyOneHasADatabaseOpen(t *testing.T) {
	implementations(t, func(t *testing.T, opener Opener, path string) {
		db := open(t, opener, path)
		if _, err := opener(path, true); !errors.Is(err, ErrLocked) {
			t.Errorf("second: %v", err)
		}
		must(t, db.Close())
		open(t, opener, path)
	})
}

func TestAnUpdateHappensWhollyOrNotAtAll(t *testing.T) {
	no := errors.New("no")
	implementations(t, func(t *testing.T, opener Opener, path string) {
		db := open(t, opener, path)
		put(t, db, "a", "k1", "v1", "k3", "v3")
		err := db.Update(func(tx Tx) error {
			must(t, tx.Put("a", []byte("k2"), []byte("v2")))
			must(t, tx.Clear("a"))
			return no
		})
		if err != no { //nolint:errorlint // the very error
			t.Errorf("update: %v", err)
		}
		if got := content(t, db, "a", ""); got != "k1=v1 k3=v3" {
			t.Errorf("content %q", got)
		}
	})
}

func TestWhatIsCommittedIsThereAfterReopening(t *testing.T) {
	implementations(t, func(t *testing.T, opener Opener, path string) {
		db := open(t, opener, path)
		put(t, db, "a", "k2", "v2", "k1", "v1", "k3", "")
		put(t, db, "b", "k", "v")
		must(t, db.Update(func(tx Tx) error { return tx.Delete("a", []byte("k1")) }))
		must(t, db.Update(func(tx Tx) error { return tx.Clear("b") }))
		must(t, db.Update(func(tx Tx) error { return tx.Clear("never") }))
		must(t, db.Close())
		db = open(t, opener, path)
		if got := content(t, db, "a", ""); got != "k2=v2 k3=" {
			t.Errorf("a: %q", got)
		}
		if got := content(t, db, "a", "k21"); got != "k3=" {
			t.Errorf("a from k21: %q", got)
		}
		if got := content(t, db, "b", ""); got != "" {
			t.Errorf("b: %q", got)
		}
	})
}

func TestAViewSeesWhatWasCommittedWhenItBegan(t *testing.T) {
	implementations(t, func(t *testing.T, opener Opener, path string) {
		db := open(t, opener, path)
		put(t, db, "a", "k", "old")
		must(t, db.Update(func(tx Tx) error {
			must(t, tx.Put("a", []byte("k"), []byte("new")))
			if got := tx.Get("a", []byte("k")); string(got) != "new" {
				t.Errorf("within the update: %q", got)
			}
			if got := content(t, db, "a", ""); got != "k=old" {
				t.Errorf("beside the update: %q", got)
			}
			return nil
		}))
		must(t, db.View(func(tx Tx) error {
			if tx.Get("a", []byte("none")) != nil || tx.Get("none", []byte("k")) != nil {
				t.Error("a key that is not there has a value")
			}
			return nil
		}))
	})
}

// dump lists a bucket as a transaction sees it, and checks Get against it.
func dump(t *testing.T, tx Tx, b Bucket, keys ...string) string {
	t.Helper()
	var list []byte
	must(t, tx.Each(b, nil, func(key, value []byte) error {
		list = fmt.Appendf(list, "%s=%s ", key, value)
		return nil
	}))
	for _, key := range keys {
		if value := tx.Get(b, []byte(key)); (value != nil) != bytes.Contains(list, []byte(key+"=")) {
			t.Errorf("Get of %q: %q, but Each lists %q", key, value, list)
		}
	}
	return string(bytes.TrimSpace(list))
}

func TestAnUpdateSeesItsOwnChanges(t *testing.T) {
	implementations(t, func(t *testing.T, opener Opener, path string) {
		db := open(t, opener, path)
		put(t, db, "b", "a", "1", "b", "2", "c", "3")
		steps := []struct {
			change func(Tx) error
			want   string
		}{
			{func(tx Tx) error { return tx.Put("b", []byte("b"), []byte("new")) }, "a=1 b=new c=3"},
			{func(tx Tx) error { return tx.Delete("b", []byte("a")) }, "b=new c=3"},
			{func(tx Tx) error { return tx.Put("b", []byte("d"), []byte("4")) }, "b=new c=3 d=4"},
			{func(tx Tx) error { return tx.Clear("b") }, ""},
			{func(tx Tx) error { return tx.Put("b", []byte("c"), []byte("again")) }, "c=again"},
			{func(tx Tx) error { return tx.Delete("b", []byte("c")) }, ""},
			{func(tx Tx) error { return tx.Put("b", []byte("a"), []byte("last")) }, "a=last"},
		}
		must(t, db.Update(func(tx Tx) error {
			for n, step := range steps {
				must(t, step.change(tx))
				if got := dump(t, tx, "b", "a", "b", "c", "d"); got != step.want {
					t.Errorf("after change %d: %q; want %q", n, got, step.want)
				}
			}
			return nil
		}))
		if got := content(t, db, "b", ""); got != "a=last" {
			t.Errorf("committed: %q", got)
		}
	})
}

func TestAClosedDatabaseSaysSo(t *testing.T) {
	implementations(t, func(t *testing.T, opener Opener, path string) {
		db := open(t, opener, path)
		must(t, db.Close())
		nothing := func(Tx) error { return nil }
		if err := db.View(nothing); !errors.Is(err, ErrClosed) {
			t.Errorf("view: %v", err)
		}
		if err := db.Update(nothing); !errors.Is(err, ErrClosed) {
			t.Errorf("update: %v", err)
		}
		must(t, db.Close())
	})
}

func TestACrashOfMemoryKeepsWhatIsCommitted(t *testing.T) {
	disk := NewMemory()
	db := open(t, disk.Open, "/db")
	put(t, db, "a", "k", "old")
	after := disk.Crash()
	put(t, db, "a", "k", "new")
	if got := content(t, open(t, after.Open, "/db"), "a", ""); got != "k=old" {
		t.Errorf("after the crash: %q", got)
	}
	disk.Kill()
	if err := db.Update(func(Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("update after the kill: %v", err)
	}
	if got := content(t, open(t, disk.Open, "/db"), "a", ""); got != "k=new" {
		t.Errorf("after the kill: %q", got)
	}
}

func TestAFaultAfterTheCommitLeavesItCommitted(t *testing.T) {
	for _, c := range []struct {
		kind Op
		want string
	}{{OpPut, "k=old"}, {OpCommit, "k=old"}, {OpAfter, "k=new"}} {
		boom := errors.New("boom")
		faults := NewFaulty(NewMemory().Open, Fault{})
		db := open(t, faults.Open, "/db")
		put(t, db, "a", "k", "old")
		faults.Arm(Fault{Kinds: c.kind, N: 1, Err: boom})
		err := db.Update(func(tx Tx) error { return tx.Put("a", []byte("k"), []byte("new")) })
		if !errors.Is(err, boom) {
			t.Errorf("kind %b: %v", c.kind, err)
		}
		if got := content(t, db, "a", ""); got != c.want {
			t.Errorf("kind %b: %q, want %q", c.kind, got, c.want)
		}
	}
}
