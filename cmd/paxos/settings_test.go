package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"

	"paxos/protocol"
)

const testConfig = `
clients   239.255.7.1 5000
proposers 239.255.7.1 6000
acceptors 239.255.7.1 7000
learners  239.255.7.1 8000
`

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// resolved is what a role makes of flags.
func resolved(t *testing.T, role protocol.Role, args ...string) settings {
	t.Helper()
	var f roleFlags
	cmd := &cobra.Command{Use: role.String()}
	f.register(cmd, role)
	if err := cmd.ParseFlags(append(args, "--id", "1")); err != nil {
		t.Fatal(err)
	}
	s, err := f.resolve(cmd, role)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAFlagGoesBeforeTheEnvironmentBeforeTheConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.conf")
	for _, c := range []struct {
		name, config, env, flag, want string
	}{
		{name: "nothing"},
		{name: "config", config: "by-config", want: "by-config"},
		{name: "environment", config: "by-config", env: "by-env", want: "by-env"},
		{name: "flag", config: "by-config", env: "by-env", flag: "by-flag", want: "by-flag"},
		{name: "flag alone", flag: "by-flag", want: "by-flag"},
	} {
		text, args := testConfig, []string{"--config", path}
		if c.config != "" {
			text += "interface " + c.config + "\ncluster " + c.config + "\n"
		}
		if c.flag != "" {
			args = append(args, "--interface", c.flag, "--cluster", c.flag)
		}
		writeFile(t, path, text)
		t.Setenv(envInterface, c.env)
		t.Setenv(envCluster, c.env)
		s := resolved(t, protocol.RoleAcceptor, args...)
		if s.config.Interface != c.want || s.config.Cluster != c.want {
			t.Errorf("%s: interface %q, cluster %q; want %q", c.name, s.config.Interface, s.config.Cluster, c.want)
		}
	}
}

func TestTheLogLevelComesFromFlagEnvironmentOrDefault(t *testing.T) {
	if s := resolved(t, protocol.RoleAcceptor); !s.log.IsInfo() || s.log.IsDebug() {
		t.Error("the default is not info")
	}
	t.Setenv(envLogLevel, "debug")
	if s := resolved(t, protocol.RoleAcceptor); !s.log.IsDebug() || s.log.IsTrace() {
		t.Error("the environment does not count")
	}
	if s := resolved(t, protocol.RoleAcceptor, "--log-level", "error"); s.log.IsWarn() {
		t.Error("the flag does not go before the environment")
	}
}

func TestTheStoreIsNextToTheConfigFileUnlessSaidOtherwise(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c.conf")
	writeFile(t, path, testConfig)
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "paxos-data/learner-1"},
		{[]string{"--config", path}, dir + "/paxos-data/learner-1"},
		{[]string{"--config", path, "--data-dir", "/elsewhere"}, "/elsewhere"},
	} {
		if s := resolved(t, protocol.RoleLearner, c.args...); s.dataDir != c.want {
			t.Errorf("%v: store in %s, want %s", c.args, s.dataDir, c.want)
		}
	}
}

func TestRunsOfAnUnnamedClusterAreToldApartAndOfANamedOneAreNot(t *testing.T) {
	a, b := resolved(t, protocol.RoleAcceptor, "--run-key", "a"), resolved(t, protocol.RoleAcceptor, "--run-key", "b")
	if a.cluster == b.cluster {
		t.Error("two runs are one cluster")
	}
	a = resolved(t, protocol.RoleAcceptor, "--run-key", "a", "--cluster", "c")
	b = resolved(t, protocol.RoleAcceptor, "--run-key", "b", "--cluster", "c")
	if a.cluster != b.cluster {
		t.Error("a cluster with a name is two")
	}
}

func TestWithoutAConfigFileTheUsualGroupsCount(t *testing.T) {
	s := resolved(t, protocol.RoleClient)
	if got := s.config.Groups[protocol.GroupAcceptors].String(); got != "239.0.0.1:7000" {
		t.Errorf("acceptors meet at %s", got)
	}
	if s.quorum.Size() != 3 {
		t.Errorf("%d acceptors, want 3", s.quorum.Size())
	}
}
