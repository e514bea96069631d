package kv

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// residentOf is how much of a file's memory maps is in the memory of this process, in KiB.
func residentOf(t *testing.T, path string) (sum int) {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	must(t, err)
	defer f.Close()
	ours := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if head, _, _ := strings.Cut(line, " "); !strings.HasSuffix(head, ":") {
			ours = strings.HasSuffix(line, path)
		}
		var kib int
		if n, _ := fmt.Sscanf(line, "Rss: %d kB", &kib); n == 1 && ours {
			sum += kib
		}
	}
	return sum
}

// filled is a database with 256 values of 64 KiB.
func filled(t *testing.T, path string) DB {
	t.Helper()
	d, err := OpenBolt(path, true)
	must(t, err)
	t.Cleanup(func() { d.Close() })
	must(t, d.Update(func(tx Tx) error {
		for i := range 256 {
			if err := tx.Put("b", key(i), make([]byte, 64<<10)); err != nil {
				return err
			}
		}
		return nil
	}))
	return d
}

func TestWhatWasReadOfADatabaseDoesNotStayInMemoryForEver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	d := filled(t, path)
	sum := 0
	must(t, d.View(func(tx Tx) error {
		return tx.Each("b", nil, func(_, v []byte) error {
			for _, b := range v {
				sum += int(b) + 1
			}
			return nil
		})
	}))
	read := residentOf(t, path)
	if sum != 16<<20 || read < 15<<10 {
		t.Fatalf("the test is void: %d bytes were read, and %d KiB of it are in memory", sum, read)
	}
	must(t, d.Update(func(tx Tx) error { return tx.Put("b", []byte("one more"), make([]byte, 64<<10)) }))
	if after := residentOf(t, path); after > read/4 {
		t.Errorf("%d KiB of the database are in memory after a change, %d before it", after, read)
	}
}

// A page of each is read, and as many around it as the kernel likes.
func TestWhatIsDeletedDoesNotComeIntoMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	d := filled(t, path)
	most := 0
	must(t, d.Update(func(tx Tx) error {
		for i := range 256 {
			if err := tx.Delete("b", key(i)); err != nil {
				return err
			}
			if i%16 == 14 { // and not each time: it takes a while
				most = max(most, residentOf(t, path))
			}
		}
		return nil
	}))
	if most > 8<<10 {
		t.Errorf("%d KiB of 16 MiB were in memory", most)
	}
}
