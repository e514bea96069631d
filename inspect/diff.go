package inspect

import (
	"bytes"
	"fmt"
	"iter"

	"paxos/protocol"
)

// Difference is what Diff found out about several folders.
type Difference struct {
	Nodes  []NodeState `json:"nodes"`
	Result Result      `json:"result"`
	Lists  *ListDiff   `json:"lists,omitempty"` // the first difference of two lists
	Votes  []VoteDiff  `json:"votes,omitempty"` // ballots with two values for an instance
	Heads  []string    `json:"heads,omitempty"` // nodes at one instance whose lists' heads differ
	// Foreign are folders of another cluster.
	Foreign []string `json:"foreign,omitempty"`
	// Copies are folders that hold the same acceptor's store: it counts once (rule 4).
	Copies []string `json:"copies,omitempty"`
	// Voters are who votes, as the furthest of the lists has it; none: no list says it.
	Voters []protocol.NodeID `json:"voters"`
	// Open are instances above everybody's checkpoint for which somebody voted, and
	// Decided those of them for which a majority of the voters has the same ballot.
	Open    int `json:"open"`
	Decided int `json:"decided"`
}

// Result is what a comparison came to.
type Result string

// The lists are equal as far as both go, and no ballot has two values; or that holds for
// what can be read; or something contradicts.
const (
	Agree      Result = "agree"
	AgreeSoFar Result = "agree as far as can be read"
	DoNotAgree Result = "do not agree"
)

// NodeState is how far a node is. What could not be read is nil.
type NodeState struct {
	Dir     string             `json:"dir"`
	Name    string             `json:"name"` // role and id
	How     string             `json:"read"`
	Applied *protocol.Instance `json:"applied"`
	Length  *uint64            `json:"length"`
	Behind  *uint64            `json:"behind"` // how many instances less than the furthest
	Votes   int                `json:"votes"`
	Ballot  Ballot             `json:"promised"`
	Damaged []Finding          `json:"damaged,omitempty"` // met by the comparison; at most 100
}

// ListDiff is the first index at which two lists differ.
type ListDiff struct {
	Index uint64 `json:"index"`
	A     string `json:"a"` // the folder, and what it has there
	AHas  []byte `json:"a_has"`
	B     string `json:"b"`
	BHas  []byte `json:"b_has"`
}

// VoteDiff is a ballot that has two values for an instance, which breaks rule 3.
type VoteDiff struct {
	Instance protocol.Instance `json:"instance"`
	Ballot   Ballot            `json:"ballot"`
	A        string            `json:"a"`
	B        string            `json:"b"`
}

// Diff compares what the nodes of a cluster have, each with the first: their lists as
// far as both go, their votes, and the heads of those that are at the same instance. The
// error is that of a list that cannot be read on, or a folder's Err.
func Diff(folders []*Folder) (Difference, error) {
	var d Difference
	var furthest protocol.Instance
	for _, f := range folders {
		d.Nodes = append(d.Nodes, f.nodeState())
		furthest = max(furthest, f.State().Saved.Applied)
		if f.lost != nil {
			return d, f.lost
		}
	}
	for i, n := range d.Nodes {
		if n.Applied != nil {
			d.Nodes[i].Behind = new(uint64(furthest - *n.Applied))
		}
	}
	d.foreign(folders)
	d.heads(folders)
	d.votes(folders, furthest)
	err := d.lists(folders)
	d.conclude(folders)
	return d, err
}

// conclude says what it came to. What is damaged was left out of the comparison.
func (d *Difference) conclude(folders []*Folder) {
	d.Result = Agree
	for i, f := range folders {
		if d.Nodes[i].Damaged = f.damage; len(f.damage) > 0 {
			d.Result = AgreeSoFar
		}
	}
	if d.Lists != nil || len(d.Votes) > 0 || len(d.Heads) > 0 || len(d.Foreign) > 0 {
		d.Result = DoNotAgree
	}
}

func (f *Folder) nodeState() NodeState {
	s := f.State()
	n := NodeState{
		Dir: f.dir, Name: fmt.Sprintf("%s %s", f.identity.Role, f.identity.ID), How: f.How(),
		Votes: len(s.Restored.Votes), Ballot: Ballot{s.Restored.Promised},
	}
	if s.HasSaved {
		n.Applied = &s.Saved.Applied
	}
	if s.List != nil {
		n.Length = new(s.List.Length())
	}
	return n
}

func (d *Difference) foreign(folders []*Folder) {
	for _, f := range folders {
		if f.identity.Cluster != folders[0].identity.Cluster {
			d.Foreign = append(d.Foreign, fmt.Sprintf("%s belongs to cluster %s, %s to %s",
				f.dir, f.identity.Cluster, folders[0].dir, folders[0].identity.Cluster))
		}
	}
}

// heads compares those that are at the same instance: their states must be equal, byte
// for byte.
func (d *Difference) heads(folders []*Folder) {
	first := map[protocol.Instance]*Folder{}
	for _, f := range folders {
		s := f.State()
		if s.List == nil || s.SessionsOnly {
			continue
		}
		other, found := first[s.Saved.Applied]
		if !found {
			first[s.Saved.Applied] = f
		} else if !bytes.Equal(other.State().Restored.Head, s.Restored.Head) {
			d.Heads = append(d.Heads, fmt.Sprintf("%s and %s are both at instance %s, but their lists' heads differ", other.dir, f.dir, s.Saved.Applied))
		}
	}
}

// lists compares each list with the first one that has entries.
func (d *Difference) lists(folders []*Folder) error {
	var first *Folder
	for _, f := range folders {
		s := f.State()
		switch {
		case s.List == nil || s.SessionsOnly:
		case first == nil:
			first = f
		case d.Lists == nil:
			diff, err := compareLists(first, f)
			if err != nil {
				return err
			}
			d.Lists = diff
		}
	}
	return nil
}

// compareLists returns the first difference of two lists as far as both go: whole
// chunks are compared by their content's checksum, the rest entry by entry.
func compareLists(a, b *Folder) (*ListDiff, error) {
	from := equalChunks(a, b) * protocol.ChunkEntries
	until := min(a.State().List.Length(), b.State().List.Length())
	nextA, stopA := iter.Pull2(a.entries(from))
	defer stopA()
	nextB, stopB := iter.Pull2(b.entries(from))
	defer stopB()
	for {
		i, x, okA := nextA()
		j, y, okB := nextB()
		for okA && okB && i != j { // one of them has a chunk that cannot be read
			if i < j {
				i, x, okA = nextA()
			} else {
				j, y, okB = nextB()
			}
		}
		if !okA || !okB || i >= until {
			return nil, nil
		}
		if !bytes.Equal(x, y) {
			return &ListDiff{i, a.dir, bytes.Clone(x), b.dir, bytes.Clone(y)}, nil
		}
	}
}

func (f *Folder) entries(from uint64) iter.Seq2[uint64, []byte] {
	return func(yield func(uint64, []byte) bool) {
		_ = f.Entries(from, func(i uint64, payload []byte) error {
			if !yield(i, payload) {
				return errEnough
			}
			return nil
		})
	}
}

// equalChunks is how many chunks from the first on have equal content.
func equalChunks(a, b *Folder) (n uint64) {
	next, stop := iter.Pull(b.chunks())
	defer stop()
	for x := range a.chunks() {
		y, ok := next()
		if !ok || x.Number != n || y.Number != n || x.info.Sum != y.info.Sum || x.RawBytes != y.RawBytes || x.Ahead || y.Ahead {
			break
		}
		n++
	}
	return n
}

func (f *Folder) chunks() iter.Seq[*Chunk] {
	return func(yield func(*Chunk) bool) {
		_ = f.Chunks(0, func(c *Chunk) error {
			if !yield(c) {
				return errEnough
			}
			return nil
		})
	}
}
