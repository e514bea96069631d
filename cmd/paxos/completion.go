package main

import "github.com/spf13/cobra"

// flagWords are the words that some flags take, wherever they stand.
var flagWords = map[string][]string{
	"log-level": {"trace", "debug", "info", "warn", "error", "off"},
	"votes":     {"adopt", "drop"},
}

// completeWords has the shell offer what a command and its flags take, in place of the
// names of files, for a command and those below it.
func completeWords(cmd *cobra.Command) {
	if cmd.ValidArgsFunction == nil && cmd.ValidateArgs(nil) == nil && cmd.ValidateArgs([]string{"x"}) != nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions // it takes none
	}
	for flag, words := range flagWords {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	for _, c := range cmd.Commands() {
		completeWords(c)
	}
}
