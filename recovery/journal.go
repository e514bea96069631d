package recovery

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"paxos/vfs"
)

// Journal is what an import keeps in a file of its own, so that it can be started
// again and appends no value twice. The session does the work: the list applies
// number n of it only after n-1, once. So the journal must have the nonce before
// the session is opened, and the session before the first value is sent. How many
// values are done may be older than the truth, for those that are sent again keep
// their places; but they must be the same values, so those that may have been sent are
// in the journal before they are.
//
// One process at a time has a journal: it holds a lock on PATH.lock from
// [LoadJournal] to [Journal.Close]. That file stays; it is empty, and may be removed
// when nobody runs.
type Journal struct {
	Format   int    `json:"format"`    // 1
	Cluster  string `json:"cluster"`   // that the values go to
	Nonce    string `json:"nonce"`     // of the session, in hex
	Session  uint64 `json:"session"`   // 0: it may not be open yet
	Done     uint64 `json:"done"`      // values that are appended
	Sum      uint32 `json:"sum"`       // CRC-32C of their lines, to know the file again
	Ahead    uint64 `json:"ahead"`     // values that may have been sent
	SumAhead uint32 `json:"sum_ahead"` // CRC-32C of the lines up to there
	Last     uint64 `json:"last"`      // index of the last one whose place is known
	Complete bool   `json:"complete"`  // all of the file is appended

	path string
	lock io.Closer
}

const journalFormat = 1

// LoadJournal takes and reads a journal; where there is none, it begins one for a
// cluster, with a nonce that is drawn at random, and makes it durable. The error is of
// the class [vfs.ErrLocked] while another process has it. The caller closes it.
func LoadJournal(path, cluster string) (*Journal, error) {
	lock, err := vfs.OS{}.Lock(path + ".lock")
	if errors.Is(err, vfs.ErrLocked) {
		return nil, fmt.Errorf("another import runs with this journal, %s: wait for its end: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the journal of the import: %w", err)
	}
	j, err := loadJournal(path, cluster)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	j.lock = lock
	return j, nil
}

// loadJournal is LoadJournal under the lock.
func loadJournal(path, cluster string) (*Journal, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newJournal(path, cluster)
	}
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path}
	switch err := json.Unmarshal(text, j); {
	case err != nil:
		return nil, fmt.Errorf("%s is not the journal of an import: %w", path, err)
	case j.Format != journalFormat:
		return nil, fmt.Errorf("%s is not the journal of an import that this program knows: format %d, want %d", path, j.Format, journalFormat)
	case j.Cluster != cluster:
		return nil, fmt.Errorf("%s is the journal of an import into cluster %s, and this is cluster %s: name another with --journal", path, j.Cluster, cluster)
	}
	_, err = j.nonce()
	return j, err
}

func newJournal(path, cluster string) (*Journal, error) {
	var nonce [16]byte
	rand.Read(nonce[:])
	j := &Journal{Format: journalFormat, Cluster: cluster, Nonce: hex.EncodeToString(nonce[:]), path: path}
	return j, j.Save()
}

// Close lets the journal go. It does not save it.
func (j *Journal) Close() error { return j.lock.Close() }

func (j *Journal) nonce() (nonce [16]byte, err error) {
	b, err := hex.DecodeString(j.Nonce)
	if err != nil || len(b) != len(nonce) {
		return nonce, fmt.Errorf("%s: the nonce is %q", j.path, j.Nonce)
	}
	return [16]byte(b), nil
}

// Save makes the journal durable as it is now, in one step.
func (j *Journal) Save() error {
	text, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	draft := j.path + ".new"
	if err := writeSynced(draft, append(text, '\n')); err != nil {
		return fmt.Errorf("keep the journal of the import: %w", err)
	}
	if err := os.Rename(draft, j.path); err != nil {
		return fmt.Errorf("keep the journal of the import: %w", err)
	}
	return vfs.OS{}.SyncDir(filepath.Dir(j.path))
}
