package storage

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"paxos/protocol"
	"paxos/vfs"
)

// FormatVersion is the version of everything in a store's folder.
const FormatVersion = 1

// Identity tells a store from all others (rule 10).
type Identity struct {
	Cluster protocol.ClusterID
	Role    protocol.Role
	ID      protocol.NodeID
	Store   protocol.StoreID // drawn when the store is formatted; 0 in Options.Want
	Version uint32           // of the format; 0 in Options.Want means FormatVersion
}

func (id Identity) String() string {
	return fmt.Sprintf("%s %s of cluster %s (store %s, format %d)", id.Role, id.ID, id.Cluster, id.Store, id.Version)
}

// identityText is the identity as it stands in the file "identity" and in the
// database: text, so that one can look.
const identityText = "paxos store\nformat %d\ncluster %x\nrole %s\nid %d\nstore %x\n"

// encode appends a checksum to the text.
func (id Identity) encode() []byte {
	text := fmt.Appendf(nil, identityText, id.Version, uint64(id.Cluster), id.Role, id.ID, uint64(id.Store))
	return fmt.Appendf(text, "crc32c %08x\n", crc32.Checksum(text, protocol.Castagnoli))
}

// decodeIdentity accepts what encode made and nothing else.
func decodeIdentity(data []byte) (Identity, error) {
	var id Identity
	var role string
	text, _, _ := strings.Cut(string(data), "crc32c ")
	_, err := fmt.Sscanf(text, identityText, &id.Version, (*uint64)(&id.Cluster), &role, (*uint32)(&id.ID), (*uint64)(&id.Store))
	if err != nil {
		return Identity{}, fmt.Errorf("not the text of an identity: %w", err)
	}
	for r := protocol.RoleClient; r.Valid(); r++ {
		if r.String() == role {
			id.Role = r
		}
	}
	if string(id.encode()) != string(data) || !id.Role.Valid() || !id.ID.Valid() || id.Store == 0 {
		return Identity{}, errors.New("not a whole identity, or its checksum is wrong")
	}
	return id, nil
}

// check says what is wrong if a store with identity id was found where want was
// expected.
func (id Identity) check(want Identity, dir string) error {
	want.Store = id.Store
	switch {
	case id == want:
		return nil
	case id.Version != want.Version:
		return fmt.Errorf("%w: %s has format %d, this program reads and writes format %d: use the program that made it",
			ErrForeign, dir, id.Version, want.Version)
	}
	return fmt.Errorf("%w: %s belongs to %s %s of cluster %s, but is opened as %s %s of cluster %s: name the right folder",
		ErrForeign, dir, id.Role, id.ID, id.Cluster, want.Role, want.ID, want.Cluster)
}

// ReadIdentity tells whose store a folder holds. The error is ErrNotFormatted if
// it holds none, of the class fs.ErrPermission if this user may not see it.
func ReadIdentity(dir string) (Identity, error) {
	id, err := readIdentityFile(Options{Dir: dir, FS: vfs.OS{}})
	return id, Denied(err, dir)
}
