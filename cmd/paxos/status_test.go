package main

import (
	"strings"
	"testing"

	"paxos/server/listclient"
)

// The columns of a server stand below their heads, whoever above it does not answer.
func TestASilentServerDoesNotShiftTheColumns(t *testing.T) {
	v := clusterView{Servers: []serverView{
		{ID: 1, Address: "127.0.0.1:5001", Error: "it took too long, much longer than the columns are wide"},
		{ID: 2, Address: "127.0.0.1:5002", Status: &listclient.Status{ID: 2, Leads: true, Leader: 2, Length: 1234567}},
	}}
	var out strings.Builder
	if err := v.write(&out, false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if at := strings.Index(lines[0], "LENGTH"); !strings.HasPrefix(lines[2][at:], "1,234,567 ") {
		t.Errorf("the length is not below its head:\n%s", out.String())
	}
}
