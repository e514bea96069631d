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

func TestWhatWasReadOfADatabaseDoesNotStayInMemoryForEver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	d, err := OpenBolt(path, true)
	must(t, err)
	defer d.Close()
	value := make([]byte, 64<<10)
	must(t, d.Update(func(tx Tx) error {
		for i := range 256 { // 16 MiB
			if err := tx.Put("b", []byte(fmt.Sprintf("%08d", i)), value); err != nil {
				return err
			}
		}
		return nil
	}))
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
	must(t, d.Update(func(tx Tx) error { return tx.Put("b", []byte("one more"), value) }))
	if after := residentOf(t, path); after > read/4 {
		t.Errorf("%d KiB of the database are in memory after a change, %d before it", after, read)
	}
}
