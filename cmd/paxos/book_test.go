package main

import (
	"regexp"
	"strings"
	"testing"

	"paxos/internal/doctest"
)

// Every flag of every command is told in the book. docs/cli.md has every command, and no flag that there is not.
func TestTheBookHasEveryFlag(t *testing.T) {
	pages, err := doctest.Pages("../..")
	if err != nil {
		t.Fatal(err)
	}
	book, cli, cliText := make(map[string]bool), make(map[string]bool), ""
	for _, p := range pages {
		if p.Name() == "cli.md" {
			cliText = strings.Join(p.Lines, "\n")
		}
		for _, name := range flagName.FindAllString(strings.Join(p.Lines, "\n"), -1) {
			book[name] = true
			if p.Name() == "cli.md" {
				cli[name] = true
			}
		}
	}
	there := map[string]bool{"--help": true}
	for _, cmd := range newRoot().Commands() {
		if !strings.Contains(cliText, "`"+cmd.CommandPath()) && !strings.Contains(cliText, "\n"+cmd.CommandPath()) {
			t.Errorf("docs/cli.md does not tell of %s", cmd.CommandPath())
		}
	}
	for _, cmd := range allCommands(newRoot()) {
		for line := range strings.Lines(cmd.LocalFlags().FlagUsages()) {
			name := flagName.FindString(line)
			if there[name] = true; name != "" && !book[name] {
				t.Errorf("no page tells of %s %s", cmd.CommandPath(), name)
			}
		}
	}
	for name := range cli {
		if !there[name] {
			t.Errorf("docs/cli.md tells of %s, which no command has", name)
		}
	}
}

var flagName = regexp.MustCompile(`--[a-z][a-z0-9-]+`)
