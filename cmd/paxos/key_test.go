package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/internal/cluster"
	"paxos/internal/config"
	"paxos/protocol"
	"paxos/transport"
	"paxos/transport/memory"
	"paxos/transport/multicast"
	"paxos/transport/sealed"
)

const (
	testKey       = "a key for tests, of all processes but one"
	otherKey      = "a key for tests, of that one"
	attackersKey  = "a key for tests, of the attacker"
	patienceInAll = 8 * time.Minute // for a test that takes seconds where the machine has nothing else to do
)

// prepared is a cluster of which nothing runs yet, with lines added to its config.
func prepared(t *testing.T, lines string) running {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patienceInAll)
	t.Cleanup(cancel)
	c, err := cluster.New(cluster.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	text, err := os.ReadFile(c.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, c.ConfigPath(), string(text)+lines)
	for name, key := range map[string]string{"paxos.key": testKey, "other.key": otherKey} {
		if err := os.WriteFile(filepath.Join(c.Dir(), name), []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return running{c, t, ctx}
}

// attacker is a process on the same network that has everything but the key. It
// hears all that is said, and says it again, and things of its own.
type attacker struct {
	t       *testing.T
	tr      transport.Transport
	foreign transport.Transport // the same sockets, with another key
	cluster protocol.ClusterID
	leader  protocol.Sender // a proposer that was heard
	out     []transport.Datagram
	said    int
}

// attack starts an attacker that goes on until the test ends.
func (r running) attack() {
	r.t.Helper()
	conf, err := config.Load(r.ConfigPath())
	if err != nil {
		r.t.Fatal(err)
	}
	tr, err := multicast.Open(multicast.Options{Groups: conf.Groups, Interface: "lo", Join: []protocol.Group{
		protocol.GroupClients, protocol.GroupProposers, protocol.GroupAcceptors, protocol.GroupLearners,
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	a := &attacker{t: r.t, tr: tr, cluster: conf.ClusterID("")}
	if a.foreign, err = sealed.Wrap(tr, sealed.Options{Secret: sealed.Secret(attackersKey), Cluster: a.cluster}); err != nil {
		r.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); a.run() }()
	r.t.Cleanup(func() { tr.Close(); <-done })
}

// mostSaid bounds what an attacker says, so that it is no mere flood.
const mostSaid = 100_000

func (a *attacker) run() {
	for a.said < mostSaid {
		heard, err := a.tr.Receive(nil)
		if err != nil {
			return // closed
		}
		for _, d := range heard {
			a.repeat(d)
			a.forge(d)
		}
		a.said += len(a.out)
		a.tr.Send(a.out)
		a.foreign.Send(a.out)
		a.out = a.out[:0]
	}
}

// repeat says a datagram again, to its own group and to all others.
func (a *attacker) repeat(d transport.Datagram) {
	for g := range protocol.Group(protocol.Groups) {
		a.out = append(a.out, transport.Datagram{Group: g, Data: d.Data})
	}
}

// forge tells every acceptor, in the name of a proposer, that it is a stranger (which
// ends it) and that a far higher ballot leads: as it is, and with a trailer that was
// heard behind something else.
func (a *attacker) forge(d transport.Datagram) {
	from, _, err := protocol.Peek(a.cluster, d.Data)
	if err != nil {
		return
	}
	if from.Role == protocol.RoleProposer {
		a.leader = from
	}
	if from.Role != protocol.RoleAcceptor || a.leader.ID == 0 {
		return
	}
	high := protocol.Ballot{Round: 1 << 40, Proposer: a.leader.ID, Incarnation: 1}
	for _, m := range []protocol.Message{
		&protocol.Stranger{Acceptor: from.ID, Store: from.Store, Pinned: 1},
		&protocol.Prepare{Ballot: high},
		&protocol.Heartbeat{Ballot: high, Decided: 1 << 40, Round: 1},
	} {
		plain := protocol.AppendMessage(nil, a.cluster, a.leader, m)
		spliced := append(bytes.Clone(plain), d.Data[len(d.Data)-sealed.Trailer:]...)
		for _, data := range [][]byte{plain, spliced} {
			a.out = append(a.out, transport.Datagram{Group: protocol.GroupAcceptors, Data: data})
		}
	}
}

func TestAgainstAKeyStrangersAndReplaysDoNoHarmAndTheWrongKeyIsNamed(t *testing.T) {
	r := prepared(t, "key_file paxos.key\n")
	r.start(protocol.RoleAcceptor, 1)
	r.start(protocol.RoleAcceptor, 2)
	wrong, err := r.Start(protocol.RoleAcceptor, 3, "--key-file", filepath.Join(r.Dir(), "other.key"))
	if err != nil {
		t.Fatal(err)
	}
	ok(t, r.WaitStarted(r.ctx)) // an attacker says only so much, and nothing before a proposer is heard
	r.attack()
	r.start(protocol.RoleProposer, 1)
	r.start(protocol.RoleLearner, 1)
	if _, err := r.WaitLeader(r.ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := r.client(numbers(1, 1000)); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if got := r.printed(1, 1000); got != numbers(1, 1000) {
		t.Errorf("the learner printed %d lines, not the 1000 that were sent", strings.Count(got, "\n"))
	}
	err = r.Wait(r.ctx, "the word of the acceptor with another key", func() (bool, error) {
		log, err := os.ReadFile(wrong.Log())
		return bytes.Contains(log, []byte("hears only datagrams that it cannot authenticate")), err
	})
	if err != nil {
		t.Error(err)
	}
	if err := r.Stop(); err != nil {
		t.Error(err)
	}
	for id := 1; id <= 2; id++ {
		if got := r.refused(protocol.RoleAcceptor, id); got.Unauthentic == 0 || got.Replayed == 0 {
			t.Errorf("acceptor %d has refused %+v: was there an attack?", id, got)
		}
	}
}

// refused is what a role says at its end that it has refused.
func (r running) refused(role protocol.Role, id int) (counts struct{ Unauthentic, Replayed uint64 }) {
	r.t.Helper()
	log, err := os.ReadFile(r.LogPath(role, id))
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range bytes.Lines(log) {
		if bytes.Contains(line, []byte(`"@message":"stopped"`)) {
			if err := json.Unmarshal(line, &counts); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	return counts
}

// The test above shows something only if the same attack succeeds without a key.
func TestWithoutAKeyTheSameStrangerEndsAnAcceptor(t *testing.T) {
	r := prepared(t, "")
	r.attack()
	acceptor := r.start(protocol.RoleAcceptor, 1)
	acceptor.Excuse()
	r.start(protocol.RoleAcceptor, 2).Excuse()
	r.start(protocol.RoleProposer, 1).Excuse()
	select {
	case <-acceptor.Done():
		if code := acceptor.ExitCode(); code != exitRefused {
			t.Errorf("it ended with exit code %d, want %d: %s", code, exitRefused, acceptor.LastWords())
		}
	case <-r.ctx.Done():
		t.Error("the attacker does no harm, with or without a key")
	}
}

// keyWarnings is what is logged about the key on an interface with these settings.
func keyWarnings(t *testing.T, s settings, loopback bool) string {
	t.Helper()
	var log bytes.Buffer
	s.log = hclog.New(&hclog.LoggerOptions{Output: &log})
	tr, err := s.seal(memory.NewNetwork(1).Join(), "eth7", loopback)
	if err != nil {
		t.Fatal(err)
	}
	if _, isSealed := tr.(*sealed.Transport); isSealed != (s.secret != nil) {
		t.Errorf("with the key %q the transport is a %T", s.secret, tr)
	}
	return log.String()
}

func TestWithoutAKeyThereIsALoudWarningUnlessOnLoopback(t *testing.T) {
	keyed := settings{secret: sealed.Secret(testKey)}
	for _, quiet := range []string{keyWarnings(t, settings{}, true), keyWarnings(t, keyed, true), keyWarnings(t, keyed, false)} {
		if quiet != "" {
			t.Errorf("it says %q", quiet)
		}
	}
	got := keyWarnings(t, settings{}, false)
	for _, want := range []string{"[WARN]", "NOT AUTHENTICATED", "--key-file", "eth7"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("it says %q, want %q once", got, want)
		}
	}
}

func TestAToleranceThatCannotWorkIsRefused(t *testing.T) {
	s := settings{secret: sealed.Secret(testKey), config: config.Config{ClockTolerance: -1}}
	if _, err := s.seal(memory.NewNetwork(1).Join(), "lo", true); err == nil || exitCode(err) != exitUsage {
		t.Errorf("%v", err)
	}
}

func TestTheKeyComesFromFlagEnvironmentOrConfig(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	writeFile(t, at("c.conf"), testConfig+"key_file by-config.key\n")
	for _, name := range []string{"by-config", "by-env", "by-flag"} {
		writeFile(t, at(name+".key"), name+" and sixteen bytes")
	}
	key := func(args ...string) string {
		text, _, _ := strings.Cut(string(resolved(t, protocol.RoleClient, append(args, "--log-level", "off")...).secret), " ")
		return text
	}
	conf := []string{"--config", at("c.conf")}
	if got := key(); got != "" {
		t.Errorf("by default the key is %q", got)
	}
	if got := key(conf...); got != "by-config" {
		t.Errorf("with the config the key is %q", got)
	}
	t.Setenv(envKeyFile, at("by-env.key"))
	if got := key(conf...); got != "by-env" {
		t.Errorf("with the environment the key is %q", got)
	}
	if got := key(append(conf, "--key-file", at("by-flag.key"))...); got != "by-flag" {
		t.Errorf("with the flag the key is %q", got)
	}
	if got := key(append(conf, "--key-file", "")...); got != "" {
		t.Errorf("with an empty flag the key is %q, want none", got)
	}
}

func TestAKeyThatCannotBeUsedIsWrongUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "short.key", "short")
	for file, want := range map[string]string{"short.key": "at least 16", "missing.key": "missing.key"} {
		code, _, stderr := call(t, "", "client", "--id", "1", "--interface", "lo", "--key-file", file)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, stderr %q; want 2 and %q", file, code, stderr, want)
		}
	}
}

func TestAKeyFileThatOthersMayReadIsWarnedOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "the.key")
	writeFile(t, path, testKey)
	for mode, want := range map[os.FileMode]int{0o600: 0, 0o644: 1} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		if _, err := readSecret(path, hclog.New(&hclog.LoggerOptions{Output: &log})); err != nil || strings.Count(log.String(), "chmod 600") != want {
			t.Errorf("mode %o: %v, it says %q", mode, err, &log)
		}
	}
}

func TestKeygenPrintsAKeyThatIsAnotherEachTime(t *testing.T) {
	_, first, _ := call(t, "", "keygen")
	code, second, _ := call(t, "", "keygen")
	if code != exitOK || first == second || !regexp.MustCompile(`^[0-9a-f]{64}\n$`).MatchString(first) {
		t.Errorf("exit code %d, %q, then %q", code, first, second)
	}
}
