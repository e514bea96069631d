package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestTheShellOffersWordsNotFilesWhereWordsAreWanted(t *testing.T) {
	for args, want := range map[string]string{
		"keygen":                      "",
		"server":                      "",
		"acceptor --id 1 --log-level": "debug",
		"server --log-level":          "debug",
		"start-servers --log-level":   "debug",
		"maelstrom --log-level":       "debug",
		"repair new-cluster --votes":  "drop",
	} {
		root := newRoot()
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetErr(new(bytes.Buffer))
		root.SetArgs(append(append([]string{"__complete"}, strings.Fields(args)...), ""))
		if err := root.Execute(); err != nil || !strings.Contains(out.String(), want) || !strings.Contains(out.String(), ":4\n") {
			t.Errorf("%s: %v, want %q and no files:\n%s", args, err, want, &out)
		}
	}
}
