package recovery

import (
	"fmt"

	"paxos/protocol"
	"paxos/storage"
)

// mustFit refuses a list for a role that cannot go on with it. The entries of a server's list
// are values, in JSON or what a program makes of them; those of the multicast roles are lines as
// clients sent them, and a proposer keeps none, only the sessions.
func mustFit(s Source, want protocol.Role) error {
	from := s.Role()
	switch {
	case from == protocol.RoleServer && want != protocol.RoleServer:
		return fmt.Errorf("%w: %s; it is the list of servers, not of a role of the multicast cluster", storage.ErrForeign, s.About())
	case from != protocol.RoleServer && want == protocol.RoleServer:
		return fmt.Errorf("%w: %s; it is the list of a role of the multicast cluster: its entries are lines as clients sent them, not values of a list server. "+
			"Give them to paxos client in a new multicast cluster (paxos export of the role's folder writes them), or make such a role's store of it (paxos repair rebuild)", storage.ErrForeign, s.About())
	case from == protocol.RoleProposer && want != protocol.RoleProposer:
		return fmt.Errorf("%w: %s; a proposer keeps the sessions only: take the list of an acceptor or a learner", storage.ErrForeign, s.About())
	}
	return nil
}
