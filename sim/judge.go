package sim

import (
	"fmt"
	"hash/maphash"

	"paxos/protocol"
	"paxos/storage"
)

// judge checks, at every step, that what was promised holds. It believes no
// process: it counts votes itself, from what acceptors tell, applies what was
// decided to a list of its own, and knows from the clients alone what they wanted
// and what they were told. Each check is in a file of its own, judge*.go; its
// name is what Failure.Check says.
//
// All that it keeps grows with the run, which is short, and what is asked at
// every step is found by its index.
type judge struct {
	w        *world
	log      decisions
	ballots  ballots
	members  electorate
	book     book
	history  history
	suspects [][]*suspect // by the number of the host, and that of its store
}

// The checks.
const (
	checkAgreement  = "agreement"       // one value an instance, chosen by a majority of genuine votes
	checkValidity   = "validity"        // only what was submitted, only what was proposed
	checkOrder      = "order"           // instances are applied in order, each once a life
	checkOnce       = "exactly-once"    // no command twice
	checkFIFO       = "fifo"            // a session's commands in its order, without a gap
	checkPromise    = "promise"         // a promise never goes down, not even in a crash
	checkDurability = "durability"      // nothing is told, or forgotten, before it is durable
	checkBallot     = "ballot"          // a ballot is used once, and gives an instance one value
	checkQuorum     = "quorum"          // who proposes has a majority's promises, in full
	checkTrim       = "trim"            // forgotten is only what a durable checkpoint has
	checkMarks      = "marks"           // what is told to be decided is decided
	checkMembers    = "members"         // rule 13
	checkLinear     = "linearizability" // of the clients' histories
	checkReplicas   = "replicas"        // all lists are the same
	checkBounds     = "bounds"          // of memory
	checkStopped    = "stopped"         // a process ends by itself only for a reason
	checkLiveness   = "liveness"        // when all is healed, all is learned
	checkImages     = "images"          // images are whole, true, and replaced by newer ones only
)

func newJudge(w *world) *judge {
	j := &judge{w: w, book: newBook(), history: newHistory()}
	j.ballots.known = map[protocol.Ballot]*ballotUse{}
	for id := 1; id <= w.plan.acceptors; id++ {
		j.members.voters = append(j.members.voters, protocol.NodeID(id))
	}
	j.members.begin(j.members.voters)
	return j
}

// suspect is a process with its store, as the judge knows it, across all lives.
// A machine whose disk was wiped is another suspect.
type suspect struct {
	host  *host
	store int // which of the host's this is, from 0
	life  int

	applied    protocol.Instance // in this life
	checkpoint protocol.Instance // durable
	promised   protocol.Ballot   // the highest that is durable: votes are promises, too
	told       protocol.Ballot   // the highest that was told
	round      uint64            // the highest that is durable
	images     storage.Images    // that are durable
	incarnated uint64            // of this life, 0 while it has used no ballot
	turns      int
}

// of is the suspect behind a host: another one if its disk is another one, and the
// same again when the old disk is put back.
func (j *judge) of(h *host) *suspect {
	for len(j.suspects) <= h.number {
		j.suspects = append(j.suspects, nil)
	}
	stores := j.suspects[h.number]
	for len(stores) <= h.store {
		stores = append(stores, &suspect{host: h, store: len(stores)})
		j.suspects[h.number] = stores
	}
	return stores[h.store]
}

func (s *suspect) String() string {
	name := fmt.Sprintf("%v-%v", s.host.peer.Role, s.host.peer.ID)
	if s.store > 0 {
		name += fmt.Sprintf(" on its store %d", s.store+1)
	}
	return name
}

// fail ends the run.
func (j *judge) fail(check, format string, args ...any) { j.w.fail(check, format, args...) }

// sent is told of every message that leaves a process, also of what it tells only
// itself.
func (j *judge) sent(h *host, send protocol.Send) {
	s := j.of(h)
	switch m := send.Msg.(type) {
	case *protocol.Prepare:
		j.prepares(s, m)
	case *protocol.Promise:
		j.promises(s, m)
	case *protocol.Accept:
		j.proposes(s, m)
	case *protocol.Accepted:
		j.votes(s, m)
	case *protocol.Heartbeat:
		j.beats(s, m)
	case *protocol.HeartbeatAck:
		j.follows(s, m)
	case *protocol.Decided:
		j.tells(s, m)
	case *protocol.Trimmed:
		j.forgot(s, m)
	case *protocol.Opened:
		j.opened(s, m)
	case *protocol.Acks:
		j.acks(s, m)
	}
}

// durable is told of records that have reached the disk.
func (j *judge) durable(h *host, records []protocol.Record) {
	s := j.of(h)
	for _, rec := range records {
		j.recorded(s, rec)
	}
}

// restored is told what a process found when it started.
func (j *judge) restored(h *host, r storage.Restored) {
	s := j.of(h)
	j.remembers(s, r)
	s.life, s.incarnated = h.life, 0
	s.applied, s.checkpoint, s.promised, s.round = r.Applied, r.Applied, r.Promised, r.Round
}

// hashSeed makes hashes that are compared and never shown.
var hashSeed = maphash.MakeSeed()

func hashOf(b []byte) uint64 { return maphash.Bytes(hashSeed, b) }
