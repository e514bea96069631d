package inspect

import (
	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/vfs"
	"paxos/wal"
)

// Store is what a store is, in few words.
type Store struct {
	Dir     string          `json:"dir"`
	How     string          `json:"read"` // stopped, or running
	Role    string          `json:"role"`
	ID      protocol.NodeID `json:"id"`
	Cluster string          `json:"cluster"`
	Store   string          `json:"store"`
	Format  uint32          `json:"format"`
	// Whole says that all of it could be read. Else promised, round, votes and pins are those
	// that were found: the node knew of these at least.
	Whole    bool                `json:"whole"`
	Damaged  []Finding           `json:"damaged,omitempty"` // at most 100
	Promised Ballot              `json:"promised"`
	Round    uint64              `json:"round"`
	Applied  *protocol.Instance  `json:"applied"` // by the checkpoint: also the trim point; nil: unknown
	Votes    []protocol.Instance `json:"votes"`   // above it
	Pins     []Pin               `json:"pins"`
	List     *ListSummary        `json:"list,omitempty"`
	Image    *ImageSummary       `json:"image,omitempty"` // the newest one, of a program's own state machine
	Log      LogSummary          `json:"log"`
	Database DatabaseSummary     `json:"database"`
}

// ListSummary is the list of a checkpoint.
type ListSummary struct {
	Length       uint64   `json:"length"`
	Chunks       uint64   `json:"chunks"`
	Tail         uint64   `json:"tail"` // entries behind the last chunk
	Sessions     int      `json:"sessions"`
	SessionsOnly bool     `json:"sessions_only,omitempty"`
	Epoch        uint64   `json:"epoch"` // how many changes of members there were
	Members      []Member `json:"members"`
}

// Member is one who takes part.
type Member struct {
	ID      protocol.NodeID `json:"id"`
	Address string          `json:"address"`
	Voter   bool            `json:"voter"`
}

// LogSummary is the log: its files, and what would be replayed.
type LogSummary struct {
	Segments int    `json:"segments"`
	Spares   int    `json:"spares"`
	Bytes    int64  `json:"bytes"`
	Covers   string `json:"covers"` // segment:offset at which replay begins
	End      string `json:"end"`
	Batches  uint64 `json:"batches"` // behind Covers
	Records  uint64 `json:"records"`
	InUse    bool   `json:"in_use"` // by a running process
	Clean    bool   `json:"clean"`
	Torn     bool   `json:"torn"`
}

// DatabaseSummary is the database's file.
type DatabaseSummary struct {
	DiskBytes   int64  `json:"disk_bytes"` // the holes do not count
	Pages       uint64 `json:"pages"`      // in use or free
	Transaction uint64 `json:"transaction"`
}

// Store sums a store up.
func (f *Folder) Store() Store {
	state := f.State()
	r := state.Restored
	s := Store{
		Dir: f.dir, How: f.How(), Role: f.identity.Role.String(), ID: f.identity.ID, Cluster: f.identity.Cluster.String(),
		Store: f.identity.Store.String(), Format: f.identity.Version,
		Whole: len(f.damage) == 0, Damaged: f.damage, Promised: Ballot{r.Promised}, Round: r.Round, Pins: Pins(r.Pins),
		Log: f.logSummary(state), Database: f.databaseSummary(),
	}
	for _, v := range r.Votes {
		s.Votes = append(s.Votes, v.Instance)
	}
	if state.HasSaved {
		s.Applied = &state.Saved.Applied
	}
	s.List, s.Image = listSummary(state), imageSummary(state.Images.Newest)
	return s
}

func (f *Folder) logSummary(s *State) LogSummary {
	log := s.Restored.Log
	sum := LogSummary{
		Covers: s.Saved.Covers.String(), End: log.End.String(), Batches: log.Batches, Records: log.Records,
		InUse: f.inUse(), Clean: log.Clean, Torn: log.Torn,
	}
	files, _ := wal.Files(vfs.OS{}, f.logDir()) // that it is missing was reported
	for _, file := range files {
		if sum.Bytes += file.Bytes; file.Spare {
			sum.Spares++
		} else {
			sum.Segments++
		}
	}
	return sum
}

func (f *Folder) databaseSummary() DatabaseSummary {
	var sum DatabaseSummary
	if !f.hasMeta {
		return sum
	}
	var stat unix.Stat_t
	if err := unix.Fstat(int(f.db.Fd()), &stat); err == nil {
		sum.DiskBytes = stat.Blocks * 512
	}
	sum.Pages, sum.Transaction = f.meta.Pages, f.meta.Transaction
	return sum
}

func listSummary(s *State) *ListSummary {
	if s.List == nil {
		return nil
	}
	sum := &ListSummary{
		Length: s.List.Length(), Chunks: s.Saved.ChunkCount, Tail: s.List.Length() % protocol.ChunkEntries,
		Sessions: s.List.Sessions(), SessionsOnly: s.SessionsOnly,
	}
	if s.SessionsOnly {
		sum.Tail = 0
	}
	members := s.List.Members()
	sum.Epoch = members.Epoch
	for _, m := range members.All() {
		sum.Members = append(sum.Members, Member{m.ID, m.Address, protocol.HasMember(members.Voters, m.ID)})
	}
	return sum
}
