package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestTheVersionNamesTheCommit(t *testing.T) {
	info := &debug.BuildInfo{
		Main:     debug.Module{Version: "v0.0.0-2026"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"}},
	}
	for _, c := range []struct {
		version string
		info    *debug.BuildInfo
		want    []string
	}{
		{"v1.2.3", info, []string{"paxos v1.2.3 (", ", commit 0123456789ab with changes)"}},
		{"", info, []string{"paxos v0.0.0-2026 ("}},
		{"", nil, []string{"paxos (devel) (go1."}},
	} {
		line := versionLine(c.version, c.info)
		for _, want := range c.want {
			if !strings.Contains(line, want) {
				t.Errorf("%q lacks %q", line, want)
			}
		}
	}
	if code, stdout, _ := call(t, "", "version"); code != exitOK || !strings.HasPrefix(stdout, "paxos ") {
		t.Errorf("exit code %d, stdout %q", code, stdout)
	}
}
