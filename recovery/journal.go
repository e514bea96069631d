package recovery

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"paxos/vfs"
)

// Journal is what an import keeps in a file of its own, so that it can be started
// again and appends no value twice. The session does the work: the list applies
// number n of it only after n-1, once. So the journal must have the nonce before
// the session is opened, and the session before the first value is sent; how many
// values are done may be older than the truth, for those that are sent again keep
// their places.
type Journal struct {
	Format   int    `json:"format"`   // 1
	Cluster  string `json:"cluster"`  // that the values go to
	Nonce    string `json:"nonce"`    // of the session, in hex
	Session  uint64 `json:"session"`  // 0: it may not be open yet
	Done     uint64 `json:"done"`     // values that are appended
	Sum      uint32 `json:"sum"`      // CRC-32C of their lines, to know the file again
	Last     uint64 `json:"last"`     // index of the last one whose place is known
	Complete bool   `json:"complete"` // all of the file is appended

	path string
}

const journalFormat = 1

// LoadJournal reads a journal; where there is none, it begins one for a cluster,
// with a nonce that is drawn at random, and makes it durable.
func LoadJournal(path, cluster string) (*Journal, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var nonce [16]byte
		rand.Read(nonce[:])
		j := &Journal{Format: journalFormat, Cluster: cluster, Nonce: hex.EncodeToString(nonce[:]), path: path}
		return j, j.Save()
	}
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path}
	switch err := json.Unmarshal(text, j); {
	case err != nil || j.Format != journalFormat:
		return nil, fmt.Errorf("%s is not the journal of an import that this program knows: %w", path, err)
	case j.Cluster != cluster:
		return nil, fmt.Errorf("%s is the journal of an import into cluster %s, and this is cluster %s: name another with --journal", path, j.Cluster, cluster)
	}
	_, err = j.nonce()
	return j, err
}

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
