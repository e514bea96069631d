package linearizable

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/internal/servers"
)

// How long the scenarios last, and what else is asked for:
//
//	PAXOS_TORTURE=60s               each scenario's faults go on for so long, not for a few seconds
//	PAXOS_TORTURE_BUILD="-race"     flags for building the servers' program
//	PAXOS_TORTURE_SEED=7            faults and clients are drawn from it, not from 1
const (
	envDuration = "PAXOS_TORTURE"
	envBuild    = "PAXOS_TORTURE_BUILD"
	envSeed     = "PAXOS_TORTURE_SEED"
)

var buildDir string

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "paxos-linearizable-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// binary is the real program; the first that asks builds it.
var binary = sync.OnceValues(func() (string, error) {
	file := filepath.Join(buildDir, "paxos")
	args := append([]string{"build", "-o", file}, strings.Fields(os.Getenv(envBuild))...)
	if out, err := exec.Command("go", append(args, "../../cmd/paxos")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return file, lookAtSources()
})

// lookAtSources makes go test run these tests again, instead of answering from
// its cache, when any source changes: it notes which files a test looks at.
func lookAtSources() error {
	return filepath.WalkDir("../..", func(path string, entry os.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	})
}

// stage is a cluster of real servers, and the history of those who use it.
type stage struct {
	t       *testing.T
	cluster *servers.Cluster
	network *servers.Network // nil: the servers are on this host's loopback interface
	history *History
	seed    uint64

	healings []time.Duration // how long it took each time until an append succeeded
}

// checkpointBytes is small, so that logs are trimmed while the faults go on.
const checkpointBytes = "65536"

func newStage(t *testing.T, count int, network *servers.Network) *stage {
	t.Helper()
	if testing.Short() {
		t.Skip("runs real processes for seconds, which -short does without")
	}
	program, err := binary()
	ok(t, err)
	cluster, err := servers.New(servers.Options{
		Dir: t.TempDir(), Count: count, Binary: program, Network: network,
		Args: []string{"--checkpoint-bytes", checkpointBytes, "--reserve", "0"},
	})
	ok(t, err)
	s := &stage{t: t, cluster: cluster, network: network, history: NewHistory(), seed: seed(t)}
	t.Cleanup(s.close)
	ok(t, cluster.StartAll())
	_, err = cluster.WaitLeader(s.bounded())
	ok(t, err)
	return s
}

// newPartedStage is a stage whose servers can be parted.
func newPartedStage(t *testing.T, count int) *stage {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if testing.Short() {
		t.Skip("runs real processes for seconds, which -short does without")
	}
	network, err := servers.NewNetwork(count)
	ok(t, err)
	t.Cleanup(network.Close)
	return newStage(t, count, network)
}

// close ends the servers, and shows what they said if the test failed.
func (s *stage) close() {
	s.cluster.Close()
	for i := 1; i <= s.cluster.Count(); i++ {
		if text, err := os.ReadFile(s.cluster.LogPath(i)); err == nil && bytes.Contains(text, []byte("DATA RACE")) {
			s.t.Errorf("server %d has a data race:\n%.10000s", i, text)
		}
	}
	for i := 1; s.t.Failed() && i <= s.cluster.Count(); i++ {
		out, _ := exec.Command("tail", "-n", "30", s.cluster.LogPath(i)).CombinedOutput()
		s.t.Logf("the log of server %d:\n%s", i, out)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func seed(t *testing.T) uint64 {
	text := os.Getenv(envSeed)
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	ok(t, err)
	return n
}

// duration is how long a scenario's faults go on.
func duration(t *testing.T) time.Duration {
	text := os.Getenv(envDuration)
	if text == "" {
		return 5 * time.Second
	}
	d, err := time.ParseDuration(text)
	ok(t, err)
	return d
}

// patience is how long something may take that takes a moment where the machine has nothing else to do.
const patience = 2 * time.Minute

// bounded is a context for what should take no time.
func (s *stage) bounded() context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	s.t.Cleanup(cancel)
	return ctx
}

func (s *stage) random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, stream)) }

// finish reads the final list when all is well again, and judges the history.
func (s *stage) finish() []int64 {
	s.t.Helper()
	ok(s.t, s.cluster.Check())
	final := s.readFinal()
	began := time.Now()
	err := Check(s.history.Ops(), final, 2*time.Minute)
	s.t.Logf("%v; %d entries; checked in %v; %s", s.history.Count(), len(final), time.Since(began).Round(time.Millisecond), s.availability())
	if err := errors.Join(err, Audit(s.history, final)); err != nil {
		s.t.Fatal(err)
	}
	return final
}

func (s *stage) availability() string {
	if len(s.healings) == 0 {
		return "always a majority"
	}
	longest, sum := time.Duration(0), time.Duration(0)
	for _, d := range s.healings {
		longest, sum = max(longest, d), sum+d
	}
	return fmt.Sprintf("%d times healed, then unavailable for %v on average, %v at most",
		len(s.healings), (sum / time.Duration(len(s.healings))).Round(time.Millisecond), longest.Round(time.Millisecond))
}

// readFinal reads the list at every server until all of them say the same, byte
// for byte; appends with an unknown outcome may still have been on their way.
func (s *stage) readFinal() (final []int64) {
	s.t.Helper()
	why := errors.New("nobody was asked")
	err := s.cluster.Wait(s.bounded(), "all servers to have one list", func() bool {
		final, why = s.sameLists()
		return why == nil
	})
	if err != nil {
		s.t.Fatalf("%v: %v", err, why)
	}
	return final
}

func (s *stage) sameLists() (values []int64, err error) {
	sums := make(map[[sha256.Size]byte]int)
	for i := 1; i <= s.cluster.Count(); i++ {
		var sum [sha256.Size]byte
		if values, sum, err = s.readList(i); err != nil {
			return nil, err
		}
		sums[sum]++
	}
	if len(sums) > 1 {
		return nil, fmt.Errorf("the servers have %d different lists", len(sums))
	}
	return values, nil
}

// readList reads the whole list of a server, and the hash of its text.
func (s *stage) readList(server int) (values []int64, sum [sha256.Size]byte, err error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cluster.URL(server, "/v1/list?format=ndjson"), nil)
	if err != nil {
		return nil, sum, err
	}
	answer, err := s.cluster.Client().Do(request)
	if err != nil {
		return nil, sum, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, sum, fmt.Errorf("read the list of server %d: %s", server, answer.Status)
	}
	hash := sha256.New()
	lines := bufio.NewScanner(io.TeeReader(answer.Body, hash))
	for lines.Scan() {
		v, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			return nil, sum, fmt.Errorf("the list of server %d: %w", server, err)
		}
		values = append(values, v)
	}
	return values, [sha256.Size]byte(hash.Sum(nil)), lines.Err()
}
