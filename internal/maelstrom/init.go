package maelstrom

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"

	"paxos/node"
	"paxos/protocol"
)

// initBody is what Maelstrom tells a node at the start.
type initBody struct {
	NodeID  string   `json:"node_id"`
	NodeIDs []string `json:"node_ids"`
}

// check says what is wrong with it.
func (b *initBody) check() error {
	sorted := slices.Sorted(slices.Values(b.NodeIDs))
	switch {
	case b.NodeID == "" || slices.Contains(b.NodeIDs, ""):
		return errors.New("a node's id is empty")
	case !slices.Contains(b.NodeIDs, b.NodeID):
		return fmt.Errorf("node_id %q is not among node_ids", b.NodeID)
	case len(slices.Compact(sorted)) < len(b.NodeIDs):
		return errors.New("node_ids has a node twice")
	case len(b.NodeIDs) > protocol.MaxAcceptors:
		return fmt.Errorf("%d nodes, at most %d can vote", len(b.NodeIDs), protocol.MaxAcceptors)
	}
	return nil
}

// init starts the engine. To be told the same again is harmless.
func (s *serving) init(m *message) error {
	var b initBody
	if err := errors.Join(json.Unmarshal(m.Body, &b), b.check()); err != nil {
		s.fail(m, failed(codeMalformed, "init: %v", err))
		return nil
	}
	if s.node != nil && (b.NodeID != s.self || !slices.Equal(b.NodeIDs, s.names)) {
		s.fail(m, failed(codeMalformed, "init: this is node %s already", s.self))
		return nil
	}
	if s.node == nil { // whoever answers requests reads what is set here, from now on
		s.self, s.names = b.NodeID, b.NodeIDs
		if err := s.start(); err != nil {
			s.fail(m, failed(codeCrash, "%v", err))
			return fmt.Errorf("start node %s: %w", s.self, err)
		}
	}
	s.reply(m, "init_ok", nil)
	return nil
}

// start starts the engine on this node's store. An empty folder is formatted: a
// node that comes back without its store is told by the others (rule 10).
func (s *serving) start() (err error) {
	self := slices.Index(s.names, s.self)
	if s.net, err = newNetwork(s.out, s.names, self); err != nil {
		return err
	}
	members, ids := s.members()
	quorum, err := protocol.NewQuorum(ids...)
	if err != nil {
		return err
	}
	dir, err := s.folder(ids[self])
	if err != nil {
		return err
	}
	s.rep = newReplica(rand.Text())
	s.node, err = node.StartServer(node.Options{
		Self: protocol.Peer{Role: protocol.RoleServer, ID: ids[self]}, Cluster: clusterOf(s.names),
		Quorum: quorum, Members: members, Transport: s.net, Log: s.Log.Named(s.self),
		DataDir: dir, Init: true, Entries: s.rep.entries,
		Timing: node.Timing{ElectionMin: s.ElectionTimeout, ElectionMax: 2 * s.ElectionTimeout},
	})
	return err
}

// members are the nodes as the engine knows them; their names serve as addresses.
func (s *serving) members() (members []node.Member, ids []protocol.NodeID) {
	for i, name := range s.names {
		id := protocol.NodeID(i + 1)
		members = append(members, node.Member{ID: id, Address: name, Voter: true})
		ids = append(ids, id)
	}
	return members, ids
}

// folder is where this node's store is: not named by the network, which could
// name any folder.
func (s *serving) folder(id protocol.NodeID) (dir string, err error) {
	dir = s.DataDir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "paxos-maelstrom-"); err != nil {
			return "", err
		}
		s.temp = dir
	}
	return filepath.Join(dir, fmt.Sprintf("node-%d", id)), nil
}

func (s *serving) removeTemp() error {
	if s.temp == "" {
		return nil
	}
	return os.RemoveAll(s.temp)
}

// clusterOf is the identity of the cluster of these nodes, in this order: a store
// of another one is refused.
func clusterOf(names []string) protocol.ClusterID {
	h := fnv.New64a()
	fmt.Fprintf(h, "paxos maelstrom %q", names)
	return protocol.ClusterID(h.Sum64() | 1) // never 0
}
