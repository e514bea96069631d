package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"paxos/internal/doctest"
)

// Every example in a --help has a command, flags and arguments that there are.
func TestEveryExampleInTheHelpIsOneThatIsUnderstood(t *testing.T) {
	seen := 0
	for _, cmd := range allCommands(newRoot()) {
		seen += understand(t, cmd.CommandPath()+" --help", cmd.Example)
	}
	if seen < 40 {
		t.Errorf("only %d examples were found", seen)
	}
}

// So has every command in the README and the pages of docs, also those that no test runs.
func TestEveryCommandInTheBookIsOneThatIsUnderstood(t *testing.T) {
	pages, err := doctest.Pages("../..")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, p := range pages {
		for _, b := range p.Blocks {
			if b.Shell() {
				seen += understand(t, fmt.Sprintf("%s:%d", p.Path, b.Line), b.Commands())
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d commands were found", seen)
	}
}

func allCommands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		all = append(all, allCommands(c)...)
	}
	return all
}

// callInLine is a call of paxos where the shell looks for a command, up to what ends it.
var callInLine = regexp.MustCompile(`(?:^|[|&;(]|\b(?:do|then|until|while|if|sudo|exec|nice|go run)\b)\s*` +
	`(?:\w+=\S* +)*[\w./]*\bpaxos +((?:'[^']*'|"[^"]*"|[^|&;<>()\n'"])+)`)

// numberedStream is what stands before a file that gets stderr.
var numberedStream = regexp.MustCompile(`\b2>`)

// understand parses the calls of paxos in a text for the shell, and returns how many there are.
func understand(t *testing.T, where, text string) (calls int) {
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		line = numberedStream.ReplaceAllString(line, ">")
		for _, m := range callInLine.FindAllStringSubmatch(line, -1) {
			args := words(m[1])
			if err := parseCall(args); err != nil {
				t.Errorf("%s: paxos %s: %v", where, strings.Join(args, " "), err)
			}
			calls++
		}
	}
	return calls
}

// parseCall is what cobra does before it runs a command.
func parseCall(args []string) error {
	cmd, rest, err := newRoot().Find(negativeValue(args))
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if help, err := cmd.Flags().GetBool("help"); err == nil && help {
		return nil
	}
	if err := cmd.ValidateRequiredFlags(); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

var word = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)

// words are the words of a command as the shell would make them; a variable is a 1.
func words(command string) []string {
	list := word.FindAllString(command, -1)
	for i := range list {
		list[i] = variable.ReplaceAllString(strings.NewReplacer("'", "", `"`, "").Replace(list[i]), "1")
	}
	return list
}

var variable = regexp.MustCompile(`\$\w+`)

func TestACommandWithAWrongFlagIsNotUnderstood(t *testing.T) {
	for _, args := range []string{"acceptor --id 1 --colour blue", "acceptor --id x", "acceptor", "accepters", "append servers", "bench --rounds many"} {
		if parseCall(words(args)) == nil {
			t.Errorf("paxos %s is understood", args)
		}
	}
}
