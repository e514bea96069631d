package main

import (
	"bytes"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/server/listclient"
)

// What is told before and after a repair is true.

// The place of an address in the file is not the id of its member once the members changed.
func TestWhoDoesNotAnswerHasTheIDThatTheOthersKnow(t *testing.T) {
	members := []listclient.Member{{ID: 5, Address: "n1:1", Voter: true}, {ID: 8, Address: "n2:1", Voter: true}}
	v := clusterView{Servers: []serverView{
		{ID: 1, Address: "n1:1", Status: &listclient.Status{ID: 5, Members: members}},
		{ID: 2, Address: "n2:1", Error: "it sleeps"},
		{ID: 3, Address: "n3:1", Error: "it sleeps"},
	}}
	v.nameSilent()
	var out bytes.Buffer
	ok(t, v.write(&out, false))
	lines := strings.Split(out.String(), "\n")
	if !strings.HasPrefix(lines[2], "8 ") || !strings.HasPrefix(lines[3], "- ") {
		t.Errorf("%s", out.String())
	}
}

func TestAFolderThatIsNamedTwiceIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server-2")
	roleStore(t, dir, protocol.RoleServer, 2)
	code, _, stderr := call(t, "", "repair", "new-cluster", dir, dir+"/.", "--node", "127.0.0.1:1", "--dry-run")
	if code != exitUsage || !strings.Contains(stderr, "are one folder") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// Two servers would answer at one address, or the new one could not: say so before it is made.
func TestAnAddressWhereSomebodyListensIsRefused(t *testing.T) {
	from, dir := filepath.Join(t.TempDir(), "server-2"), filepath.Join(t.TempDir(), "new")
	roleStore(t, from, protocol.RoleServer, 2)
	file := filepath.Join(t.TempDir(), "list.backup")
	if code, _, stderr := call(t, "", "backup", from, file); code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	defer l.Close()
	for _, args := range [][]string{{"restore", file, dir, "--new-cluster"}, {"repair", "new-cluster", from}} {
		code, _, stderr := call(t, "", append(args, "--node", l.Addr().String(), "--dry-run")...)
		if code != exitFailed || !strings.Contains(stderr, "somebody listens at") {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
	code, stdout, stderr := call(t, "", "restore", file, dir, "--new-cluster", "--node", "127.0.0.1:1", "--dry-run")
	if code != exitOK || !strings.Contains(stdout, "put it into "+dir+"\n") {
		t.Errorf("exit code %d, %s: it tells of a store that is not there: %s", code, stderr, stdout)
	}
}
