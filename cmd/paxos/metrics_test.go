package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/internal/servers"
	"paxos/protocol"
)

// scraper asks real processes for their metrics.
type scraper struct {
	t      *testing.T
	client http.Client
}

func newScraper(t *testing.T) *scraper {
	return &scraper{t, http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}}
}

// listening finds the address in what a process logged.
func (s *scraper) listening(log func() string) string {
	s.t.Helper()
	var address string
	waitOutput(s.t, "a process to say where its metrics are", func() bool {
		if m := servingMetrics.FindStringSubmatch(log()); m != nil {
			address = m[1]
		}
		return address != ""
	})
	return address
}

// servingMetrics is the line in a text log and in JSON.
var servingMetrics = regexp.MustCompile(`serving metrics(?:: |"[^\n]*"listen":")(?:listen=)?(127\.0\.0\.1:\d+)|"listen":"(127\.0\.0\.1:\d+)"[^\n]*serving metrics`)

func (s *scraper) get(url string) (status int, text string) {
	s.t.Helper()
	answer, err := s.client.Get(url)
	ok(s.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ok(s.t, err)
	return answer.StatusCode, string(body)
}

// scrape asks until the process has opened its store, and returns the page.
func (s *scraper) scrape(url string) (page string) {
	s.t.Helper()
	waitOutput(s.t, "metrics at "+url, func() bool {
		status, text := s.get(url)
		page = "\n" + text
		return status == http.StatusOK && strings.Contains(page, "\npaxos_node_info{")
	})
	return page
}

// figure is what a metric without labels is, or one with exactly these; -1 if it is not there.
func figure(page, series string) float64 {
	_, rest, found := strings.Cut(page, "\n"+series+" ")
	if !found {
		return -1
	}
	var v float64
	if _, err := fmt.Sscan(rest, &v); err != nil {
		return -1
	}
	return v
}

var typeLine = regexp.MustCompile(`(?m)^# TYPE (\w+) (\w+)$`)

// exported are the names of a page's metrics, and what kind each is.
func exported(page string) map[string]string {
	names := make(map[string]string)
	for _, m := range typeLine.FindAllStringSubmatch(page, -1) {
		names[m[1]] = m[2]
	}
	return names
}

// documented are the metrics that the manual says a role has, by the role's letter.
func documented(t *testing.T) map[string]map[string]string {
	t.Helper()
	_, tables, found := strings.Cut(readFile(t, "../../docs/operations.md"), "\n## All metrics\n")
	if !found {
		t.Fatal("docs/operations.md has no tables of metrics")
	}
	roles := make(map[string]map[string]string)
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| ([APLSC]+) \\|").FindAllStringSubmatch(tables, -1) {
		for _, letter := range strings.Split(m[3], "") {
			if roles[letter] == nil {
				roles[letter] = make(map[string]string)
			}
			if roles[letter][m[1]] != "" {
				t.Errorf("docs/operations.md has %s twice", m[1])
			}
			roles[letter][m[1]] = m[2]
		}
	}
	return roles
}

// asDocumented checks that a role exports what the manual says, and nothing else.
func asDocumented(t *testing.T, role, page string, want map[string]string) {
	t.Helper()
	got := exported(page)
	maps.DeleteFunc(got, func(name, _ string) bool { return !strings.HasPrefix(name, "paxos_") })
	for name, kind := range got {
		if want[name] != kind {
			t.Errorf("%s exports the %s %s; docs/operations.md says %q", role, kind, name, want[name])
		}
	}
	for name := range want {
		if got[name] == "" {
			t.Errorf("docs/operations.md says that %s exports %s", role, name)
		}
	}
}

// Real processes of every role: they export what the manual says of them, the figures
// move with what happens, and the alarms and the dashboard ask for nothing else.
func TestMetricsOfEveryRoleAreThoseOfTheManual(t *testing.T) {
	t.Setenv(envMetrics, "0")
	s, manual := newScraper(t), documented(t)
	all := make(map[string]string)
	for _, part := range []map[string]string{s.roles(manual), s.servers(manual)} {
		maps.Copy(all, part)
	}
	if t.Failed() {
		return
	}
	askedFor(t, all)
}

// roles runs a cluster of the multicast roles, and returns what it exports.
func (s *scraper) roles(manual map[string]map[string]string) map[string]string {
	r := start(s.t)
	values, client := s.slowClient(r)
	if _, err := io.WriteString(values, numbers(1, 500)); err != nil {
		s.t.Fatal(err)
	}
	r.printed(1, 500)
	pages := map[string]string{"C": s.waitFor(client, "paxos_client_acknowledged_total 500")}
	for letter, role := range map[string]protocol.Role{"A": protocol.RoleAcceptor, "P": protocol.RoleProposer, "L": protocol.RoleLearner} {
		at := s.listening(func() string { return readFile(s.t, r.LogPath(role, 1)) })
		pages[letter] = s.waitFor("http://"+at, "paxos_list_length 500")
		if status, text := s.get("http://" + at + "/healthz"); status != http.StatusOK || text != "ok\n" {
			s.t.Errorf("healthz of %s: %d %q", role, status, text)
		}
	}
	ok(s.t, values.Close())
	all := make(map[string]string)
	for letter, page := range pages {
		asDocumented(s.t, letter, page, manual[letter])
		maps.Copy(all, exported(page))
	}
	s.rolesHaveMoved(pages)
	return all
}

// rolesHaveMoved checks figures that 500 values must have moved.
func (s *scraper) rolesHaveMoved(pages map[string]string) {
	for _, c := range []struct {
		role, series string
		least        float64
	}{
		{"A", "paxos_log_sync_seconds_count", 2}, {"A", "paxos_votes_total", 1}, {"A", "paxos_log_commit_records_sum", 2},
		{"A", "paxos_leader_changes_total", 1}, {"A", "paxos_network_received_messages_total", 5}, {"A", "paxos_disk_free_bytes", 1},
		{"P", "paxos_leaderships_total", 1}, {"P", "paxos_commit_seconds_count", 1}, {"P", "paxos_proposed_commands_total", 500},
		{"L", "paxos_output_entries", 500}, {"L", "paxos_value_commands_sum", 500}, {"C", "paxos_client_acknowledge_seconds_count", 1},
	} {
		if got := figure(pages[c.role], c.series); got < c.least {
			s.t.Errorf("%s of %s is %v, want at least %v", c.series, c.role, got, c.least)
		}
	}
}

// waitFor scrapes until a page has a line.
func (s *scraper) waitFor(url, line string) (page string) {
	s.t.Helper()
	waitOutput(s.t, line+" at "+url, func() bool {
		page = s.scrape(url + "/metrics")
		return strings.Contains(page, "\n"+line+"\n")
	})
	return page
}

// slowClient is a client whose input stays open, and where its metrics are.
func (s *scraper) slowClient(r running) (values io.WriteCloser, url string) {
	cmd := r.command("client", "--id", "9")
	log := new(shared)
	cmd.Stderr = log
	values, err := cmd.StdinPipe()
	ok(s.t, err)
	ok(s.t, cmd.Start())
	s.t.Cleanup(func() { _ = values.Close(); _ = cmd.Wait() })
	return values, "http://" + s.listening(log.String)
}

// shared is a log that is written and read at the same time.
type shared struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// servers runs list servers, and returns what they export: with --metrics, and at
// their own port. Then the leader is killed, which the others count.
func (s *scraper) servers(manual map[string]map[string]string) map[string]string {
	c := serve(s.t, servers.Options{})
	c.paxos("append", c.File(), "--quiet", "7")
	leader, err := c.WaitLeader(c.ctx)
	ok(s.t, err)
	other := leader%c.Count() + 1
	url := "http://" + s.listening(func() string { return readFile(s.t, c.LogPath(other)) })
	page := s.waitFor(url, "paxos_list_length 1")
	asDocumented(s.t, "S", page, manual["S"])
	status, own := s.get(c.URL(other, "/metrics"))
	if status != http.StatusOK || !maps.Equal(exported(own), exported(page)) {
		s.t.Errorf("its own port: %d, and other metrics", status)
	}
	before := figure(page, "paxos_leader_changes_total")
	ok(s.t, c.Kill(leader))
	c.led()
	waitOutput(s.t, "the new leader is counted", func() bool {
		page = s.scrape(url + "/metrics")
		return figure(page, "paxos_leader_changes_total") > before && figure(page, "paxos_leader_id") != float64(leader)
	})
	return exported(page)
}

// asked are the names of the metrics in an expression of PromQL.
func asked(expr string) (names []string) {
	expr = regexp.MustCompile(`"[^"]*"`).ReplaceAllString(expr, "")
	expr = regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)`).ReplaceAllString(expr, "")
	for _, m := range regexp.MustCompile(`[a-zA-Z_:][\w:]*\s*\(?`).FindAllString(expr, -1) {
		switch m = strings.TrimSpace(m); {
		case strings.HasSuffix(m, "("), slices.Contains([]string{"and", "or", "unless", "bool", "e9"}, m):
		default:
			names = append(names, m)
		}
	}
	return names
}

func TestTheNamesInAnExpressionAreFound(t *testing.T) {
	for expr, want := range map[string]string{
		`histogram_quantile(0.99, sum by (job, le) (rate(a_bucket{x=~"b|c"}[5m]))) > 0.5`: "a_bucket",
		`a >= 0 and b < 2e9 or rate(c_total[1h]) > 0.8 * d{e="f_g"}`:                      "a b c_total d",
		`count by (job) (count by (job, version) (a_info)) > 1`:                           "a_info",
	} {
		if got := strings.Join(asked(expr), " "); got != want {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// askedFor checks the alarms, the dashboard and the prose.
func askedFor(t *testing.T, all map[string]string) {
	for _, x := range slices.Concat(alarms(t), panels(t)) {
		names := asked(x.expr)
		if len(names) == 0 || strings.Count(x.expr, "(") != strings.Count(x.expr, ")") {
			t.Errorf("%s: %s: no expression", x.where, x.expr)
		}
		for _, name := range names {
			if !isExported(all, name) {
				t.Errorf("%s asks for %s, which nobody exports", x.where, name)
			}
		}
	}
	for _, name := range regexp.MustCompile("`((?:paxos|go|process)_\\w*\\w)`").FindAllStringSubmatch(readFile(t, "../../docs/operations.md"), -1) {
		if !isExported(all, name[1]) {
			t.Errorf("docs/operations.md names %s, which nobody exports", name[1])
		}
	}
}

// isExported reports whether a name is that of a metric, or of a part of a histogram.
func isExported(all map[string]string, name string) bool {
	if all[name] != "" {
		return all[name] != "histogram" || !strings.HasSuffix(name, "_bucket")
	}
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if base, found := strings.CutSuffix(name, part); found && all[base] == "histogram" {
			return true
		}
	}
	return false
}

// expression is one of PromQL, and where it stands.
type expression struct{ where, expr string }

// alarms are those of the file, in which each rule has all that it needs, and of which
// each is in the manual.
func alarms(t *testing.T) (all []expression) {
	text, manual := readFile(t, "../../docs/operations/alerts.yaml"), readFile(t, "../../docs/operations.md")
	rules := strings.Split(text, "\n      - alert: ")[1:]
	for _, rule := range rules {
		name, rest, _ := strings.Cut(rule, "\n")
		m := regexp.MustCompile(`^        expr: (.+)\n(        for: \d+[smhd]\n)?        labels: \{severity: (page|ticket)\}\n        annotations: \{summary: "[^"\n]+"\}\n?$`).FindStringSubmatch(rest)
		if m == nil {
			t.Fatalf("docs/operations/alerts.yaml: %s is no rule:\n%s", name, rest)
		}
		if !strings.Contains(manual, "`"+name+"`") {
			t.Errorf("docs/operations.md does not say why there is %s", name)
		}
		all = append(all, expression{name, m[1]})
	}
	if len(all) < 20 {
		t.Errorf("%d alarms", len(all))
	}
	for _, m := range regexp.MustCompile("`(Paxos[A-Z]\\w+)`").FindAllStringSubmatch(manual, -1) {
		if !slices.ContainsFunc(all, func(x expression) bool { return x.where == m[1] }) {
			t.Errorf("docs/operations.md has %s, which is no rule", m[1])
		}
	}
	return all
}

// panels are those of the dashboard.
func panels(t *testing.T) (all []expression) {
	var board struct {
		Panels []struct {
			Title, Type string
			Targets     []struct{ Expr string }
		}
	}
	text, err := os.ReadFile("../../docs/operations/grafana.json")
	ok(t, err)
	ok(t, json.Unmarshal(text, &board))
	for _, p := range board.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("the panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			all = append(all, expression{p.Title, target.Expr})
		}
	}
	if len(all) < 30 {
		t.Errorf("%d expressions in the dashboard", len(all))
	}
	return all
}

func TestAnAddressOfMetricsThatIsTakenEndsTheStart(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "good.conf", testConfig)
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	defer holder.Close()
	writeFile(t, "servers", "127.0.0.1:1\n")
	for _, args := range []string{
		"acceptor --id 1 --config good.conf --interface lo --init --metrics", "client --id 1 --config good.conf --interface lo --metrics",
		"server --cluster servers --init --metrics",
	} {
		code, _, stderr := call(t, "", append(strings.Fields(args), holder.Addr().String())...)
		if code != exitUsage || !strings.Contains(stderr, "--metrics") || !strings.Contains(stderr, "another process listens there") {
			t.Errorf("paxos %s: exit code %d, stderr %q", args, code, stderr)
		}
	}
	if _, err := os.Stat("paxos-data"); err == nil {
		t.Error("something was started")
	}
}

func TestTheAddressOfMetricsComesFromFlagOrEnvironment(t *testing.T) {
	if m := resolved(t, protocol.RoleLearner).monitoring; m.address != "" {
		t.Errorf("by itself it listens on %q", m.address)
	}
	t.Setenv(envMetrics, "9100")
	if m := resolved(t, protocol.RoleLearner).monitoring; m.address != "127.0.0.1:9100" || m.pprof {
		t.Errorf("environment: %+v", m)
	}
	if m := resolved(t, protocol.RoleLearner, "--metrics", "n1:7", "--pprof").monitoring; m.address != "n1:7" || !m.pprof {
		t.Errorf("flag: %+v", m)
	}
	if m := resolved(t, protocol.RoleLearner, "--metrics", "").monitoring; m.address != "" {
		t.Errorf("an empty flag, which switches it off: %+v", m)
	}
}
