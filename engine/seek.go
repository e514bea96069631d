package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"paxos/node"
	"paxos/protocol"
	"paxos/transport/stream"
)

// A node asks the others who belongs to the cluster when it joins, and when it was
// away for so long that those whom its list knows may all be gone. It asks over the
// same path as the peers' connections: GET /peer?members.

// membership is the answer.
type membership struct {
	Cluster protocol.ClusterID `json:"cluster"`
	Certain bool               `json:"certain"` // as of now, not only as far as that node knows
	Members []node.Member      `json:"members"`
	First   []node.Member      `json:"first"`
}

const (
	membersQuery = "members"
	// maxMembership bounds an answer, in bytes.
	maxMembership = 1 << 20
	// maxAnswering questions about the members are answered at a time.
	maxAnswering = 16
)

// seeker asks others who the members are.
type seeker struct {
	patience patience
	place    *place
	known    []string // whom to ask at least: the peers of the options
	client   *http.Client
}

func newSeeker(o Options, p *place) *seeker {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: dialer(o)}
	return &seeker{
		patience: usualPatience, place: p, known: o.Peers,
		client: &http.Client{Transport: transport, Timeout: usualPatience.answer},
	}
}

// dialer connects to another node, with TLS if that is wanted; so URLs say http.
func dialer(o Options) func(ctx context.Context, network, address string) (net.Conn, error) {
	if o.DialTLS == nil {
		return nil // as net/http does by itself
	}
	dial := stream.DialTLS(o.DialTLS)
	return func(ctx context.Context, _, address string) (net.Conn, error) { return dial(ctx, address) }
}

// awaitMembership asks until this node is a member, or for a while: who starts it
// and who adds it need not wait for each other.
func (s *seeker) awaitMembership(ctx context.Context) (m membership, err error) {
	has := func(x node.Member) bool { return x.Address == s.place.self }
	for end := time.Now().Add(s.patience.join); ; {
		if m, err = s.ask(ctx, nil); err == nil && !m.Certain {
			err = errors.New("none of them reaches a majority")
		}
		if err == nil && slices.ContainsFunc(m.Members, has) || time.Now().After(end) {
			return m, err
		}
		select {
		case <-time.After(s.patience.joinEvery):
		case <-ctx.Done():
			return m, context.Cause(ctx)
		}
	}
}

// ask asks all that are known, and returns the first answer that is certain. Where
// nobody can say for certain, it names all whom those that answer believe to be
// members: perhaps a majority is there only with this node.
func (s *seeker) ask(ctx context.Context, known []node.Member) (believed membership, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	others := s.others(known)
	if len(others) == 0 {
		return believed, errors.New("no other node is known")
	}
	type answer struct {
		membership
		err error
	}
	answers := make(chan answer, len(others))
	for _, address := range others {
		go func() {
			m, err := s.askOne(ctx, address)
			answers <- answer{m, err}
		}()
	}
	var failures []error
	for range others {
		a := <-answers
		switch {
		case a.err != nil:
			failures = append(failures, a.err)
		case a.Certain:
			return a.membership, nil
		default:
			believed.add(a.membership)
		}
	}
	if len(failures) == len(others) {
		return believed, errors.Join(failures...)
	}
	return believed, nil
}

// add joins what two nodes believe.
func (m *membership) add(other membership) {
	m.Cluster, m.First = other.Cluster, other.First
	for _, x := range other.Members {
		if !slices.Contains(ids(m.Members), x.ID) {
			m.Members = append(m.Members, x)
		}
	}
}

// others are the addresses of the options and of known members, but for this node's.
func (s *seeker) others(known []node.Member) []string {
	addresses := slices.Clone(s.known)
	for _, m := range known {
		addresses = append(addresses, m.Address)
	}
	slices.SortFunc(addresses, cmp.Compare)
	return slices.DeleteFunc(slices.Compact(addresses), func(a string) bool { return a == "" || a == s.place.self })
}

func (s *seeker) askOne(ctx context.Context, address string) (m membership, err error) {
	u := url.URL{Scheme: "http", Host: address, Path: PeerPath, RawQuery: membersQuery}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return m, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return m, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxMembership))
	switch {
	case err != nil:
		return m, fmt.Errorf("%s: %w", address, err)
	case response.StatusCode != http.StatusOK:
		return m, fmt.Errorf("%s: %s: %.200s", address, response.Status, body)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("%s: not a list of members: %w", address, err)
	}
	return m, nil
}

// seek helps a node that was away while the members changed: those that its list
// knows may all be gone. It ends with ctx.
func (e *Engine) seek(ctx context.Context) {
	tick := time.NewTicker(e.seeker.patience.seekEvery)
	defer tick.Stop()
	for seeded := len(e.place.seeds) > 0; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		stale := e.node.Stale()
		switch {
		case e.node.Status().Removed:
			return
		case stale >= 0 && stale < e.seeker.patience.seekAfter:
			if seeded {
				e.seed(nil)
				seeded = false
			}
		default:
			if members := e.seekOnce(ctx); len(members) > 0 {
				e.seed(members)
				seeded = true
			}
		}
	}
}

// seekOnce returns the members of the cluster, as well as they are known. A node
// that was removed is told so.
func (e *Engine) seekOnce(ctx context.Context) []node.Member {
	m, err := e.seeker.ask(ctx, e.node.Status().Members)
	if err != nil || m.Cluster != e.place.cluster {
		return nil
	}
	if m.Certain && !slices.Contains(ids(m.Members), e.place.id) {
		e.node.Dismiss()
	}
	return m.Members
}

func (e *Engine) seed(members []node.Member) {
	e.place.setSeeds(members)
	e.node.Seed(ids(members))
}

// answerMembers answers GET /peer?members.
func (e *Engine) answerMembers(w http.ResponseWriter, r *http.Request) {
	if err := e.options.authorize(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	select {
	case e.answering <- struct{}{}:
		defer func() { <-e.answering }()
	default:
		http.Error(w, "too many ask at once", http.StatusServiceUnavailable)
		return
	}
	// Half of the time that they wait, so that what is only believed arrives, too.
	ctx, cancel := context.WithTimeout(r.Context(), e.seeker.patience.answer/2)
	defer cancel()
	certain := e.node.Barrier(ctx) == nil
	st := e.node.Status()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(membership{Cluster: st.Cluster, Certain: certain, Members: st.Members, First: st.First})
}
